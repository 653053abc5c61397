"""The rows. Import from here, so that every table is known whenever one is."""

from app.models.audit import ActorKind, AuditEntry
from app.models.base import Base, new_id
from app.models.challenge import (
    Analysis,
    Approval,
    Challenge,
    ChallengeRole,
    Phase,
    Role,
    Scaling,
    SelectBy,
    Selection,
    TaskNames,
    TeamSees,
    TieBreak,
    WinRateAgainst,
)
from app.models.disqualified import Disqualifiable
from app.models.evaluation import Evaluation, Part, TaskScore
from app.models.extension import PhaseExtension
from app.models.leaderboard import SNAPSHOT_NUMBERS, Leaderboard, RankingChange, Snapshot
from app.models.notice import (
    Announcement,
    Delivery,
    DeliveryStatus,
    Notice,
    NoticeKind,
    NoticePreference,
    SigningKey,
    Webhook,
)
from app.models.rescoring import ItemState, Rescoring, RescoringItem, RescoringState
from app.models.sketch import MatrixSketch
from app.models.submission import FailureCode, Status, Submission
from app.models.task import LabelSet, PhaseTask, ProbeKind, Task
from app.models.team import (
    MergeState,
    Participation,
    ParticipationMember,
    ParticipationState,
    Team,
    TeamMember,
    TeamMerge,
)
from app.models.user import Scope, Token, User

__all__ = [
    "SNAPSHOT_NUMBERS",
    "ActorKind",
    "Analysis",
    "Announcement",
    "Approval",
    "AuditEntry",
    "Base",
    "Challenge",
    "ChallengeRole",
    "Delivery",
    "DeliveryStatus",
    "Disqualifiable",
    "Evaluation",
    "FailureCode",
    "ItemState",
    "LabelSet",
    "Leaderboard",
    "MatrixSketch",
    "MergeState",
    "Notice",
    "NoticeKind",
    "NoticePreference",
    "Part",
    "Participation",
    "ParticipationMember",
    "ParticipationState",
    "Phase",
    "PhaseExtension",
    "PhaseTask",
    "ProbeKind",
    "RankingChange",
    "Rescoring",
    "RescoringItem",
    "RescoringState",
    "Role",
    "Scaling",
    "Scope",
    "SelectBy",
    "Selection",
    "SigningKey",
    "Snapshot",
    "Status",
    "Submission",
    "Task",
    "TaskNames",
    "TaskScore",
    "Team",
    "TeamMember",
    "TeamMerge",
    "TeamSees",
    "TieBreak",
    "Token",
    "User",
    "Webhook",
    "WinRateAgainst",
    "new_id",
]
