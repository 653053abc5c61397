"""Who looks at what: roles, and phases in each state with each choice of settings."""

from dataclasses import dataclass
from enum import StrEnum

ROLES = (
    "anybody", "stranger", "rival", "member", "captain", "organizer", "reader", "operator",
)  # fmt: skip
SEES_ALL = frozenset({"organizer", "reader", "operator"})
TEAM = frozenset({"member", "captain"})
TEAMS = TEAM | {"rival"}


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

    @property
    def revealed(self) -> bool:
        return self.private and self.state == "closed"


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
