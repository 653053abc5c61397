"""Starting in order, restarting what dies, stopping in reverse: with a clock in the test's hand."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.local.errors import LocalError
from app.local.supervisor import LONGEST_DELAY_S, STEADY_AFTER_S, Supervisor, delay_s


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Recorded:
    """A service that writes down what is done to it."""

    name: str
    events: list[str]
    log: Path = Path("/nonexistent/log")
    is_running: bool = False
    refusals: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.events.append(f"start {self.name}")
        if self.refusals:
            raise LocalError(self.refusals.pop())
        self.is_running = True

    def stop(self) -> None:
        self.events.append(f"stop {self.name}")
        self.is_running = False


@dataclass
class House:
    """Three services under a supervisor."""

    events: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.services = {name: Recorded(name, self.events) for name in ("a", "b", "c")}
        self.supervisor = Supervisor(self.services, clock=self.clock, say=self.said.append)


@pytest.fixture
def house() -> House:
    return House()


def test_services_start_in_order_and_stop_in_reverse(house: House) -> None:
    house.supervisor.start()
    house.supervisor.stop()
    assert house.events == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]


def test_a_service_added_later_is_watched_and_stopped_first(house: House) -> None:
    house.supervisor.start()
    house.supervisor.add("d", Recorded("d", house.events))
    house.supervisor.start()
    house.supervisor.stop()
    assert house.events[3:5] == ["start d", "stop d"]


def test_a_start_that_fails_leaves_only_what_was_begun_to_be_stopped(house: House) -> None:
    house.services["b"].refusals = ["no"]
    with pytest.raises(LocalError, match="no"):
        house.supervisor.start()
    house.supervisor.stop()
    assert house.events == ["start a", "start b", "stop b", "stop a"]


def test_nothing_happens_while_all_are_alive(house: House) -> None:
    house.supervisor.start()
    house.supervisor.check()
    assert house.events == ["start a", "start b", "start c"]
    assert house.said == []


def test_a_dead_service_is_restarted_once_its_delay_is_over(house: House) -> None:
    house.supervisor.start()
    house.services["b"].is_running = False
    house.supervisor.check()
    assert house.events[-1] == "start c"
    house.clock.now += delay_s(1)
    house.supervisor.check()
    assert house.events[-1] == "start b"
    assert house.said == ["b died, starting it again in 0.5 s. Its last words: (no log)"]


def test_deaths_in_a_row_lengthen_the_delay_and_a_steady_life_resets_it(house: House) -> None:
    house.supervisor.start()
    delays = []
    for life_s in (1.0, 1.0, 1.0, STEADY_AFTER_S):
        house.clock.now += life_s
        house.services["a"].is_running = False
        house.supervisor.check()
        delays.append(float(house.said[-1].split(" in ")[1].split(" s.")[0]))
        house.clock.now += delays[-1]
        house.supervisor.check()
    assert delays == [0.5, 1.0, 2.0, 0.5]


def test_the_delay_has_a_limit() -> None:
    assert delay_s(100) == LONGEST_DELAY_S


def test_a_restart_that_fails_is_told_and_tried_again(house: House) -> None:
    house.supervisor.start()
    house.services["c"].is_running = False
    house.services["c"].refusals = ["port taken"]
    house.supervisor.check()
    house.clock.now += delay_s(1)
    house.supervisor.check()
    assert house.said[-1] == "c: port taken"
    house.supervisor.check()
    house.clock.now += delay_s(2)
    house.supervisor.check()
    assert house.services["c"].is_running
