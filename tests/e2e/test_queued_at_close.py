"""What was in time is evaluated, however late: the queue does not know that a phase has closed."""

from datetime import timedelta

from app.clock import to_json_instant, utc_now
from tests import builders
from tests.builders import Person
from tests.e2e import contests
from tests.e2e.contests import Contest
from tests.e2e.system import System, until
from tests.teamwork import code_of


def close_soon(contest: Contest) -> None:
    """Let the organizer close the phase in a moment, and wait until it has."""
    slug = contest.challenge["slug"]
    closes_at = to_json_instant(utc_now() + timedelta(seconds=2))
    bundle = contest.host.api.get(f"/challenges/{slug}/bundle").content
    files = builders.unzipped(bundle)
    old = contest.challenge["phases"][0]["closes_at"].encode().replace(b".000Z", b"Z")
    text = files["challenge.yaml"]
    assert old in text, text
    files["challenge.yaml"] = text.replace(old, closes_at.encode())
    contest.host.api.ok("PUT", f"/challenges/{slug}", files=builders.bundle_upload(files))
    path = f"/phases/{contest.phase}"
    until(lambda: contest.system.api.ok("GET", path)["state"] == "closed", "the phase has closed")


def late(by: Person, contest: Contest) -> str:
    return code_of(builders.submit(by, contest.phase, contests.short_embeddings(9)))


def test_what_is_queued_at_the_close_is_scored_and_ranked_after_it(system: System) -> None:
    contest = contests.short_contest(system)
    teams = [contest.contestant() for _ in range(3)]
    system.kill("worker")
    made = [
        contest.submit(team, contests.short_embeddings(number, 0.3 + 0.2 * number))
        for number, team in enumerate(teams[:2])
    ]
    close_soon(contest)
    assert late(teams[2], contest) == "phase-not-open"
    assert [contests.row(system, one).status for one in made] == ["queued", "queued"]

    system.start("worker")
    contests.wait_until_ended(system, made)
    board = until(
        lambda: (found := contest.board()) and len(found["entries"]) == 2 and found,
        "both stand on the board",
    )
    assert {entry["submission_id"] for entry in board["entries"]} == set(made)
    for team, one in zip(teams, made, strict=False):
        told = team.api.ok("GET", f"/submissions/{one}")
        assert (told["status"], told["standing"]) == ("scored", "counts")

    again = {"closes_at": builders.FUTURE.replace("2099", "2098"), "reason": "No worker ran."}
    contest.host.api.ok("POST", f"/phases/{contest.phase}/extensions", json=again)
    made.append(contest.submit(teams[2], contests.short_embeddings(2, 0.9)))
    contests.wait_until_ended(system, made)
    until(lambda: len(contest.board()["entries"]) == 3, "the third one is ranked as well")
