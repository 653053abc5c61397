"""One `make run`: everything up, the demo played beside it, then serving until told to stop."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from app.local import system
from app.local.children import last_lines
from app.local.demo import Interrupted
from app.local.errors import LocalError
from app.local.folder import only_instance, prepare
from app.local.playing import Playing
from app.local.ports import DEFAULT_PORT, HOST, choose
from app.local.supervisor import Supervisor
from app.local.terminal import Terminal

LOOK_EVERY_S = 0.2
SERVER_UP_WITHIN_S = 60.0


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    data: Path
    port: int | None
    demo: bool
    example: Path
    exit_after_demo: bool


def run(options: Options, *, environment: Mapping[str, str], terminal: Terminal) -> None:
    """Run the system until Ctrl-C, SIGTERM or (if asked for) the end of the demo.

    Raises LocalError when it cannot start, or when the demo it should exit after has failed.
    """
    data = prepare(options.data)
    with only_instance(data), _signals_set(threading.Event()) as stop:
        port = choose(options.port)
        if options.port is None and port != DEFAULT_PORT:
            terminal.say(f"Port {DEFAULT_PORT} is in use, taking {port}.")
        supervisor = Supervisor({}, clock=time.monotonic, say=terminal.say)
        try:
            child_environment = _start(
                supervisor, data=data, port=port, environment=environment, terminal=terminal
            )
            url = f"http://{HOST}:{port}"
            _wait_for_server(supervisor, url=url, stop=stop)
            playing = None
            if options.demo:
                playing = Playing(
                    data=data,
                    example=options.example,
                    url=url,
                    environment=child_environment,
                    terminal=terminal,
                    stop=stop,
                )
            _supervise(supervisor, playing, url=url, terminal=terminal, stop=stop, options=options)
        except Interrupted:
            pass
        finally:
            terminal.say("Stopping ...")
            supervisor.stop()


def _start(
    supervisor: Supervisor,
    *,
    data: Path,
    port: int,
    environment: Mapping[str, str],
    terminal: Terminal,
) -> dict[str, str]:
    """Start servers, migrate, start our programs; return the environment they got."""
    chosen = system.servers(data, environment)
    terminal.say(
        f"Starting {', '.join([*chosen.embedded, 'server, worker, beat, notifier'])} in {data} ..."
    )
    for name, service in chosen.embedded.items():
        supervisor.add(name, service)
    system.create_database(chosen)
    result = system.child_environment(chosen, data, port=port, environment=environment)
    system.migrate(result, log=data / "logs" / "migrate.log")
    for name, service in system.programs(data, result, port=port).items():
        supervisor.add(name, service)
    return result


def _wait_for_server(supervisor: Supervisor, *, url: str, stop: threading.Event) -> None:
    """Wait until the server answers.

    Raises LocalError when it dies or stays silent, Interrupted when told to stop.
    """
    server = supervisor.services["server"]
    deadline = time.monotonic() + SERVER_UP_WITHIN_S
    while server.is_running and time.monotonic() < deadline:
        if _is_live(url):
            return
        if stop.wait(LOOK_EVERY_S / 2):
            raise Interrupted
    raise LocalError(f"The server did not start: {last_lines(server.log)} (see {server.log})")


def _is_live(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", trust_env=False, timeout=5.0).is_success
    except httpx.TransportError:
        return False


def _supervise(
    supervisor: Supervisor,
    playing: Playing | None,
    *,
    url: str,
    terminal: Terminal,
    stop: threading.Event,
    options: Options,
) -> None:
    """Look after the children until told to stop; report when the demo has ended."""
    announced = False
    while not stop.wait(LOOK_EVERY_S):
        supervisor.check()
        if announced or (playing is not None and not playing.has_ended):
            continue
        failure = playing.failure if playing is not None else None
        if options.exit_after_demo:
            if failure is not None:
                raise failure
            return
        if failure is not None:
            terminal.say(f"The demo did not end well: {failure}")
        terminal.say(f"Serving {url} (API: {url}/docs). Ctrl-C stops everything.")
        announced = True


@contextmanager
def _signals_set(stop: threading.Event) -> Iterator[threading.Event]:
    """Let Ctrl-C, SIGTERM and a closed terminal set `stop` while the block runs."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
