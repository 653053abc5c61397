"""Every way a caller can be wrong, as one tree. No class here knows an HTTP status.

A class's docstring is what `/problems/{code}` tells a puzzled caller: write it for that reader.

DomainError
├── NotFound                     it does not exist, or you may not know that it does
│   └── NotOnBoard               the board is there, and does not have it
├── Unauthenticated              we do not know who you are
│   └── WrongPassword
├── Forbidden                    we know who you are; you may not
│   ├── ScopeMissing             your token may not
│   ├── PhaseRequirementNotMet   first do what the phase asks for
│   ├── EmailDomainNotAllowed    the challenge is for people with other addresses
│   ├── ParticipationNotApproved an organizer has not let the team take part
│   └── TeamDisqualified         an organizer has taken the team out
├── Conflict                     the state of things forbids it now
│   ├── EmailTaken · NameTaken · SlugTaken
│   ├── AlreadyInTeam · AlreadyInChallenge
│   ├── CaptainMustHandOver      a team with members has a captain
│   ├── TeamsLocked              teams of a challenge stay as they are by now
│   ├── ProposalDecided          the proposal to merge is not open any more
│   ├── MergeExceedsQuota        both together have used more than one team may
│   ├── ParticipationForbids     the participation's state allows no such step
│   ├── ChangeNeedsRescoring     it would alter scores that exist
│   ├── PolicyChangeNeedsRecord  it would alter ranks that exist, and has to be recorded
│   ├── PlanOutdated             the challenge is not the one that the plan saw
│   ├── LabelsDiffer             phases score a task by different labels: no bundle says so
│   ├── NothingToRescore         no score that exists would change
│   ├── RescoringCannotChange    the bundle changes more than scores
│   ├── RescoringOpen            one set at a time
│   ├── RescoringNotReady        not everything is evaluated
│   ├── RescoringBlocked         something cannot be evaluated
│   ├── RescoringOutdated        the rules are not those that it was made for
│   ├── RescoringDecided         it was applied or cancelled
│   ├── RankingPolicyMoved       the policy is not the one that was looked at
│   ├── IdempotencyKeyReused     the key came with another request
│   ├── PhaseNotOpen             upcoming or closed, by its clock
│   ├── ExtensionNotLater        a phase is extended to later than now
│   ├── ExtensionPromised        a bundle closes it before what an extension promised
│   ├── PrivateScoresRevealed    what they decide stays: nobody hands in after that
│   ├── TermsChanged             the terms accepted are not the present ones
│   ├── SelectionNotOffered      here no team chooses which submission counts
│   ├── TooManySelected          the team chose as many as the phase lets it
│   ├── TooManyWebhooks · WebhookDisabled
│   ├── CannotBecomeBaseline     it is one, is not public, or is disqualified
│   └── StatusForbids            the submission's status allows no such step
├── LimitReached                 try again later; says when
│   ├── QuotaExceeded · TooManyRefusals · TooManyLogins · TooManyPings
├── TooLarge                     more bytes than an honest file needs
├── BadRequest                   it cannot be read
├── InvalidInput                 it can be read, and is wrong; carries the places
│   ├── InvalidBundle · InvalidUpload · WebhookAddressRefused
└── Unavailable                  a part of ours is down; nothing was stored
    └── DrawingBusy              too many pictures at once
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(frozen=True)
class Place:
    """One thing that is wrong in an input, and where.

    `pointer` is a JSON pointer into a body; `file` and `line` a place in a bundle; `row` and
    `column` a place in a table. `None` means the place has no such coordinate.
    """

    code: str
    detail: str
    pointer: str | None = None
    file: str | None = None
    line: int | None = None
    row: int | None = None
    column: str | None = None


class DomainError(Exception):
    """Something a caller did that cannot be done; `code` and `title` never change for a class."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request cannot be carried out"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def facts(self) -> Mapping[str, object]:
        """Return the extra members of the problem document."""
        return {}


class NotFound(DomainError):
    """There is nothing at this address, or it is not yours to see; the two look the same."""

    code = "not-found"
    title = "Not found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}, or it is not yours to see.")


