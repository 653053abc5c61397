"""The rows. Import from here, so that every table is known whenever one is."""

from app.models.base import Base, new_id
from app.models.challenge import (
    Analysis,
    Challenge,
    ChallengeRole,
    Phase,
    Role,
    Scaling,
    Selection,
    TaskNames,
    TeamSees,
)
from app.models.evaluation import Evaluation, TaskScore
from app.models.leaderboard import SNAPSHOT_NUMBERS, Leaderboard, Snapshot
from app.models.submission import Status, Submission
from app.models.task import LabelSet, PhaseTask, ProbeKind, Task
from app.models.team import Participation, ParticipationMember, Team, TeamMember
from app.models.user import Scope, Token, User

__all__ = [
    "SNAPSHOT_NUMBERS",
    "Analysis",
    "Base",
    "Challenge",
    "ChallengeRole",
    "Evaluation",
    "LabelSet",
    "Leaderboard",
    "Participation",
    "ParticipationMember",
    "Phase",
    "PhaseTask",
    "ProbeKind",
    "Role",
    "Scaling",
    "Scope",
    "Selection",
    "Snapshot",
    "Status",
    "Submission",
    "Task",
    "TaskNames",
    "TaskScore",
    "Team",
    "TeamMember",
    "TeamSees",
    "Token",
    "User",
    "new_id",
]
