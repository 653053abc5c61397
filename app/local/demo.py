"""The demo challenge, played through the HTTP API as its organizer and its teams would.

Every step may be repeated: what is there is found again, and a submission's idempotency key is
made of phase, team and file, so that a second start (or one after a crash) submits nothing twice.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from app.local import examples
from app.local.client import Api
from app.local.credentials import Credentials
from app.local.errors import LocalError
from app.local.examples import Entry, Example, Person

POLL_EVERY_S = 0.4
RANKED_WITHIN_S = 60.0
ENDED = {"scored", "rejected", "failed", "withdrawn"}


class Interrupted(Exception):
    """The system is being stopped; the next start goes on from here."""


@dataclass(frozen=True)
class Progress:
    """How far the scoring of one phase is."""

    phase: str
    submissions_done: int
    submissions_total: int
    tasks_done: int
    tasks_total: int


@dataclass(frozen=True)
class Outcome:
    """What the person at the terminal is shown at the end."""

    boards: Mapping[str, dict[str, Any]]
    phase_ids: Mapping[str, str]
    organizer_token: str
    guest_token: str
    not_scored: tuple[str, ...]


@dataclass(frozen=True)
class Demo:
    """One playing of `example` against `api`, until `stop` is set."""

    api: Api
    example: Example
    credentials: Credentials
    allow_organizer: Callable[[str], None]
    show: Callable[[Progress], None]
    stop: threading.Event

    def play(self) -> Outcome:
        """Set the challenge up, hand everything in, wait until it is ranked.

        Raises LocalError when the server refuses a step, Interrupted when asked to stop.
        """
        if self.credentials.finished and self._is_there():
            return self._outcome(self.credentials.finished, not_scored=[])
        self.api.register(self.example.organizer, self.credentials)
        self.allow_organizer(self.example.organizer.email)
        organizer = self._organizer_token()
        challenge = self.api.upload_bundle(
            examples.bundle(self.example.folder), slug=self.example.slug, token=organizer
        )
        phase_ids = {phase["slug"]: str(phase["id"]) for phase in challenge["phases"]}
        tokens = {person: self._enter(person) for person in self.example.participants}
        tokens[self.example.organizer] = organizer
        not_scored: list[str] = []
        for phase in self.example.phases:
            not_scored += self._play_phase(phase, phase_id=phase_ids[phase], tokens=tokens)
        if not not_scored:
            self.credentials.store_finished(phase_ids)
        return self._outcome(phase_ids, not_scored=not_scored)

    def _is_there(self) -> bool:
        """Tell whether the finished demo is in this database still."""
        missing = (HTTPStatus.NOT_FOUND,)
        answer = self.api.call("GET", f"/challenges/{self.example.slug}", allowed=missing)
        if not answer.is_success:
            return False
        ids = {phase["slug"]: str(phase["id"]) for phase in answer.json()["phases"]}
        return ids == self.credentials.finished

    def _outcome(self, phase_ids: Mapping[str, str], *, not_scored: list[str]) -> Outcome:
        guest = self.api.lasting_token(self.example.guest, self.credentials, ["read", "submit"])
        return Outcome(
            boards={phase: self._board(phase_ids[phase]) for phase in self.example.phases},
            phase_ids=phase_ids,
            organizer_token=self._organizer_token(),
            guest_token=guest,
            not_scored=tuple(not_scored),
        )

    def _organizer_token(self) -> str:
        scopes = ["read", "submit", "organize"]
        return self.api.lasting_token(self.example.organizer, self.credentials, scopes)

    def _enter(self, person: Person) -> str:
        """Register a participant, make the team, accept the terms; return a token."""
        self._pause(0)
        self.api.register(person, self.credentials)
        token = self.api.sign_in(person, self.credentials)
        team_id = self.api.ensure_team(str(person.team), token=token)
        self.api.call(
            "POST",
            f"/challenges/{self.example.slug}/participations",
            token=token,
            json={"team_id": team_id, "terms_version": self.example.terms_version},
            allowed=(HTTPStatus.CONFLICT,),  # it takes part already
        )
        return token

    def _play_phase(self, phase: str, *, phase_id: str, tokens: Mapping[Person, str]) -> list[str]:
        """Hand in and wait; return a line for each submission that did not get a score."""
        watched: dict[str, Entry] = {}
        for entry in self.example.entries:
            if entry.phase == phase:
                self._pause(0)
                answer = self.api.submit(
                    entry, phase_id=phase_id, key=_key(entry), token=tokens[entry.person]
                )
                watched[str(answer["id"])] = entry
                self.show(Progress(phase, 0, len(watched), 0, 0))
        states = self._wait_until_ended(
            phase, phase_id=phase_id, watched=watched, organizer=tokens[self.example.organizer]
        )
        scored = {name for name, state in states.items() if state["status"] == "scored"}
        self._wait_until_ranked(phase_id, scored)
        return [
            f"{phase}: {entry.fields['method_name']} is {states[name]['status']}"
            for name, entry in watched.items()
            if name not in scored
        ]

    def _wait_until_ended(
        self, phase: str, *, phase_id: str, watched: Mapping[str, Entry], organizer: str
    ) -> dict[str, dict[str, Any]]:
        """Look, as the organizer who sees all at once, until none of `watched` is under way."""
        while True:
            listed = self.api.json("GET", f"/phases/{phase_id}/submissions", token=organizer)
            states = {item["id"]: item for item in listed["items"] if item["id"] in watched}
            self.show(_progress(phase, list(states.values())))
            if sum(state["status"] in ENDED for state in states.values()) == len(watched):
                return states
            self._pause(POLL_EVERY_S)

    def _wait_until_ranked(self, phase_id: str, expected: set[str]) -> None:
        waited_s = 0.0
        while not expected <= _on_board(self._board(phase_id)):
            if waited_s >= RANKED_WITHIN_S:
                raise LocalError("The leaderboard was not ranked in time; see logs/worker.log.")
            self._pause(POLL_EVERY_S)
            waited_s += POLL_EVERY_S

    def _board(self, phase_id: str) -> dict[str, Any]:
        unranked = (HTTPStatus.NOT_FOUND,)
        answer = self.api.call("GET", f"/phases/{phase_id}/leaderboard", allowed=unranked)
        board: dict[str, Any] = answer.json() if answer.is_success else {"entries": []}
        return board

    def _pause(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Interrupted


def _key(entry: Entry) -> str:
    digest = hashlib.sha256(entry.file.read_bytes()).hexdigest()[:16]
    return f"demo-{entry.phase}-{digest}"


def _progress(phase: str, states: list[dict[str, Any]]) -> Progress:
    return Progress(
        phase=phase,
        submissions_done=sum(state["status"] in ENDED for state in states),
        submissions_total=len(states),
        tasks_done=sum(state.get("tasks_done") or 0 for state in states),
        tasks_total=sum(state.get("tasks_total") or 0 for state in states),
    )


def _on_board(board: dict[str, Any]) -> set[str]:
    return {str(entry["submission_id"]) for entry in board["entries"]}
