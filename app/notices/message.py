"""What a notice says: the same facts as a few lines of text, and as JSON.

No score is ever in a message. What a team may see of its scores is decided when it looks, by the
phase's rules and its team's standing of that moment; a mail cannot be taken back. So it says where
to look.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.clock import to_json_instant
from app.models import (
    Announcement,
    Challenge,
    Notice,
    NoticeKind,
    Participation,
    Phase,
    Submission,
    Team,
)


@dataclass(frozen=True)
class Subject:
    """The rows that a notice is about, read when it is delivered."""

    notice_id: UUID
    kind: NoticeKind
    at: datetime
    facts: Mapping[str, Any]
    public_url: str
    challenge: Challenge | None
    phase: Phase | None
    team: Team | None
    submission: Submission | None
    announcement: Announcement | None


@dataclass(frozen=True)
class Text:
    """A mail's words."""

    subject: str
    body: str


def read_subject(session: Session, notice_id: UUID, *, public_url: str) -> Subject:
    """Read what a notice is about."""
    notice = session.get_one(Notice, notice_id)
    of_participation = select(Participation.team_id).where(
        Participation.id == notice.participation_id
    )
    team_id = notice.team_id or session.scalars(of_participation).one_or_none()

    def of(row: type[Any], key: UUID | None) -> Any:
        return None if key is None else session.get_one(row, key)

    return Subject(
        notice_id=notice.id,
        kind=NoticeKind(notice.kind),
        at=notice.at,
        facts=notice.facts,
        public_url=public_url.rstrip("/"),
        challenge=of(Challenge, notice.challenge_id),
        phase=of(Phase, notice.phase_id),
        team=of(Team, team_id),
        submission=of(Submission, notice.submission_id),
        announcement=of(Announcement, notice.announcement_id),
    )


def text_of(subject: Subject) -> Text:
    """Say it to a person, in a few lines."""
    about = subject.team if subject.kind is NoticeKind.MERGE else subject.challenge
    assert about is not None  # noqa: S101 - a check of the table; narrows for mypy
    name = about.name if isinstance(about, Team) else about.title
    headline, lines = _WORDS[subject.kind](subject)
    links = [address for address in (_page(subject), _submission_address(subject)) if address]
    parts = [f"{name}: {headline}", *lines, "\n".join(links)]
    return Text(subject=f"[{name}] {headline}", body="\n\n".join(filter(None, parts)))


def document_of(subject: Subject, delivery_id: UUID) -> dict[str, Any]:
    """Say it to a program: the same members at each attempt, null where a kind has none."""
    return {
        "delivery": str(delivery_id),
        "notice": str(subject.notice_id),
        "kind": str(subject.kind),
        "at": to_json_instant(subject.at),
        "challenge": _challenge(subject),
        "phase": _phase(subject),
        "team": None if subject.team is None else {"name": subject.team.name},
        "submission": _submission(subject),
        "announcement": _announcement(subject),
        "reason": subject.facts.get("reason"),
        "extension": _extension(subject),
        "decision": subject.facts.get("decision"),
        "url": _page(subject),
    }


def _challenge(subject: Subject) -> dict[str, Any] | None:
    if subject.challenge is None:
        return None
    return {"slug": subject.challenge.slug, "title": subject.challenge.title}


def _phase(subject: Subject) -> dict[str, Any] | None:
    phase = subject.phase
    if phase is None:
        return None
    return {
        "id": str(phase.id),
        "slug": phase.slug,
        "title": phase.title,
        "opens_at": to_json_instant(phase.opens_at),
        "closes_at": to_json_instant(phase.closes_at),
    }


def _submission(subject: Subject) -> dict[str, Any] | None:
    if subject.submission is None:
        return None
    failure = {name: subject.facts.get(name) for name in ("code", "detail")}
    return {
        "id": str(subject.submission.id),
        "method_name": subject.submission.method_name,
        "failure": failure if failure["code"] else None,
        "url": _submission_address(subject),
    }


def _extension(subject: Subject) -> dict[str, Any] | None:
    if subject.kind not in (NoticeKind.PHASE_EXTENDED, NoticeKind.EXCEPTION_GRANTED):
        return None
    before, after = (
        None if told is None else to_json_instant(datetime.fromisoformat(told))
        for told in (subject.facts["closes_at_before"], subject.facts["closes_at"])
    )
    extra = subject.facts["extra_submissions"]
    return {"closes_at_before": before, "closes_at": after, "extra_submissions": extra}


def _announcement(subject: Subject) -> dict[str, Any] | None:
    one = subject.announcement
    return None if one is None else {"id": str(one.id), "title": one.title, "body": one.body}


def _page(subject: Subject) -> str | None:
    """Return where to look: the phase's page, or the challenge's."""
    if subject.challenge is None:
        return None
    address = f"{subject.public_url}/{subject.challenge.slug}"
    return f"{address}/{subject.phase.slug}" if subject.phase is not None else address


def _submission_address(subject: Subject) -> str | None:
    if subject.submission is None:
        return None
    return f"{subject.public_url}/api/v1/submissions/{subject.submission.id}"