class NotOnBoard(NotFound):
    """The board is there, and what you ask of it is not on it: a submission that does not count, or
    a method it was not ranked by. Read `methods` and `entries` of the board itself."""

    code = "not-on-board"
    title = "Not on this board"

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.detail = f"There is no such {what} on this board."


class Unauthenticated(DomainError):
    """Send `Authorization: Bearer pb_…` with a token that is neither expired nor revoked.
    `POST /api/v1/sessions` trades e-mail and password for one."""

    code = "unauthenticated"
    title = "Authentication needed"


class WrongPassword(Unauthenticated):
    """It does not say which of the two is wrong. After too many failures within an hour, log-ins
    to the address are refused for the rest of the hour."""

    code = "wrong-password"
    title = "Wrong e-mail address or password"


class Forbidden(DomainError):
    """You are known, and this is not among your rights; `detail` says whose it is."""

    code = "forbidden"
    title = "Not allowed"


class ScopeMissing(Forbidden):
    """A token is for reading, submitting or organizing. Make one with the scope `detail` names; a
    token makes others with no more scopes than its own."""

    code = "scope-missing"
    title = "The token lacks a scope"


class PhaseRequirementNotMet(Forbidden):
    """`detail` says what is needed, such as a scored submission in an earlier phase."""

    code = "phase-requirement-not-met"
    title = "The phase requires something first"


class EmailDomainNotAllowed(Forbidden):
    """Everybody in a team that takes part has an address at one of `domains`, or at a subdomain of
    one. Register with such an address."""

    code = "email-domain-not-allowed"
    title = "The challenge is for other e-mail addresses"

    def __init__(self, detail: str, *, domains: Sequence[str]) -> None:
        super().__init__(detail)
        self.domains = tuple(domains)

    def facts(self) -> Mapping[str, object]:
        """Return the domains."""
        return {"domains": list(self.domains)}


class ParticipationNotApproved(Forbidden):
    """The challenge's organizers decide which teams take part; `detail` says what they decided, or
    that they have not yet. `GET /api/v1/challenges/{slug}/participations/mine` tells when they
    have."""

    code = "participation-not-approved"
    title = "The team's participation is not approved"


class TeamDisqualified(Forbidden):
    """The challenge's organizers have disqualified the team, for the reason in `detail`. They can
    take that back; until then it neither hands in, nor merges, nor stands on the board."""

    code = "team-disqualified"
    title = "The team is disqualified"


class Conflict(DomainError):
    """Something that is so at present stands against it. Look again at what you want to change."""

    code = "conflict"
    title = "The present state forbids it"


class LastOrganizer(Conflict):
    """A challenge has at least one organizer. Make another person one first."""

    code = "last-organizer"
    title = "The challenge would have no organizer"


class EmailTaken(Conflict):
    """Log in with the address, or register another. Upper and lower case do not differ."""

    code = "email-taken"
    title = "The e-mail address is registered already"


class NameTaken(Conflict):
    """Choose another name. Upper and lower case do not differ."""

    code = "name-taken"
    title = "The name is taken"


class SlugTaken(Conflict):
    """Another challenge has this slug, maybe one that is not published. Choose another."""

    code = "slug-taken"
    title = "The slug is taken"


class AlreadyInTeam(Conflict):
    """You are a member of this team; there is nothing to do."""

    code = "already-in-team"
    title = "Already a member"


class AlreadyInChallenge(Conflict):
    """A person takes part in a challenge with one team only, and somebody here does with
    another. Who has left a team that had handed in stays bound to it in that challenge."""

    code = "already-in-challenge"
    title = "Already in the challenge"


class CaptainMustHandOver(Conflict):
    """Name another member captain with `PUT /api/v1/teams/{id}/captain`, then leave. The last one
    in a team may leave as captain, and closes it."""

    code = "captain-must-hand-over"
    title = "The captain hands over first"


class TeamsLocked(Conflict):
    """A challenge the team takes part in has locked its teams: nobody joins, leaves or merges any
    more. `detail` says which, and since when; `teams_locked_at` of a challenge says it before."""

    code = "teams-locked"
    title = "The teams are locked"


