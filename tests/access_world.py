"""One published and one unpublished challenge, and everybody who may call: for the access table."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.accounts.service import issue_token
from app.clock import utc_now
from app.models import ChallengeRole, Role, Scope, User
from app.policy import Viewer
from tests import builders
from tests.api import Api
from tests.builders import Person
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

PRIVATE = "Method nobody else may read of"
UNPUBLISHED = "Method of a challenge not published"


@dataclass
class World:
    """One published and one unpublished challenge, and everybody around them."""

    people: dict[str, Person]
    tokens: dict[str, str | None]
    places: dict[str, dict[str, str]]  # published / unpublished → what is put into paths
    team: str
    labels: set[str]


def make_world(api: Api, parts: Parts) -> World:
    host = builders.organizer(api, parts.sessions)
    phase = builders.phase_config(
        team_sees="aggregate", board={"task_names": "masked", "decimals": 2}
    )
    made = {}
    for state in ("published", "unpublished"):
        config = builders.bundle_config(phases=[phase], slug=builders.unique(state) + "-end")
        files = builders.bundle_files(config)
        made[state] = builders.challenge(host, files, publish=state == "published")
    people = {
        "owner": builders.contestant(api, made["published"]),
        "rival": builders.contestant(api, made["published"]),
        "organizer": host,
        "other_organizer": builders.organizer(api, parts.sessions),
        **{name: builders.person(api) for name in ("stranger", "mate", "reader", "operator")},
    }
    builders.challenge(people["other_organizer"])
    team = people["owner"].teams[0]
    people["mate"].api.ok("POST", "/teams/join", json={"invitation_code": team["invitation_code"]})
    with parts.sessions() as session:
        for challenge in made.values():
            session.add(
                ChallengeRole(
                    challenge_id=UUID(challenge["id"]),
                    user_id=UUID(people["reader"].id),
                    role=Role.READER,
                )
            )
        session.get_one(User, UUID(people["operator"].id)).is_operator = True
        session.commit()
    places = {
        "published": _submissions(
            made["published"],
            parts,
            people["owner"],
            {"public": "false", "method_name": PRIVATE},
            people["rival"],
        ),
        "unpublished": _submissions(
            made["unpublished"], parts, host, {"baseline": "true", "method_name": UNPUBLISHED}, host
        ),
    }
    tokens = {name: one.token for name, one in people.items()} | _tokens(parts, people)
    labels = set(files["height.csv"].decode().replace("\n", ",").split(",")[3::2])
    return World(people, tokens, places, team["id"], labels)


def _submissions(
    challenge: Any, parts: Parts, by: Person, fields: dict[str, str], other: Person
) -> dict[str, str]:
    """Hand in a submission that is kept from the board, and one that is shown, and rank."""
    phase = challenge["phases"][0]["id"]
    shown = {"baseline": "true"} if by is other else {}
    secret = builders.submit(
        by, phase, builders.blend(0.7, seed=len(fields["method_name"])), **fields
    ).json()
    public = builders.submit(other, phase, builders.noise(3), **shown).json()
    for one in (secret, public):
        evaluate_submission(parts, UUID(one["id"]))
    rank_phase(parts, UUID(phase))
    board = by.api.ok("GET", f"/phases/{phase}/leaderboard")
    return {
        "slug": challenge["slug"],
        "challenge_id": challenge["id"],
        "phase_id": phase,
        "submission_id": secret["id"],
        "shown": public["id"],
        "matrix": secret["receipt"]["matrix_sha256"],
        "method": fields["method_name"],
        "number": board["snapshot"],
        "terms_version": challenge["terms_version"],
    }


def _tokens(parts: Parts, people: dict[str, Person]) -> dict[str, str | None]:
    now = utc_now()
    wanted: dict[str, tuple[str, list[Scope], timedelta]] = {
        "read_only": ("owner", [Scope.READ], timedelta(days=1)),
        "submit_only": ("owner", [Scope.SUBMIT], timedelta(days=1)),
        "organize_only": ("organizer", [Scope.ORGANIZE], timedelta(days=1)),
        "revoked": ("operator", list(Scope), timedelta(days=1)),
        "expired": ("operator", list(Scope), timedelta(seconds=-1)),
    }
    made: dict[str, str | None] = {"anybody": None}
    with parts.sessions() as session:
        for role, (person, scopes, lifetime) in wanted.items():
            token, made[role] = issue_token(
                session,
                Viewer(user_id=UUID(people[person].id)),
                name=role,
                scopes=scopes,
                now=now,
                lifetime=lifetime,
            )
            if role == "revoked":
                token.revoked_at = now
        session.commit()
    return made
