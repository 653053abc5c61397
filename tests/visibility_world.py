"""One challenge with a phase for each state and setting, played by two teams and a baseline."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.clock import utc_now
from app.models import ChallengeRole, Phase, Role, Status, Submission, User, new_id
from tests import builders
from tests.api import Api
from tests.builders import Person
from tests.visibility_scenes import DECIMALS, SCENES, Scene, window
from worker.evaluate import evaluate_submission
from worker.parts import Parts
from worker.rank import rank_phase

TRACEBACK = "Traceback (most recent call last):\nKeyError: 'wet'"
LATER = "2100-01-01T00:00:00Z"
SAME_OF_COPIES = (
    "method_name", "method_description", "public", "file_name", "file_bytes", "file_sha256",
    "matrix_sha256", "facts", "request_fingerprint", "request_id", "attempts_allowed",
)  # fmt: skip


@dataclass
class Stage:
    """A phase, played; submissions and extensions by what they are there for."""

    slug: str
    phase_id: str
    submissions: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)
    snapshot: int = 0
    frozen_at: datetime | None = None


@dataclass
class Theatre:
    """The challenge, its phases, and whoever looks at them."""

    challenge: Any
    stages: dict[str, Stage]
    people: dict[str, Person]
    tokens: dict[str, str | None]
    team: Any
    labels: set[str]
    parts: Parts

    def stage_for(self, scene: Scene) -> Stage:
        """Let the clock and the board of a scene's phase stand as the scene says."""
        stage = self.stages[scene.phase]
        _set(
            self.parts,
            stage,
            board_visible=scene.board != "hidden",
            **window(scene.state, utc_now()),
        )
        return stage


@dataclass
class Cast:
    """Who hands in, by which participation; and the one upload that all others are copies of."""

    parts: Parts
    people: dict[str, Person]
    entries: dict[str, str]
    uploads: dict[float, str] = field(default_factory=dict)

    @property
    def host(self) -> Person:
        return self.people["organizer"]


def make_theatre(api: Api, parts: Parts) -> Theatre:
    host = builders.organizer(api, parts.sessions)
    settings = {scene.phase: scene for scene in SCENES}
    config = builders.bundle_config(phases=[_phase(scene) for scene in settings.values()])
    files = builders.bundle_files(config)
    challenge = builders.challenge(host, files)
    captain, rival = (builders.contestant(api, challenge) for _ in range(2))
    people = {
        "captain": captain,
        "rival": rival,
        "organizer": host,
        **{name: builders.person(api) for name in ("stranger", "member", "reader", "operator")},
    }
    team = captain.teams[0]
    code = {"invitation_code": team["invitation_code"]}
    people["member"].api.ok("POST", "/teams/join", json=code)
    _give_roles(parts, challenge, people)
    phases = {phase["slug"]: phase["id"] for phase in challenge["phases"]}
    cast = Cast(parts, people, _entries(challenge, captain=captain, rival=rival))
    stages = {
        scene.phase: _play(cast, scene, Stage(scene.phase, phases[scene.phase]))
        for scene in settings.values()
    }
    tokens = {"anybody": None} | {name: one.token for name, one in people.items()}
    labels = set(files["height.csv"].decode().replace("\n", ",").split(",")[3::2])
    return Theatre(challenge, stages, people, tokens, team, labels, parts)


def _phase(scene: Scene) -> dict[str, Any]:
    settings: Mapping[str, Any] = {
        "board": {
            "tasks": not scene.aggregate,
            "task_names": "masked" if scene.aggregate else "real",
            "decimals": DECIMALS,
        },
        "team_sees": "aggregate" if scene.aggregate else "tasks",
        "analyses": ["metrics", "predictions"],
        "selection": {"rule": "selected", "limit": 2},
        "splits": {"n_splits": 2, "test_size": 0.2, "seed": 1},
        "quota": {"per_day": 9, "total": 9, "in_flight": 9},
    }
    private = {"private": {"share": 0.5, "seed": 1}} if scene.private else {}
    return builders.phase_config(scene.phase, **settings, **private)


def _give_roles(parts: Parts, challenge: Any, people: Mapping[str, Person]) -> None:
    with parts.sessions() as session:
        role = ChallengeRole(
            challenge_id=UUID(challenge["id"]),
            user_id=UUID(people["reader"].id),
            role=Role.READER,
        )
        session.add(role)
        session.get_one(User, UUID(people["operator"].id)).is_operator = True
        session.commit()


