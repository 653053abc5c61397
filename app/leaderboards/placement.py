"""Where a submission stands, or would if it counted: one that is hidden, passed over or out.

Such a submission is on no board and moves nobody. Its team, and whoever runs the challenge, may
see how it compares: placed like a baseline against the board that they may see, without the entry
of its own team, since of a team one submission counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotOnBoard
from app.leaderboards.contenders import Contender, in_order, task_scores
from app.leaderboards.document import FORMATS
from app.leaderboards.inputs import read_back
from app.leaderboards.placing import place
from app.leaderboards.rules import BoardRules
from app.leaderboards.service import Shown
from app.models import Evaluation, Part, Snapshot, Submission
from app.submissions.split_scores import ScoreCache
from probeboard.ranking import RankingMethod


@dataclass(frozen=True)
class Placement:
    """The place of a submission on a snapshot of its phase's board.

    `counts` tells whether it is an entry of that board; if not, `ranks` are those it would have
    among the `n_others` entries of other teams. The official method comes first.
    """

    number: int
    sha256: str
    counts: bool
    n_others: int
    ranks: Mapping[RankingMethod, int]


def place_submission(session: Session, shown: Shown, submission: Submission) -> Placement:
    """Place a submission on the board that is shown.

    Raises
    ------
    NotOnBoard
        If it has no scores by which the snapshot could place it, or the snapshot does not tell
        what it was made from.
    """
    number, inputs = _snapshot(session, shown)
    own = _entries_of_team(session, submission, inputs)
    others = [
        one
        for one in inputs["contenders"]
        if not one["is_baseline"] and one["submission_id"] not in own
    ]
    read = read_back(session, {**inputs, "contenders": others})
    return Placement(
        number=number,
        sha256=shown.sha256,
        counts=str(submission.id) in own,
        n_others=len(others),
        ranks=_ranks(read.rules, read.pool, _contender(session, read.rules, submission)),
    )


def _snapshot(session: Session, shown: Shown) -> tuple[int, Mapping[str, Any]]:
    inputs = None
    if shown.number is not None:
        of_it = select(Snapshot.inputs).where(Snapshot.number == shown.number)
        inputs = session.scalars(of_it).one()
    if shown.number is None or inputs is None or inputs["format"] not in FORMATS:
        raise NotOnBoard("placement")
    return shown.number, inputs


def _entries_of_team(
    session: Session, submission: Submission, inputs: Mapping[str, Any]
) -> frozenset[str]:
    """Return which entries of the pool are of the submission's team: one, or none."""
    pool = {one["submission_id"] for one in inputs["contenders"] if not one["is_baseline"]}
    if submission.participation_id is None:
        return frozenset()
    of_team = select(Submission.id).where(
        Submission.participation_id == submission.participation_id,
        Submission.phase_id == submission.phase_id,
    )
    return frozenset(pool & {str(key) for key in session.scalars(of_team)})


def _contender(session: Session, rules: BoardRules, submission: Submission) -> Contender:
    """Read the submission's official scores in the tasks, and the part, that the board is of."""
    official = select(Evaluation.id).where(
        Evaluation.submission_id == submission.id, Evaluation.is_official
    )
    evaluation_id = session.scalars(official).one_or_none()
    if evaluation_id is None:
        raise NotOnBoard("placement")
    read = ScoreCache().read(session, [evaluation_id], part=rules.part or Part.PUBLIC)
    scores = read[evaluation_id]
    if any(task.task_id not in scores.splits for task in rules.tasks):
        raise NotOnBoard("placement")
    return Contender(
        submission_id=submission.id,
        evaluation_id=evaluation_id,
        team=None,
        method_name=submission.method_name,
        project_url=submission.project_url,
        paper_url=submission.paper_url,
        received_at=submission.received_at,
        n_submissions=1,
        is_baseline=submission.is_baseline,
        scores=scores,
    )


def _ranks(
    rules: BoardRules, pool: Sequence[Contender], mine: Contender
) -> dict[RankingMethod, int]:
    if not pool:
        return {rules.method: 1}
    pool = in_order(pool)
    placing = place(rules, pool, task_scores(rules, pool), task_scores(rules, [mine]))
    return {method: int(placing.baselines[method][0]) for method in placing.methods}