class ProposalDecided(Conflict):
    """The proposal was accepted, declined or withdrawn before. Make a new one."""

    code = "proposal-decided"
    title = "The proposal is not open any more"


class MergeExceedsQuota(Conflict):
    """In the phase that `detail` names both teams together have `used` more than the `limit` that
    `window` counts over. In 24 hours it may fit; a total stays."""

    code = "merge-exceeds-quota"
    title = "Together the teams have used too much"

    def __init__(self, detail: str, *, limit: int, used: int, window: str) -> None:
        super().__init__(detail)
        self.limit = limit
        self.used = used
        self.window = window

    def facts(self) -> Mapping[str, object]:
        """Return the limit, what it counts over, and the use of both."""
        return {"limit": self.limit, "used": self.used, "window": self.window}


class ParticipationForbids(Conflict):
    """`detail` says which state the participation is in, and what can be done instead."""

    code = "participation-forbids"
    title = "The participation's state does not allow it"


class ChangeNeedsRescoring(Conflict):
    """Submissions or acceptances that exist rest on what would change; `detail` names it. Leave it
    as it was. What only decides scores can change by a re-scoring: send the bundle with a reason to
    `POST /api/v1/challenges/{slug}/rescorings`."""

    code = "change-needs-rescoring"
    title = "The change would alter scores that exist"


class PolicyChangeNeedsRecord(Conflict):
    """How a phase with scored submissions ranks, chooses and tells them changes only in public,
    with a reason: look at who would move with `POST /api/v1/phases/{id}/ranking-changes`, and apply
    it there. Then state the same in the bundle; `detail` names what differs."""

    code = "policy-change-needs-record"
    title = "The change of policy has to be recorded"


class PlanOutdated(Conflict):
    """The challenge was changed after the plan was made, or another bundle was sent. Ask for a plan
    of this bundle again with `POST /api/v1/challenges/{slug}/plan`, read it, and send its
    `digest`."""

    code = "plan-outdated"
    title = "The plan is not of this challenge as it is, and this bundle"


class LabelsDiffer(Conflict):
    """A bundle has one label file for each task, and here phases score a task by different versions
    of its labels, as after a re-scoring of one of them. `detail` names the task."""

    code = "labels-differ"
    title = "No bundle can say what the challenge is"


class NothingToRescore(Conflict):
    """No submission rests on what the bundle changes: update the challenge with
    `PUT /api/v1/challenges/{slug}`."""

    code = "nothing-to-rescore"
    title = "No score would change"


class RescoringCannotChange(Conflict):
    """A re-scoring changes the tasks, labels, weights, splits, scorer and scaling of phases, and
    nothing else. `paths` names what else the bundle changes: state it as it is, or change it by an
    update of the challenge before. The samples of a phase, and what the embeddings have to be,
    never change under submissions; to leave out samples, leave out their labels."""

    code = "rescoring-cannot-change"
    title = "Not by a re-scoring"

    def __init__(self, detail: str, *, paths: Sequence[str]) -> None:
        super().__init__(detail)
        self.paths = tuple(paths)

    def facts(self) -> Mapping[str, object]:
        """Return the keys that differ."""
        return {"paths": list(self.paths)}


class RescoringOpen(Conflict):
    """A challenge has one re-scoring at a time. Apply or cancel the other one first; `detail` has
    its id."""

    code = "rescoring-open"
    title = "Another re-scoring is open"


class RescoringNotReady(Conflict):
    """Of `total` submissions `waiting` are not evaluated yet: those that were scored meanwhile are
    among them. Come back when its `progress` says that it is ready."""

    code = "rescoring-not-ready"
    title = "Not everything is evaluated yet"

    def __init__(self, detail: str, *, total: int, waiting: int) -> None:
        super().__init__(detail)
        self.total = total
        self.waiting = waiting

    def facts(self) -> Mapping[str, object]:
        """Return the counts."""
        return {"total": self.total, "waiting": self.waiting}


