"""When the demo is over: go on serving, or end with its outcome."""

import io
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from app.local.errors import LocalError
from app.local.session import Options, _supervise
from app.local.supervisor import Supervisor
from app.local.terminal import Terminal


@dataclass
class Ended:
    """A demo that is over."""

    failure: LocalError | None
    has_ended: bool = True


def _run(playing: Any, *, exit_after_demo: bool) -> str:
    stream = io.StringIO()
    stop = threading.Event()
    # Whoever goes on serving is stopped a moment later.
    timer = threading.Timer(0.5, stop.set)
    timer.start()
    _supervise(
        Supervisor({}, clock=lambda: 0.0, say=lambda _line: None),
        playing,
        url="http://127.0.0.1:1",
        terminal=Terminal(Console(file=stream)),
        stop=stop,
        options=Options(
            data=Path("x"),
            port=None,
            demo=True,
            example=Path("y"),
            exit_after_demo=exit_after_demo,
        ),
    )
    timer.join()
    return stream.getvalue()


def test_asked_to_exit_after_a_demo_that_went_well_it_says_nothing_more() -> None:
    assert _run(Ended(None), exit_after_demo=True) == ""


def test_asked_to_exit_after_a_demo_that_failed_it_fails_with_its_reason() -> None:
    with pytest.raises(LocalError, match="the reason"):
        _run(Ended(LocalError("the reason")), exit_after_demo=True)


def test_else_it_serves_on_and_says_so_once() -> None:
    said = _run(Ended(LocalError("the reason")), exit_after_demo=False)
    assert said.count("did not end well: the reason") == said.count("Serving") == 1


def test_while_the_demo_plays_nothing_is_announced() -> None:
    assert _run(Ended(None, has_ended=False), exit_after_demo=False) == ""
