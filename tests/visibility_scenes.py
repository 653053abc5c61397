"""Who looks at what: roles, and phases in each state with each choice of settings."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.models import Phase, TaskNames, TeamSees
from app.phases.clock import PhaseState, state_of
from app.policy import Sight, Who, sight_of

ROLES = (
    "anybody", "stranger", "rival", "member", "captain", "organizer", "reader", "operator",
)  # fmt: skip
SEES_ALL = frozenset({"organizer", "reader", "operator"})
# Whose submissions are a person's own; a baseline is nobody's.
OWN = {"member": "captain's", "captain": "captain's", "rival": "rival's"}
TEAMS = frozenset(OWN)
TEAM = frozenset(role for role, of in OWN.items() if of == "captain's")

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
SOON = timedelta(days=1)
# A frozen board stands still since some time, and something came in after that.
FROZEN_AT, LATE = NOW - 2 * SOON, NOW - SOON
DECIMALS = 2


def who_is(role: str, of: str) -> Who:
    """Tell what somebody is to what is a team's, or nobody's."""
    if role in SEES_ALL:
        return Who.ROLE
    return Who.TEAM if OWN.get(role) == of else Who.OTHERS


def window(state: str, now: datetime) -> dict[str, datetime]:
    """Return the dates of a phase in a state."""
    match state:
        case "upcoming":
            return {"opens_at": now + SOON, "closes_at": now + 2 * SOON}
        case "closed":
            return {"opens_at": now - SOON, "closes_at": now - MOMENT}
    return {"opens_at": now - SOON, "closes_at": now + SOON}


@dataclass(frozen=True)
class Scene:
    """A phase in one state and with one choice of settings; `phase` has those that stay."""

    slug: str
    title: str
    phase: str
    state: str
    board: str = "visible"
    aggregate: bool = False
    private: bool = False
    of: str | None = None

    @property
    def as_phase(self) -> Phase:
        """A phase as the scene has it at NOW; a test holds the one that is played to it."""
        return Phase(
            **window(self.state, NOW),
            team_sees=TeamSees.AGGREGATE if self.aggregate else TeamSees.TASKS,
            board_visible=self.board != "hidden",
            board_frozen_at=FROZEN_AT if self.board == "frozen" else None,
            board_task_names=TaskNames.MASKED if self.aggregate else TaskNames.REAL,
            decimals=DECIMALS,
            private_sides="a digest" if self.private else None,
        )

    @property
    def clock(self) -> PhaseState:
        return state_of(self.as_phase, NOW)

    @property
    def asked_for(self) -> str:
        """Whose submission everybody asks for: before a phase opens there is no team's."""
        return self.of or ("nobody's" if self.state == "upcoming" else "captain's")

    def asking_for(self, of: str) -> "Scene":
        """The same, where somebody's submission is looked at that is named."""
        return replace(self, of=of)

    def sight(self, role: str) -> Sight:
        """Ask the policy what somebody sees."""
        return sight_of(who_is(role, self.asked_for), self.as_phase, NOW)


SCENES = (
    Scene("upcoming", "upcoming", "still-to-come", "upcoming"),
    Scene("open", "open", "plain", "open"),
    Scene("closed", "closed", "plain", "closed"),
    Scene("open-hidden", "open, board hidden", "plain", "open", "hidden"),
    Scene("closed-hidden", "closed, board hidden", "plain", "closed", "hidden"),
    Scene("open-frozen", "open, board frozen", "frozen", "open", "frozen"),
    Scene("closed-frozen", "closed, board frozen", "frozen", "closed", "frozen"),
    Scene(
        "open-aggregate",
        "open, teams see the aggregate, names masked",
        "aggregate",
        "open",
        aggregate=True,
    ),
    Scene("open-private", "open, private samples not revealed", "private", "open", private=True),
    Scene("revealed", "closed, private samples revealed", "revealed", "closed", private=True),
)


class How(StrEnum):
    """How much of a field is told; the text is the cell of the document."""

    WHOLE = "●"
    ROUNDED = "≈"
    NULL = "null"
    ABSENT = "—"
    EARLIER = "then"
    OWN = "own"