class RescoringBlocked(Conflict):
    """`blocked` lists up to 100 submissions that have no scores by the new rules, `total` counts
    them. One that failed can be tried again with `POST …/retries`. One that was rejected cannot be
    scored so: disqualify it, or cancel the re-scoring."""

    code = "rescoring-blocked"
    title = "Submissions have no scores by the new rules"

    def __init__(self, detail: str, *, blocked: Sequence[Mapping[str, object]], total: int) -> None:
        super().__init__(detail)
        self.blocked = tuple(blocked[:100])
        self.total = total

    def facts(self) -> Mapping[str, object]:
        """Return the submissions, and how many there are."""
        return {"blocked": [dict(one) for one in self.blocked], "total": self.total}


class RescoringOutdated(Conflict):
    """What the re-scoring changes was changed otherwise after it was made; `detail` names where.
    Cancel it, and make a new one."""

    code = "rescoring-outdated"
    title = "The rules are not those that it was made for"


class RescoringDecided(Conflict):
    """The re-scoring was applied or cancelled before; `detail` says which. To undo one that was
    applied, make a new one with the bundle of before."""

    code = "rescoring-decided"
    title = "The re-scoring is not open any more"


class RankingPolicyMoved(Conflict):
    """Somebody changed the phase's policy after you looked. Look at who would move again, and send
    the `expected` of that answer."""

    code = "ranking-policy-moved"
    title = "The ranking policy is not the one you looked at"


class IdempotencyKeyReused(Conflict):
    """A key stands for one request. Use a new key for another file or other fields."""

    code = "idempotency-key-reused"
    title = "The idempotency key came with another request"


class PhaseNotOpen(Conflict):
    """`detail` says when the phase opens or closed. The instant that counts is that of the last
    byte's arrival."""

    code = "phase-not-open"
    title = "The phase is not open"


class ExtensionNotLater(Conflict):
    """An extension puts the close off, to an instant to come. `detail` says when it closes now:
    somebody may have extended it meanwhile."""

    code = "extension-not-later"
    title = "The extension is not later than the present close"


class ExtensionPromised(Conflict):
    """The phase was extended, and people rely on it: a bundle closes it no earlier. State the
    `closes_at` that `detail` names, as the exported bundle does, or a later one."""

    code = "extension-promised"
    title = "The phase was extended further than the bundle says"


class PrivateScoresRevealed(Conflict):
    """Everybody has seen by now what the phase's private samples say. It opens for nobody again,
    and the instant of the reveal stays; start another phase instead."""

    code = "private-scores-revealed"
    title = "The phase's private scores have been revealed"


class TermsChanged(Conflict):
    """Read the challenge's terms; the captain accepts them by joining again with their version."""

    code = "terms-changed"
    title = "The terms accepted are not the present ones"


class SelectionNotOffered(Conflict):
    """In this phase the rule decides which submission of a team counts; its `policy` says how.
    Teams choose where `selection` is `selected`."""

    code = "selection-not-offered"
    title = "Teams select nothing in this phase"


class TooManySelected(Conflict):
    """Take the selection from another submission first; `limit` is how many the phase lets a team
    select, `used` how many it has. Rejected, failed and withdrawn ones do not count."""

    code = "too-many-selected"
    title = "The team has selected as many submissions as it may"

    def __init__(self, detail: str, *, limit: int, used: int) -> None:
        super().__init__(detail)
        self.limit = limit
        self.used = used

    def facts(self) -> Mapping[str, object]:
        """Return the limit and its use."""
        return {"limit": self.limit, "used": self.used}


class CannotBecomeBaseline(Conflict):
    """A team's submission that is public and not disqualified can be handed in as a baseline.

    A baseline is one already. One that its team keeps from the public, an organizer makes public
    first, on record; one that is disqualified, or whose team is, an organizer reinstates first.
    """

    code = "cannot-become-baseline"
    title = "This submission cannot become a baseline"


class StatusForbids(Conflict):
    """The submission has moved on: read its status again. `detail` says which one is needed."""

    code = "status-forbids"
    title = "The submission's status does not allow it"


class TooManyWebhooks(Conflict):
    """A team or a challenge has a few webhooks. Delete one; `detail` says how many there may be."""

    code = "too-many-webhooks"
    title = "There are as many webhooks as there may be"


