"""Keep a list of services running: start in order, restart what dies, stop in the reverse order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.local.children import last_lines
from app.local.errors import LocalError

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
STEADY_AFTER_S = 60.0


class Service(Protocol):
    """What can be supervised: PostgreSQL, Redis, or one of our programs."""

    @property
    def is_running(self) -> bool: ...

    @property
    def log(self) -> Path: ...

    def start(self) -> object: ...

    def stop(self) -> None: ...


def delay_s(deaths: int) -> float:
    """Return how long to wait after the n-th death in a row.

    >>> [delay_s(n) for n in (1, 2, 3, 10)]
    [0.5, 1.0, 2.0, 30.0]
    """
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (deaths - 1))


@dataclass
class _Record:
    deaths: int = 0
    started_at: float = 0.0
    due_at: float | None = None


class Supervisor:
    """Services by name, in the order in which they need each other.

    `clock` is monotonic seconds; `say` shows one line to the person at the terminal.
    Call every method from the main thread: children die with the thread that started them.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        *,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self.services = dict(services)
        self._clock = clock
        self._say = say
        self._records: dict[str, _Record] = {}

    def add(self, name: str, service: Service) -> None:
        """Start one more service and watch it from now on."""
        self.services[name] = service
        self._start(name)

    def start(self) -> None:
        """Start every service that is not watched yet, in order."""
        for name in self.services:
            if name not in self._records:
                self._start(name)

    def check(self) -> None:
        """Notice who died and restart those whose time has come; call it a few times a second."""
        now = self._clock()
        for name, service in self.services.items():
            record = self._records[name]
            if record.due_at is None and not service.is_running:
                self._note_death(name, record, now=now)
            if record.due_at is not None and now >= record.due_at:
                self._restart(name, record)

    def stop(self) -> None:
        """Stop everything, last started first."""
        for name in reversed(list(self._records)):
            self.services[name].stop()
        self._records.clear()

    def _start(self, name: str) -> None:
        self._records[name] = _Record()  # before the start: a half-started service is stopped too
        self.services[name].start()
        self._records[name].started_at = self._clock()

    def _note_death(self, name: str, record: _Record, *, now: float) -> None:
        steady = now - record.started_at >= STEADY_AFTER_S
        record.deaths = 1 if steady else record.deaths + 1
        wait = delay_s(record.deaths)
        record.due_at = now + wait
        said = last_lines(self.services[name].log, 1)
        self._say(f"{name} died, starting it again in {wait:g} s. Its last words: {said}")

    def _restart(self, name: str, record: _Record) -> None:
        record.due_at = None
        record.started_at = self._clock()
        try:
            self.services[name].start()
        except LocalError as error:  # counts as a death at the next check
            self._say(f"{name}: {error}")