def _named(subject: Subject) -> tuple[str, str]:
    """Return the names of phase and method; a kind that has none does not ask for it."""
    phase = subject.phase.title if subject.phase else ""
    return phase, subject.submission.method_name if subject.submission else ""


def _scored(subject: Subject) -> tuple[str, list[str]]:
    phase, method = _named(subject)
    said = f"Your team's submission “{method}” to {phase} was scored. See what it got:"
    return f"“{method}” was scored", [said]


def _not_scored(subject: Subject) -> tuple[str, list[str]]:
    phase, method = _named(subject)
    verb = "was rejected" if subject.kind is NoticeKind.REJECTED else "failed"
    said = f"Your team's submission “{method}” to {phase} {verb} ({subject.facts.get('code')})."
    return f"“{method}” {verb}", [said, str(subject.facts.get("detail") or "")]


def _quota_free(subject: Subject) -> tuple[str, list[str]]:
    phase, _ = _named(subject)
    return f"your team may submit to {phase} again", [
        "Your team had used its submissions of 24 hours; the oldest does not count any more."
    ]


def _date(subject: Subject) -> tuple[str, list[str]]:
    phase, _ = _named(subject)
    verb = "opens" if subject.kind is NoticeKind.PHASE_OPENS else "closes"
    instant = datetime.fromisoformat(subject.facts["instant"])
    soon = "hour" if subject.facts["hours"] == 1 else "day"
    said = f"{phase} {verb} at {instant:%Y-%m-%d %H:%M:%S} UTC."
    if verb == "closes":
        said += " What counts is when the last byte of a file has come."
    return f"{phase} {verb} within {'an' if soon == 'hour' else 'a'} {soon}", [said]


def _announced(subject: Subject) -> tuple[str, list[str]]:
    one = subject.announcement
    return (one.title, [one.body]) if one is not None else ("", [])


def _changed(subject: Subject) -> tuple[str, list[str]]:
    phase, _ = _named(subject)
    act = subject.facts.get("act")
    if subject.kind is NoticeKind.RESCORED:
        headline = f"{phase} was re-scored"
    elif act is not None:
        headline = f"the board of {phase} {_ACTS[act]}"
    else:
        headline = f"{phase} ranks in another way"
    return headline, [f"The organizers' reason: {subject.facts.get('reason')}"]


_ACTS = {
    "shown": "is public now",
    "hidden": "is hidden",
    "frozen": "stands still",
    "revealed": "is revealed",
}


def _extended(subject: Subject) -> tuple[str, list[str]]:
    phase, _ = _named(subject)
    reason = f"The organizers' reason: {subject.facts['reason']}"
    said = []
    if subject.facts["closes_at"] is not None:
        before, after = (
            f"{datetime.fromisoformat(subject.facts[name]):%Y-%m-%d %H:%M:%S} UTC"
            for name in ("closes_at_before", "closes_at")
        )
        said.append(f"{phase} closes at {after}, and not at {before}.")
    if subject.kind is NoticeKind.PHASE_EXTENDED:
        return f"{phase} closes later", [*said, reason]
    extra = subject.facts["extra_submissions"]
    if extra is not None:
        more = "one submission" if extra == 1 else f"{extra} submissions"
        said.append(f"Your team may hand in {more} more than the quota of {phase}.")
    return f"your team has more time or submissions in {phase}", [
        "This is for your team alone.", *said, reason
    ]  # fmt: skip


def _decided(subject: Subject) -> tuple[str, list[str]]:
    decision, reason = subject.facts["decision"], subject.facts.get("reason")
    _, method = _named(subject)
    what = f"your team's submission “{method}”" if method else "your team"
    verb = _DECISIONS.get(decision, f"was {decision}")
    return f"{what} {verb}", [] if reason is None else [f"The organizers' reason: {reason}"]


_DECISIONS = {"approved": "was let in", "promoted": "is a baseline, too"}


def _merge(subject: Subject) -> tuple[str, list[str]]:
    proposing, joining = subject.facts["team"], subject.facts["joining_team"]
    match subject.facts["decision"]:
        case "proposed":
            return f"{proposing} proposes to merge", [
                f"{joining} would become part of {proposing}. The captain of {joining} accepts or "
                "declines it."
            ]
        case "accepted":
            return f"{joining} is part of {proposing} now", [
                "Its members, and what it has handed in, are the team's."
            ]
        case decision:
            return f"the merge of {joining} into {proposing} was {decision}", []


_WORDS: Mapping[NoticeKind, Callable[[Subject], tuple[str, list[str]]]] = {
    NoticeKind.SCORED: _scored,
    NoticeKind.REJECTED: _not_scored,
    NoticeKind.FAILED: _not_scored,
    NoticeKind.QUOTA_FREE: _quota_free,
    NoticeKind.PHASE_OPENS: _date,
    NoticeKind.PHASE_CLOSES: _date,
    NoticeKind.ANNOUNCEMENT: _announced,
    NoticeKind.RANKING_CHANGED: _changed,
    NoticeKind.RESCORED: _changed,
    NoticeKind.PHASE_EXTENDED: _extended,
    NoticeKind.EXCEPTION_GRANTED: _extended,
    NoticeKind.ORGANIZERS_DECIDED: _decided,
    NoticeKind.MERGE: _merge,
}
