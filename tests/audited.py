"""Every change leaves an entry: what the client of the tests asks the audit log after a request."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
import sqlalchemy as sa

from app.models import AuditEntry

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
OF_TEAM, OF_CHALLENGE = "/api/v1/teams/{team_id}", "/api/v1/challenges/{slug}"
OF_SUBMISSION = "/api/v1/submissions/{submission_id}"
OF_ENTRY = f"{OF_CHALLENGE}/participations/{{participation_id}}"
OF_RESCORING = f"{OF_CHALLENGE}/rescorings/{{rescoring_id}}"

# What a request that succeeded has noted: one of these, for each route that changes something.
ACTIONS: dict[str, set[str]] = {
    "POST /api/v1/accounts": {"account.registered"},
    "POST /api/v1/sessions": {"token.made"},
    "POST /api/v1/tokens": {"token.made"},
    "DELETE /api/v1/tokens/{token_id}": {"token.revoked"},
    "POST /api/v1/teams": {"team.created"},
    "POST /api/v1/teams/join": {"team.joined"},
    f"POST {OF_TEAM}/invitation": {"team.invitation-renewed"},
    f"PUT {OF_TEAM}/captain": {"team.captain-changed"},
    f"DELETE {OF_TEAM}/members/{{user_id}}": {"team.left", "team.member-removed"},
    f"POST {OF_TEAM}/merges": {"merge.proposed"},
    "POST /api/v1/merges/{merge_id}/acceptance": {"merge.accepted"},
    "POST /api/v1/merges/{merge_id}/refusal": {"merge.declined", "merge.withdrawn"},
    "POST /api/v1/challenges": {"challenge.created"},
    f"PUT {OF_CHALLENGE}": {"challenge.updated"},
    f"POST {OF_CHALLENGE}/publication": {"challenge.published"},
    f"POST {OF_CHALLENGE}/participations": {
        "participation.entered",
        "participation.terms-accepted",
    },
    f"POST {OF_ENTRY}/approval": {"participation.approved"},
    f"POST {OF_ENTRY}/refusal": {"participation.declined"},
    f"PUT {OF_ENTRY}/disqualification": {"participation.disqualified"},
    f"DELETE {OF_ENTRY}/disqualification": {"participation.reinstated"},
    "POST /api/v1/phases/{phase_id}/submissions": {"submission.received"},
    f"PATCH {OF_SUBMISSION}": {"submission.edited"},
    f"POST {OF_SUBMISSION}/withdrawal": {"submission.withdrawn"},
    f"PUT {OF_SUBMISSION}/selection": {"submission.selected"},
    f"DELETE {OF_SUBMISSION}/selection": {"submission.unselected"},
    f"PUT {OF_SUBMISSION}/disqualification": {"submission.disqualified"},
    f"DELETE {OF_SUBMISSION}/disqualification": {"submission.reinstated"},
    f"POST {OF_SUBMISSION}/baseline": {"submission.promoted"},
    f"POST {OF_SUBMISSION}/retry": {"submission.retried"},
    "POST /api/v1/phases/{phase_id}/ranking-changes": {"phase.ranking-changed"},
    "POST /api/v1/phases/{phase_id}/extensions": {"phase.extended", "phase.exception-made"},
    f"POST {OF_CHALLENGE}/bound-members/{{user_id}}/release": {"participation.member-released"},
    f"POST {OF_CHALLENGE}/announcements": {"announcement.posted"},
    f"PATCH {OF_CHALLENGE}/announcements/{{announcement_id}}": {"announcement.edited"},
    f"DELETE {OF_CHALLENGE}/announcements/{{announcement_id}}": {"announcement.withdrawn"},
    f"POST {OF_CHALLENGE}/roles": {"role.given"},
    f"DELETE {OF_CHALLENGE}/roles/{{user_id}}": {"role.taken"},
    f"POST {OF_CHALLENGE}/rescorings": {"rescoring.created"},
    f"POST {OF_RESCORING}/application": {"rescoring.applied"},
    f"POST {OF_RESCORING}/cancellation": {"rescoring.cancelled"},
    f"POST {OF_RESCORING}/retries": {"rescoring.retried"},
    "PUT /api/v1/notices/preferences": {"account.mails-chosen"},
    "POST /api/v1/notices/unsubscribe": {"account.mails-chosen"},
    **{
        f"{method} {owner}/webhooks{which}": {f"webhook.{verb}"}
        for owner in (OF_TEAM, OF_CHALLENGE)
        for method, which, verb in (
            ("POST", "", "created"),
            ("PATCH", "/{webhook_id}", "changed"),
            ("DELETE", "/{webhook_id}", "deleted"),
        )
    },
}
# Routes that change nothing, and why they are no GET.
CHANGE_NOTHING = {
    f"POST {OF_CHALLENGE}/plan": "it takes a bundle, and tells what an update with it would do",
    f"POST {OF_TEAM}/webhooks/{{webhook_id}}/ping": "it tries an address",
    f"POST {OF_CHALLENGE}/webhooks/{{webhook_id}}/ping": "it tries an address",
}
# Answers of routes that do change something, which say that this time they did not.
SAYS_NOTHING_CHANGED: dict[str, Callable[[httpx.Response], bool]] = {
    **dict.fromkeys(
        ("POST /api/v1/phases/{phase_id}/submissions", f"POST {OF_SUBMISSION}/baseline"),
        lambda answer: answer.headers.get("idempotent-replay") == "true",
    ),
    "POST /api/v1/phases/{phase_id}/ranking-changes": (
        lambda answer: answer.json()["change_id"] is None
    ),
}

_databases: dict[str, sa.Engine] = {}
_listeners: list[set[str]] = []


def watch(url: str, database_url: str) -> None:
    """Know the database of the server at `url`, so that its changes can be looked for there."""
    _databases[url] = sa.create_engine(
        database_url, pool_size=2, max_overflow=30, pool_pre_ping=True
    )


def unwatch(url: str) -> None:
    """Forget it, and hold no connection to it."""
    if url in _databases:
        _databases.pop(url).dispose()


@contextmanager
def exercised() -> Iterator[set[str]]:
    """Collect the routes whose changes were found in the log."""
    routes: set[str] = set()
    _listeners.append(routes)
    try:
        yield routes
    finally:
        _listeners.remove(routes)


def check(url: str, route: str, answer: httpx.Response, *, changes: bool | None) -> None:
    """Look for the entry of a request that succeeded.

    `changes`: whether it changes something; None if that is not the question.
    """
    method = route.split(" ")[0]
    if method not in MUTATING or not answer.is_success or changes is None:
        return
    told = SAYS_NOTHING_CHANGED.get(route)
    if route in CHANGE_NOTHING or (told is not None and told(answer)):
        changes = False
    assert not changes or route in ACTIONS, (
        f"{route} is not in tests/audited.py: which action does it note by app.audit.service?"
    )
    found = _actions_of(url, UUID(answer.headers["x-request-id"]))
    if changes:
        assert found & ACTIONS[route], (
            f"{route} noted {sorted(found) or 'nothing'} in the audit log, not "
            f"{sorted(ACTIONS[route])}. If this very request changes nothing, say `changes=False`."
        )
        for routes in _listeners:
            routes.add(route)
    else:
        assert not found, f"{route} changed nothing, and noted {sorted(found)} in the audit log"


def _actions_of(url: str, request_id: UUID) -> set[str]:
    entries = sa.select(AuditEntry.action).where(AuditEntry.request_id == request_id)
    with _databases[url].connect() as connection:
        return set(connection.scalars(entries))
