"""Who may call what: a row for each address, by role, with a challenge published and not."""

from dataclasses import dataclass, field, replace
from typing import Any

from app.models import Scope
from tests.access_world import PRIVATE

WITH_ROLE = {"organizer", "reader", "operator", "organize_only"}
OWNERS = {"owner", "mate", "read_only", "submit_only"}


@dataclass(frozen=True)
class Row:
    """Who gets what: first with a published, then with an unpublished challenge.

    `scope` is what a token needs; None: no token at all. People who are not named get `others`.
    """

    scope: Scope | None
    others: int
    published: dict[str, int] = field(default_factory=dict)
    unpublished: dict[str, int] | None = None
    unpublished_others: int = 404
    body: Any = None
    query: str = ""
    ignores_tokens: bool = False

    def expected(self, role: str, state: str) -> int:
        if role in ("revoked", "expired") and not self.ignores_tokens:
            return 401
        holder = {"read_only": "owner", "submit_only": "owner", "organize_only": "organizer"}
        if role in holder:
            if self.scope is None:
                role = holder[role] if role == "read_only" else "anybody"
            elif role.removesuffix("_only") != self.scope:
                return 403
            else:
                role = holder[role]
        if role == "anybody" and self.scope is not None:
            return 401
        if state == "published" or self.unpublished is None:
            return self.published.get(role, self.others)
        return self.unpublished.get(role, self.unpublished_others)


READ, SUBMIT, ORGANIZE = Scope.READ, Scope.SUBMIT, Scope.ORGANIZE
ROLES = (
    "anybody", "stranger", "rival", "owner", "mate", "organizer", "reader", "other_organizer",
    "operator", "read_only", "submit_only", "organize_only", "revoked", "expired",
)  # fmt: skip
SEEN_BY_ROLES = {"organizer": 200, "reader": 200, "operator": 200}
MINE = {"owner": 200, "mate": 200}
PUBLIC = Row(None, 200, unpublished=SEEN_BY_ROLES)
OF_TEAM = Row(READ, 404, MINE | SEEN_BY_ROLES, SEEN_BY_ROLES)
FOR_ROLES = Row(READ, 404, {"owner": 403, "mate": 403} | SEEN_BY_ROLES, SEEN_BY_ROLES)
OPEN = Row(None, 200, ignores_tokens=True)
CHOOSING = Row(
    SUBMIT,
    404,
    {"owner": 409, "mate": 409, "organizer": 403, "reader": 403, "operator": 403},
    {"organizer": 403, "reader": 403, "operator": 403},
)
# The participation is of the published challenge.
DECIDING = Row(
    ORGANIZE,
    403,
    {"organizer": 200, "operator": 200},
    {"organizer": 404, "operator": 404, "reader": 403},
)
DISQUALIFYING = Row(
    ORGANIZE,
    404,
    {"owner": 403, "mate": 403, "organizer": 200, "reader": 403, "operator": 200},
    {"organizer": 200, "reader": 403, "operator": 200},
)

ORGANIZERS = ("organizer", "operator")


def _organizers(status: int, body: Any = None, scope: Scope = ORGANIZE) -> Row:
    """Let organizers in, and answer them with a status."""
    let_in = dict.fromkeys(ORGANIZERS, status)
    return Row(scope, 403, let_in, let_in | {"reader": 403}, body=body)


# 422: let in, and then the address may not be called.
UNCALLABLE = {"url": "http://127.0.0.1/hook"}
OF_CAPTAIN = {"owner": 200, "mate": 403}

