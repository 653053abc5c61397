"""Every way a caller can be wrong, as one tree. No class here knows an HTTP status.

DomainError
├── NotFound                     it does not exist, or you may not know that it does
├── Unauthenticated              we do not know who you are
│   └── WrongPassword
├── Forbidden                    we know who you are; you may not
│   ├── ScopeMissing             your token may not
│   └── PhaseRequirementNotMet   first do what the phase asks for
├── Conflict                     the state of things forbids it now
│   ├── EmailTaken · NameTaken · SlugTaken
│   ├── AlreadyInTeam · AlreadyInChallenge
│   ├── ChangeNeedsRescoring     it would alter scores that exist
│   ├── IdempotencyKeyReused     the key came with another request
│   ├── PhaseNotOpen             upcoming or closed, by its clock
│   ├── TermsChanged             the terms accepted are not the present ones
│   └── StatusForbids            the submission's status allows no such step
├── LimitReached                 try again later; says when
│   ├── QuotaExceeded · TooManyRefusals · TooManyLogins
├── TooLarge                     more bytes than an honest file needs
├── BadRequest                   it cannot be read
├── InvalidInput                 it can be read, and is wrong; carries the places
│   ├── InvalidBundle · InvalidUpload
└── Unavailable                  a part of ours is down; nothing was stored
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
    code = "not-found"
    title = "Not found"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}, or it is not yours to see.")


class Unauthenticated(DomainError):
    code = "unauthenticated"
    title = "Authentication needed"


class WrongPassword(Unauthenticated):
    code = "wrong-password"
    title = "Wrong e-mail address or password"


class Forbidden(DomainError):
    code = "forbidden"
    title = "Not allowed"


class ScopeMissing(Forbidden):
    code = "scope-missing"
    title = "The token lacks a scope"


class PhaseRequirementNotMet(Forbidden):
    code = "phase-requirement-not-met"
    title = "The phase requires something first"


class Conflict(DomainError):
    code = "conflict"
    title = "The present state forbids it"


class EmailTaken(Conflict):
    code = "email-taken"
    title = "The e-mail address is registered already"


class NameTaken(Conflict):
    code = "name-taken"
    title = "The name is taken"


class SlugTaken(Conflict):
    code = "slug-taken"
    title = "The slug is taken"


class AlreadyInTeam(Conflict):
    code = "already-in-team"
    title = "Already a member"


class AlreadyInChallenge(Conflict):
    code = "already-in-challenge"
    title = "Already in the challenge"


class ChangeNeedsRescoring(Conflict):
    code = "change-needs-rescoring"
    title = "The change would alter scores that exist"


class IdempotencyKeyReused(Conflict):
    code = "idempotency-key-reused"
    title = "The idempotency key came with another request"


class PhaseNotOpen(Conflict):
    code = "phase-not-open"
    title = "The phase is not open"


class TermsChanged(Conflict):
    code = "terms-changed"
    title = "The terms accepted are not the present ones"


class StatusForbids(Conflict):
    code = "status-forbids"
    title = "The submission's status does not allow it"


class LimitReached(DomainError):
    """A limit over time; `resets_at` is when the next attempt can succeed, if time alone helps."""

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
    code = "quota-exceeded"
    title = "The team's quota is used up"


class TooManyRefusals(LimitReached):
    code = "too-many-refusals"
    title = "Too many refused files"


class TooManyLogins(LimitReached):
    code = "too-many-logins"
    title = "Too many failed log-ins"


class TooLarge(DomainError):
    code = "too-large"
    title = "Larger than allowed"

    def __init__(self, detail: str, *, limit_bytes: int) -> None:
        super().__init__(detail)
        self.limit_bytes = limit_bytes

    def facts(self) -> Mapping[str, object]:
        """Return the limit."""
        return {"limit_bytes": self.limit_bytes}


class BadRequest(DomainError):
    code = "bad-request"
    title = "The request cannot be read"


class InvalidInput(DomainError):
    """Input that is wrong in places; at most 100 are carried, `total` counts them all."""

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
    code = "invalid-bundle"
    title = "The challenge bundle is not valid"


class InvalidUpload(InvalidInput):
    code = "invalid-embeddings"
    title = "The embeddings file is not valid"


class Unavailable(DomainError):
    code = "unavailable"
    title = "A part of the service is down"