def _entries(challenge: Any, **people: Person) -> dict[str, str]:
    path = f"/challenges/{challenge['slug']}/participations/mine"
    return {name: one.api.ok("GET", path)["id"] for name, one in people.items()}


def _play(cast: Cast, scene: Scene, stage: Stage) -> Stage:
    """Hand in what each phase has, and change how a frozen one ranks since."""
    parts = cast.parts
    _grant(cast, stage)
    _hand_in(cast, stage, "baseline", "organizer", 0.5)
    if scene.state != "upcoming":
        _hand_in(cast, stage, "own", "captain", 0.9)
        _hand_in(cast, stage, "rival's", "rival", 0.7)
    if scene.phase == "plain":
        _hand_in(cast, stage, "kept back", "captain", 0.5, public=False)
        _hand_in(cast, stage, "broken", "captain", 0.5)
        _break(parts, stage.submissions["broken"])
    if scene.private and scene.state == "closed":
        _set(parts, stage, **window(scene.state, utc_now()))
    _rank(cast, stage)
    if scene.board == "frozen":
        stage.frozen_at = utc_now()
        _hand_in(cast, stage, "late", "rival", 0.9)
        _set(parts, stage, board_frozen_at=stage.frozen_at)
        _change_ranking(cast.host, stage)
        _rank(cast, stage)
    return stage


def _grant(cast: Cast, stage: Stage) -> None:
    """Extend the phase for all, and give one team more submissions."""
    one_team = {"participation_id": cast.entries["captain"], "extra_submissions": 1}
    for name, granted in (("for all", {"closes_at": LATER}), ("own", one_team)):
        body = granted | {"reason": "The server was down."}
        made = cast.host.api.ok("POST", f"/phases/{stage.phase_id}/extensions", json=body)
        stage.extensions[name] = made["id"]


def _hand_in(
    cast: Cast, stage: Stage, name: str, by: str, share: float, *, public: bool = True
) -> None:
    """Hand in and score; a file that was uploaded before is a copied row, which takes no time."""
    if share in cast.uploads:
        key = _copy(cast, stage, by, cast.uploads[share])
    else:
        fields = {"baseline": "true"} if by == "organizer" else {}
        content = builders.blend(share, seed=1)
        made = builders.submit(cast.people[by], stage.phase_id, content, **fields)
        assert made.status_code == 201, made.text
        key = cast.uploads[share] = made.json()["id"]
    with cast.parts.sessions() as session:
        submission = session.get_one(Submission, UUID(key))
        submission.method_name = f"{stage.slug}: {name}"
        submission.public = public
        session.commit()
    stage.submissions[name] = key
    evaluate_submission(cast.parts, UUID(key))


def _break(parts: Parts, key: str) -> None:
    """Leave a submission as one that a worker gave up."""
    with parts.sessions() as session:
        submission = session.get_one(Submission, UUID(key))
        submission.status = Status.FAILED
        submission.failure_code, submission.failure_detail = "internal-error", "It broke."
        submission.failure_traceback = TRACEBACK
        session.commit()


def _copy(cast: Cast, stage: Stage, by: str, key: str) -> str:
    entry = cast.entries.get(by)
    with cast.parts.sessions() as session:
        one = session.get_one(Submission, UUID(key))
        copied = {name: getattr(one, name) for name in SAME_OF_COPIES}
        copy = Submission(
            **copied,
            id=new_id(),
            phase_id=UUID(stage.phase_id),
            participation_id=None if entry is None else UUID(entry),
            submitted_by_id=UUID(cast.people[by].id),
            is_baseline=entry is None,
            received_at=utc_now(),
            status=Status.QUEUED,
        )
        session.add(copy)
        session.commit()
        return str(copy.id)


def _rank(cast: Cast, stage: Stage) -> None:
    rank_phase(cast.parts, UUID(stage.phase_id))
    board = cast.host.api.ok("GET", f"/phases/{stage.phase_id}/leaderboard")
    stage.snapshot = board["snapshot"]


def _change_ranking(host: Person, stage: Stage) -> None:
    path = f"/phases/{stage.phase_id}/ranking-changes"
    change = {"method": "mean-score"}
    seen = host.api.ok("POST", path, json=change)
    sure = {"apply": True, "expected": seen["expected"], "reason": "It is simpler."}
    host.api.ok("POST", path, json=change | sure)


def _set(parts: Parts, stage: Stage, **columns: Any) -> None:
    with parts.sessions() as session:
        phase = session.get_one(Phase, UUID(stage.phase_id))
        for name, value in columns.items():
            setattr(phase, name, value)
        session.commit()
