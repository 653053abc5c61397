"""Children of a fork server, and how each of them is asked, watched and ended.

A byte on the server's control socket, with three sockets, makes a child:

- *talk*: its standard input and output. The first line names its script and arguments; what follows
  is the script's own.
- *errors*: its standard error.
- *life*: held by the server, which kills the child when our side is shut, and answers with the
  child's exit status when it has ended.
"""

import asyncio
import contextlib
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SERVER = Path(__file__).with_name("fork_server.py")
_OUTPUT_BYTES = 1 << 20
_ERRORS_TAIL_BYTES = 4000
_STOP_WITHIN_S = 5.0


class ChildLost(RuntimeError):
    """The server could not be started, or is gone, and the child with it."""


@dataclass(frozen=True)
class Ending:
    """How a child ended."""

    returncode: int
    timed_out: bool
    stdout: bytes
    stderr: bytes


class ForkServer:
    """Starts its process with the first child, and anew when it has died."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Of its process, if it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def start(self) -> socket.socket:
        """Start the process unless it runs; do not wait until it has loaded what it needs.

        Raises
        ------
        ChildLost
            If it cannot be started.
        """
        if self._control is not None and self.pid is not None:
            return self._control
        self.close()
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603  our own command
                    [sys.executable, "-I", "-B", str(_SERVER), str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=self._environment,
                    cwd="/",
                    start_new_session=True,
                )
            except OSError as error:
                ours.close()
                raise ChildLost(f"the child cannot be started: {error}") from error
        ours.setblocking(False)
        self._control = ours
        return ours

    def close(self) -> None:
        """Hang up: the process ends its children, and itself."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    async def run(
        self, script: Path, arguments: Sequence[str], request: bytes, *, wall_s: float
    ) -> Ending:
        """Run a script to its end, which comes at the latest after `wall_s`, or when cancelled.

        Raises
        ------
        ChildLost
            If there is no child, or nobody can tell how it ended.
        """
        talk, errors, life = self._fork()
        order = "\0".join([str(script), *arguments]).encode() + b"\n" + request
        told = asyncio.ensure_future(_talk(talk, errors, life, order))
        timed_out = False
        try:
            async with asyncio.timeout(wall_s):
                await asyncio.shield(told)
        except TimeoutError:
            timed_out = True
        finally:
            with contextlib.suppress(OSError):
                life.shutdown(socket.SHUT_WR)
            # The child is gone now, so this returns, and leaves neither process nor socket.
            stdout, stderr, status = await asyncio.shield(told)
        if not status:
            raise ChildLost("the server of the child is gone")
        return Ending(int(status), timed_out, stdout, stderr)

    def _fork(self) -> tuple[socket.socket, socket.socket, socket.socket]:
        control = self.start()
        pairs = [socket.socketpair() for _ in range(3)]
        try:
            socket.send_fds(control, [b"f"], [theirs.fileno() for _, theirs in pairs])
        except OSError as error:
            for ours, _ in pairs:
                ours.close()
            raise ChildLost(f"the child cannot be started: {error}") from error
        finally:
            for _, theirs in pairs:
                theirs.close()
        talk, errors, life = (ours for ours, _ in pairs)
        return talk, errors, life


async def _talk(
    talk: socket.socket, errors: socket.socket, life: socket.socket, order: bytes
) -> tuple[bytes, bytes, bytes]:
    """Send the order; return standard output, the end of standard error, and the exit status."""
    streams = [await asyncio.open_unix_connection(sock=one) for one in (talk, errors, life)]
    try:
        (output, orders), (complaints, _), (status, _) = streams
        stdout, stderr, code, _ = await asyncio.gather(
            _read_tail(output, _OUTPUT_BYTES),
            _read_tail(complaints, _ERRORS_TAIL_BYTES),
            _read_tail(status, 16),
            _write(orders, order),
        )
    finally:
        for _, writer in streams:
            writer.close()
    return stdout, stderr, code


async def _read_tail(stream: asyncio.StreamReader, keep: int) -> bytes:
    """Read to the end, however it comes, and return the last `keep` bytes."""
    tail = b""
    with contextlib.suppress(ConnectionError):
        while data := await stream.read(1 << 16):
            tail = (tail + data)[-keep:]
    return tail


async def _write(stream: asyncio.StreamWriter, order: bytes) -> None:
    # A child that died before it read its order is told by its exit, not by the socket.
    with contextlib.suppress(ConnectionError, OSError):
        stream.write(order)
        await stream.drain()
        stream.write_eof()
