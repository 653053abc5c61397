"""A watcher of a submission's events, as a browser is one."""

import json
import threading
from types import TracebackType
from typing import Any, Self

import httpx

from tests.api import PLAIN, PREFIX
from tests.builders import Person
from tests.e2e.system import until


class Stream:
    """An open event stream, read in a thread until the server ends it."""

    def __init__(self, person: Person, submission_id: str) -> None:
        self._url = f"{person.api.url}{PREFIX}/submissions/{submission_id}/events"
        self._headers = {"Authorization": f"Bearer {person.token}"}
        self._thread = threading.Thread(target=self._read)
        self.events: list[dict[str, Any]] = []
        self.broken: httpx.HTTPError | None = None

    @property
    def statuses(self) -> list[str]:
        return [event["status"] for event in self.events]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.join()

    def wait_for_an_event(self) -> None:
        """Wait until the server has told the present state."""
        until(lambda: self.events or self.broken, "the stream tells the state")

    def wait_for_the_end(self) -> None:
        """Wait until the server ends the stream; it must not break off."""
        self._thread.join(60)
        assert not self._thread.is_alive(), "the stream goes on for ever"
        assert self.broken is None, self.broken

    def _read(self) -> None:
        try:
            with httpx.stream(
                "GET", self._url, headers=self._headers, timeout=60, verify=PLAIN
            ) as answer:
                assert answer.status_code == httpx.codes.OK
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        self.events.append(json.loads(line.removeprefix("data:")))
        except httpx.HTTPError as error:
            self.broken = error
