"""Fifty teams hand in at the same moment, and one worker scores them all."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tests.e2e import contests
from tests.e2e.system import System

TEAMS = 50


def test_fifty_submissions_at_once_are_each_scored_once_and_ranked(system: System) -> None:
    contest = contests.short_contest(system)
    with ThreadPoolExecutor(4) as pool:
        people = list(pool.map(lambda _: contest.contestant(), range(TEAMS)))
    shares = [number / TEAMS for number in range(TEAMS)]
    files = [contests.short_embeddings(7, share) for share in shares]
    submissions = contest.submit_together(people, files)
    assert len(set(submissions)) == TEAMS

    board = contests.require_all_well(contest, submissions)

    teams = [entry["team"] for entry in board["entries"]]
    assert sorted(teams) == sorted(person.teams[0]["name"] for person in people)
    means = {entry["team"]: entry["mean_score"] for entry in board["entries"]}
    truths = [means[person.teams[0]["name"]] for person in people]
    # The more of the truth a team's embeddings carry, the better it does, but for a little luck.
    assert np.corrcoef(shares, truths)[0, 1] > 0.9
    # Rankings that were asked for together are done together: never more boards than changes.
    assert 1 <= contests.snapshots(contest) <= TEAMS