class WebhookDisabled(Conflict):
    """It is disabled: by its owner, or because attempts failed in a row; its `disabled_reason` says
    which. Enable it with `PATCH`, `{"enabled": true}`."""

    code = "webhook-disabled"
    title = "The webhook is disabled"


class LimitReached(DomainError):
    """`resets_at` says when the next attempt can succeed; null if time alone does not help."""

    code = "limit-reached"
    title = "A limit is reached"

    def __init__(
        self, detail: str, *, limit: int, used: int, window: str, resets_at: datetime | None
    ) -> None:
        super().__init__(detail)
        self.limit = limit
        self.used = used
        self.window = window
        self.resets_at = resets_at

    def facts(self) -> Mapping[str, object]:
        """Return limit, use and the instant of relief."""
        return {
            "limit": self.limit,
            "used": self.used,
            "window": self.window,
            "resets_at": self.resets_at,
        }


class QuotaExceeded(LimitReached):
    """`window`, `limit` and `used` say which quota, and `resets_at` when the next submission can be
    accepted; null means that time alone does not help. Only valid submissions count."""

    code = "quota-exceeded"
    title = "The team's quota is used up"


class TooManyRefusals(LimitReached):
    """Too many of your team's files to this phase were not valid within an hour. They cost no
    quota, but each is validated. Find their faults at home with `probeboard check`, and come back
    at `resets_at`."""

    code = "too-many-refusals"
    title = "Too many refused files"


class TooManyLogins(LimitReached):
    """Too many wrong passwords for this address within an hour. Come back at `resets_at`."""

    code = "too-many-logins"
    title = "Too many failed log-ins"


class TooManyPings(LimitReached):
    """A webhook is pinged a number of times within an hour. Come back at `resets_at`."""

    code = "too-many-pings"
    title = "Too many pings"


class TooLarge(DomainError):
    """The body holds more bytes than anything valid could need; `limit_bytes` is the most."""

    code = "too-large"
    title = "Larger than allowed"

    def __init__(self, detail: str, *, limit_bytes: int) -> None:
        super().__init__(detail)
        self.limit_bytes = limit_bytes

    def facts(self) -> Mapping[str, object]:
        """Return the limit."""
        return {"limit_bytes": self.limit_bytes}


class BadRequest(DomainError):
    """The body cannot be read as what it says it is; `detail` says where it breaks."""

    code = "bad-request"
    title = "The request cannot be read"


class InvalidInput(DomainError):
    """`errors` names up to 100 places that are wrong, `total` counts them all."""

    code = "invalid-input"
    title = "The input is not valid"

    def __init__(self, detail: str, places: Sequence[Place], total: int | None = None) -> None:
        super().__init__(detail)
        self.places = tuple(places[:100])
        self.total = len(places) if total is None else total

    def facts(self) -> Mapping[str, object]:
        """Return how many places are wrong, beyond those listed."""
        return {"total": self.total}


class InvalidBundle(InvalidInput):
    """`errors` has a place for each fault, with the file and the line in the bundle. Nothing was
    changed."""

    code = "invalid-bundle"
    title = "The challenge bundle is not valid"


class InvalidUpload(InvalidInput):
    """`errors` has up to 100 faults with row and column, `total` counts all. Nothing was stored and
    no quota was used."""

    code = "invalid-embeddings"
    title = "The embeddings file is not valid"


class WebhookAddressRefused(InvalidInput):
    """A webhook is an https URL of a public host, without user, password and fragment. Addresses
    inside a network are refused, here and at each delivery, and redirects are not followed."""

    code = "webhook-address-refused"
    title = "The URL cannot be a webhook"


class Unavailable(DomainError):
    """The same request, sent again a little later, can succeed. With the same Idempotency-Key a
    submission is never made twice."""

    code = "unavailable"
    title = "A part of the service is down"


class DrawingBusy(Unavailable):
    """Pictures are drawn one at a time, and several wait already. Come back in a few seconds: the
    next one may be drawn by then."""

    code = "drawing-busy"
    title = "Too many pictures at once"