TABLE = {
    "POST /api/v1/accounts": Row(None, 422, body={}),
    "GET /api/v1/accounts/me": Row(READ, 200),
    "POST /api/v1/sessions": Row(None, 422, body={}),
    "GET /api/v1/tokens": Row(READ, 200),
    "POST /api/v1/tokens": Row(READ, 201, body={"name": "one", "scopes": ["read"]}),
    "DELETE /api/v1/tokens/{token_id}": Row(READ, 404, {"owner": 204}),
    "GET /api/v1/teams": Row(READ, 200),
    "POST /api/v1/teams": Row(SUBMIT, 201, body="new team"),
    "POST /api/v1/teams/join": Row(SUBMIT, 404, body={"invitation_code": "guessed"}),
    "GET /api/v1/teams/{team_id}": Row(READ, 404, MINE),
    "POST /api/v1/teams/{team_id}/invitation": Row(SUBMIT, 404, {"owner": 200, "mate": 403}),
    "PUT /api/v1/teams/{team_id}/captain": Row(
        SUBMIT, 404, {"owner": 200, "mate": 403}, body="owner"
    ),
    # The captain may, and nobody of this id is in the team.
    "DELETE /api/v1/teams/{team_id}/members/{user_id}": Row(SUBMIT, 404, {"mate": 403}),
    "POST /api/v1/teams/{team_id}/merges": Row(
        SUBMIT, 404, {"mate": 403}, body={"team": "There is none of this name"}
    ),
    "GET /api/v1/teams/{team_id}/merges": Row(READ, 404, MINE),
    # For the rival's captain, whose consent would merge them, the proposal is one withdrawn.
    "POST /api/v1/merges/{merge_id}/acceptance": Row(
        SUBMIT, 404, {"owner": 409, "mate": 409, "rival": 409}
    ),
    "POST /api/v1/merges/{merge_id}/refusal": Row(
        SUBMIT, 404, {"owner": 200, "mate": 403, "rival": 200}
    ),
    "GET /api/v1/challenges": Row(None, 200),
    # 400: let in, and then no form.
    "POST /api/v1/challenges": Row(
        ORGANIZE, 403, {"organizer": 400, "other_organizer": 400, "operator": 400}
    ),
    "GET /api/v1/challenges/{slug}": PUBLIC,
    "PUT /api/v1/challenges/{slug}": Row(
        ORGANIZE,
        403,
        {"organizer": 400, "operator": 400},
        {"organizer": 400, "operator": 400, "reader": 403},
    ),
    "POST /api/v1/challenges/{slug}/publication": Row(
        ORGANIZE,
        403,
        {"organizer": 200, "operator": 200},
        {"organizer": 200, "operator": 200, "reader": 403},
    ),
    "POST /api/v1/challenges/{slug}/participations": Row(
        SUBMIT, 404, {"owner": 201, "mate": 403}, {}, body="join"
    ),
    "GET /api/v1/challenges/{slug}/participations/mine": Row(READ, 404, MINE | {"rival": 200}, {}),
    # 404: the address is another challenge's.
    "GET /api/v1/challenges/{slug}/participations": replace(FOR_ROLES, others=403),
    "POST /api/v1/challenges/{slug}/participations/{participation_id}/approval": DECIDING,
    # 409: let in, and then the team takes part already.
    "POST /api/v1/challenges/{slug}/participations/{participation_id}/refusal": replace(
        DECIDING, published={"organizer": 409, "operator": 409}, body={"reason": "No."}
    ),
    "PUT /api/v1/challenges/{slug}/participations/{participation_id}/disqualification": replace(
        DECIDING, body={"reason": "For the test."}
    ),
    "DELETE /api/v1/challenges/{slug}/participations/{participation_id}/disqualification": (
        DECIDING
    ),
    "GET /api/v1/challenges/{slug}/roles": replace(FOR_ROLES, others=403),
    # 422 and 404: let in, and then nobody has registered so, nobody of this id has a role.
    "POST /api/v1/challenges/{slug}/roles": _organizers(
        422, {"email": "nobody@example.org", "role": "reader"}
    ),
    "DELETE /api/v1/challenges/{slug}/roles/{user_id}": _organizers(404),
    "GET /api/v1/challenges/{slug}/bound-members": replace(FOR_ROLES, others=403),
    # 404: let in, and then nobody of this id is bound.
    "POST /api/v1/challenges/{slug}/bound-members/{user_id}/release": _organizers(
        404, {"reason": "For the test."}
    ),
    "GET /api/v1/challenges/{slug}/disqualifications": PUBLIC,
    "GET /api/v1/challenges/{slug}/audit": replace(FOR_ROLES, others=403),
    "GET /api/v1/challenges/{slug}/audit.csv": replace(FOR_ROLES, others=403),
    "GET /api/v1/challenges/{slug}/overview": replace(FOR_ROLES, others=403),
    "GET /api/v1/challenges/{slug}/exports/scores.csv": replace(FOR_ROLES, others=403),
    "GET /api/v1/challenges/{slug}/exports/scores.parquet": replace(FOR_ROLES, others=403),
    "GET /api/v1/challenges/{slug}/exports/submissions.json": replace(FOR_ROLES, others=403),
    "GET /api/v1/challenges/{slug}/exports/submissions.csv": replace(FOR_ROLES, others=403),
    "POST /api/v1/challenges/{slug}/rescorings": Row(
        ORGANIZE,
        403,
        {"organizer": 400, "operator": 400},
        {"organizer": 400, "operator": 400, "reader": 403},
    ),
    "GET /api/v1/challenges/{slug}/rescorings": PUBLIC,
    # The set is open: for others there is none.
    "GET /api/v1/challenges/{slug}/rescorings/{rescoring_id}": Row(
        None, 404, SEEN_BY_ROLES, SEEN_BY_ROLES
    ),
    "GET /api/v1/challenges/{slug}/rescorings/{rescoring_id}/preview": Row(
        READ, 404, SEEN_BY_ROLES, SEEN_BY_ROLES
    ),
    "GET /api/v1/challenges/{slug}/rescorings/{rescoring_id}/items": Row(
        READ, 404, SEEN_BY_ROLES, SEEN_BY_ROLES
    ),
    # 409: let in, and then nothing is evaluated yet.
    "POST /api/v1/challenges/{slug}/rescorings/{rescoring_id}/application": _organizers(409),
    "POST /api/v1/challenges/{slug}/rescorings/{rescoring_id}/cancellation": _organizers(200),
    "POST /api/v1/challenges/{slug}/rescorings/{rescoring_id}/retries": _organizers(200),
    "GET /api/v1/challenge.schema.json": Row(None, 200),
    "POST /api/v1/challenges/{slug}/plan": Row(
        ORGANIZE,
        403,
        {"organizer": 400, "operator": 400},
        {"organizer": 400, "operator": 400, "reader": 403},
    ),
    "GET /api/v1/challenges/{slug}/bundle": Row(
        ORGANIZE,
        403,
        {"organizer": 200, "operator": 200},
        {"organizer": 200, "operator": 200, "reader": 403},
    ),
    "GET /api/v1/phases/{phase_id}": PUBLIC,
    "GET /api/v1/phases/{phase_id}/samples.csv": PUBLIC,
    "GET /api/v1/phases/{phase_id}/extensions": PUBLIC,
    # 409: let in, and then this is no later close.
    "POST /api/v1/phases/{phase_id}/extensions": _organizers(
        409, {"closes_at": "2020-02-01T00:00:00Z", "reason": "For the test."}
    ),
    "POST /api/v1/phases/{phase_id}/submissions": Row(
        SUBMIT,
        403,
        {"owner": 400, "mate": 400, "rival": 400, "organizer": 400, "operator": 400},
        {"organizer": 400, "operator": 400, "reader": 403},
    ),
    "GET /api/v1/phases/{phase_id}/quota": Row(READ, 404, MINE | {"rival": 200}, {}),
    "GET /api/v1/phases/{phase_id}/submissions": Row(READ, 200, {}, SEEN_BY_ROLES),
    "GET /api/v1/submissions/{submission_id}": OF_TEAM,
    "GET /api/v1/submissions/{submission_id}/events": OF_TEAM,
    "GET /api/v1/submissions/{submission_id}/placement": OF_TEAM,
    "GET /api/v1/submissions/{submission_id}/embeddings.npz": OF_TEAM,
    # 403: this phase shows its teams the aggregate only.
    "GET /api/v1/submissions/{submission_id}/analyses": FOR_ROLES,
    "GET /api/v1/submissions/{submission_id}/predictions.npz": FOR_ROLES,
    "PATCH /api/v1/submissions/{submission_id}": Row(
        SUBMIT,
        404,
        MINE | {"organizer": 200, "reader": 403, "operator": 200},
        {"organizer": 200, "reader": 403, "operator": 200},
        body={"method_name": PRIVATE},
    ),
    # 409: let in, and then it is scored already.
    "POST /api/v1/submissions/{submission_id}/withdrawal": Row(
        SUBMIT,
        404,
        {"owner": 409, "mate": 409, "organizer": 403, "reader": 403, "operator": 403},
        {"organizer": 409, "reader": 403, "operator": 409},  # a baseline, which is theirs
    ),
    # 409: let in, and then the phase's rule chooses.
    "PUT /api/v1/submissions/{submission_id}/selection": CHOOSING,
    "DELETE /api/v1/submissions/{submission_id}/selection": CHOOSING,
    "PUT /api/v1/submissions/{submission_id}/disqualification": replace(
        DISQUALIFYING, body={"reason": "For the test."}
    ),
    "DELETE /api/v1/submissions/{submission_id}/disqualification": DISQUALIFYING,
    # 409: let in, and then its team keeps it from the public; or it is a baseline already.
    "POST /api/v1/submissions/{submission_id}/baseline": replace(
        DISQUALIFYING,
        published={"owner": 403, "mate": 403, "organizer": 409, "reader": 403, "operator": 409},
        unpublished={"organizer": 409, "reader": 403, "operator": 409},
        body={"reason": "For the test."},
    ),
    "POST /api/v1/submissions/{submission_id}/retry": Row(
        ORGANIZE,
        404,
        {"owner": 403, "mate": 403, "organizer": 409, "reader": 403, "operator": 409},
        {"organizer": 409, "reader": 403, "operator": 409},
    ),
    "GET /api/v1/phases/{phase_id}/leaderboard": PUBLIC,
    "GET /api/v1/phases/{phase_id}/leaderboard.csv": PUBLIC,
    "GET /api/v1/phases/{phase_id}/leaderboard.md": PUBLIC,
    "GET /api/v1/phases/{phase_id}/ranking-changes": PUBLIC,
    "POST /api/v1/phases/{phase_id}/ranking-changes": Row(
        ORGANIZE,
        403,
        {"organizer": 200, "operator": 200},
        {"organizer": 200, "operator": 200, "reader": 403},
        body={"method": "mean-score"},
    ),
    "GET /api/v1/phases/{phase_id}/leaderboard.results.json": PUBLIC,
    "GET /api/v1/phases/{phase_id}/leaderboard/history": PUBLIC,
    "GET /api/v1/phases/{phase_id}/leaderboard/comparison": replace(
        PUBLIC, query="?a={shown}&b={shown}"
    ),
    "GET /api/v1/phases/{phase_id}/leaderboard/{picture}.{form}": PUBLIC,
    "GET /api/v1/phases/{phase_id}/report.html": PUBLIC,
    "GET /api/v1/phases/{phase_id}/report.md": PUBLIC,
    "GET /api/v1/leaderboards/snapshots/{number}": PUBLIC,
    "GET /api/v1/leaderboards/snapshots/{number}.csv": PUBLIC,
    "GET /api/v1/leaderboards/snapshots/{number}.md": PUBLIC,
    "GET /api/v1/leaderboards/snapshots/{number}.results.json": PUBLIC,
    "GET /api/v1/leaderboards/snapshots/{number}/{picture}.{form}": PUBLIC,
    "POST /api/v1/challenges/{slug}/announcements": _organizers(
        201, {"title": "News", "body": "It begins."}
    ),
    "GET /api/v1/challenges/{slug}/announcements": PUBLIC,
    "GET /api/v1/challenges/{slug}/announcements/{announcement_id}": PUBLIC,
    "PATCH /api/v1/challenges/{slug}/announcements/{announcement_id}": _organizers(
        200, {"title": "Corrected"}
    ),
    "DELETE /api/v1/challenges/{slug}/announcements/{announcement_id}": _organizers(204),
    "GET /api/v1/notices/preferences": Row(READ, 200),
    "PUT /api/v1/notices/preferences": Row(READ, 200, body={"by_mail": {"scored": True}}),
    # 404: the link is no link of ours; those that are work for whoever has them.
    "GET /api/v1/notices/unsubscribe": Row(None, 404, query="?token=guessed"),
    "POST /api/v1/notices/unsubscribe": Row(None, 404, query="?token=guessed"),
    "POST /api/v1/challenges/{slug}/webhooks": _organizers(422, UNCALLABLE),
    "GET /api/v1/challenges/{slug}/webhooks": _organizers(200, scope=READ),
    "PATCH /api/v1/challenges/{slug}/webhooks/{webhook_id}": _organizers(200, {"enabled": True}),
    "DELETE /api/v1/challenges/{slug}/webhooks/{webhook_id}": _organizers(204),
    "POST /api/v1/challenges/{slug}/webhooks/{webhook_id}/ping": _organizers(202),
    "GET /api/v1/challenges/{slug}/webhooks/{webhook_id}/deliveries": _organizers(200, scope=READ),
    "POST /api/v1/teams/{team_id}/webhooks": Row(
        SUBMIT, 404, {"owner": 422, "mate": 403}, body=UNCALLABLE
    ),
    "GET /api/v1/teams/{team_id}/webhooks": Row(READ, 404, MINE),
    "PATCH /api/v1/teams/{team_id}/webhooks/{webhook_id}": Row(
        SUBMIT, 404, OF_CAPTAIN, body={"enabled": True}
    ),
    "DELETE /api/v1/teams/{team_id}/webhooks/{webhook_id}": Row(
        SUBMIT, 404, OF_CAPTAIN | {"owner": 204}
    ),
    "POST /api/v1/teams/{team_id}/webhooks/{webhook_id}/ping": Row(
        SUBMIT, 404, OF_CAPTAIN | {"owner": 202}
    ),
    "GET /api/v1/teams/{team_id}/webhooks/{webhook_id}/deliveries": Row(READ, 404, MINE),
    "GET /health/live": OPEN,
    "GET /health/ready": OPEN,
    "GET /metrics": OPEN,
    "GET /problems/{code}": OPEN,
}
PICTURE = {"picture": "rank-intervals", "form": "txt"}
# Shown alike to everybody: a page takes no token.
PAGES = {
    "GET /": {"published": 200, "unpublished": 200},
    "GET /{slug}": {"published": 200, "unpublished": 404},
    "GET /{slug}/dev": {"published": 200, "unpublished": 404},
    "GET /{slug}/dev/history": {"published": 200, "unpublished": 404},
    "GET /static/0/board.css": {"published": 404, "unpublished": 404},
}
# Addresses of the framework's own, which tell what the table tells: that there are endpoints.
DOCUMENTATION = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}
