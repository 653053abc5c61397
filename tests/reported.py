"""A phase with a board of four teams and a baseline, for tests of its report."""

from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import select, update

from app.models import (
    Participation,
    Phase,
    Team,
)
from tests import builders, bulk
from tests.api import Api
from tests.builders import Contest
from worker.parts import Parts
from worker.rank import rank_phase

NASTY = '<script>alert("a|b")</script> *x*'


@dataclass(frozen=True)
class Played:
    """A contest of four teams and a baseline, ranked after the first and after the last."""

    contest: Contest
    teams: list[str]
    submissions: list[str]
    first_snapshot: int

    @property
    def path(self) -> str:
        return f"/phases/{self.contest.phase}/report"


def play(api: Api, parts: Parts, **changes: Any) -> Played:
    """Write scores as rows: what a report tells of them does not hang on how they came about."""
    contest = builders.contest(api, parts.sessions, **changes)
    phase = UUID(contest.phase)
    rng = np.random.default_rng(5)
    means = np.array([0.9, 0.7, 0.5, 0.2])[:, None, None] * [[[1.0], [0.8]]]
    scores = means + 0.03 * rng.normal(size=(4, 2, 20))
    words = {"project_url": "https://example.org/a|b", "method_name": NASTY}
    with parts.sessions() as session:
        season = bulk.enter_teams(session, phase, 4)
        made = bulk.hand_in(session, season, scores[:1], **words)
        session.commit()
    rank_phase(parts, phase)
    first = board_of(contest)["snapshot"]
    with parts.sessions() as session:
        made += bulk.hand_in(session, season, scores[1:], teams=[1, 2, 3], **words)
        aside = {"is_baseline": True, "participation_id": None}
        bulk.hand_in(session, season, scores[2:3] - 0.1, **aside)
        names = session.scalars(
            select(Team.name)
            .join(Participation, Participation.team_id == Team.id)
            .where(Participation.id.in_(season.teams))
            .order_by(Participation.id)
        ).all()
        session.commit()
    rank_phase(parts, phase)
    return Played(contest, list(names), [str(one) for one in made], first)


def board_of(contest: Contest) -> dict[str, Any]:
    return dict(contest.host.api.ok("GET", f"/phases/{contest.phase}/leaderboard"))


def text_of(html: str) -> str:
    words: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            if self.lasttag != "style":
                words.append(data)

    Reader().feed(html)
    return " ".join(" ".join(words).split())


def set_phase(parts: Parts, phase: str, **values: object) -> None:
    with parts.sessions() as session:
        session.execute(update(Phase).where(Phase.id == UUID(phase)).values(**values))
        session.commit()
