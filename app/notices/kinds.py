"""The kinds of notices: whom they concern, and who gets them by mail unless told otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.models import NoticeKind


@dataclass(frozen=True)
class Kind:
    """What is true of every notice of a kind.

    `of_team`: it concerns the one team whose submission or quota it is about, and is told nobody
    else but the challenge's organizers. Other kinds are told everybody who takes part.
    """

    about: str
    of_team: bool = False
    by_mail: bool = True


KINDS: Mapping[NoticeKind, Kind] = {
    NoticeKind.SCORED: Kind("A submission of your team was scored.", of_team=True),
    NoticeKind.REJECTED: Kind("A submission of your team could not be scored.", of_team=True),
    NoticeKind.FAILED: Kind("Scoring a submission of your team failed.", of_team=True),
    # Off: teams that hand in at their limit every day would get a mail every day.
    NoticeKind.QUOTA_FREE: Kind(
        "Your team, which was at its limit, may submit again.", of_team=True, by_mail=False
    ),
    NoticeKind.PHASE_OPENS: Kind("A phase opens within a day; within an hour."),
    NoticeKind.PHASE_CLOSES: Kind("A phase closes within a day; within an hour."),
    NoticeKind.ANNOUNCEMENT: Kind("The organizers announce something."),
    NoticeKind.RANKING_CHANGED: Kind("A phase ranks in another way."),
    NoticeKind.RESCORED: Kind("The submissions of a phase were scored anew."),
    NoticeKind.PHASE_EXTENDED: Kind("A phase closes later than it was to."),
    NoticeKind.EXCEPTION_GRANTED: Kind(
        "The organizers gave your team more time, or more submissions.", of_team=True
    ),
    NoticeKind.ORGANIZERS_DECIDED: Kind(
        "The organizers let your team in or declined it, or disqualified or reinstated it or a "
        "submission of it, or made one a baseline.",
        of_team=True,
    ),
    NoticeKind.MERGE: Kind("A merge with your team was proposed or decided.", of_team=True),
}
"""What people choose of. A ping is of no kind that anybody chooses."""

OF_TEAM = frozenset(kind for kind, one in KINDS.items() if one.of_team)
