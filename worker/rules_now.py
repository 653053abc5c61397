"""Whether a phase still scores by the rules that something was computed under."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.models import Leaderboard, Phase
from app.phases.scoring import read_rules
from app.submissions.lifecycle import return_at_no_cost
from worker.parts import Parts
from worker.work import Work


class RulesChanged(Exception):
    """The phase scores by other rules by now: what was computed is of no use."""


def require_same_rules(session: Session, work: Work) -> None:
    """Hold the phase to its rules until the commit: who changes them holds its board's row.

    Raises
    ------
    RulesChanged
        If they are others already.
    """
    session.get(Leaderboard, work.phase_id, with_for_update=True, populate_existing=True)
    phase = session.get_one(Phase, work.phase_id, populate_existing=True)
    if read_rules(session, phase).digest != work.rules.digest:
        raise RulesChanged


def give_back(parts: Parts, work: Work, *, now: datetime) -> bool:
    """Put a submission back into the queue, and count the attempt as none; False if it is lost."""
    with parts.sessions() as session:
        returned = return_at_no_cost(session, work.submission_id, now=now, attempt=work.attempt)
        session.commit()
    return returned
