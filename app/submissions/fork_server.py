"""The process that becomes the children which read untrusted files, one child a file.

It loads once what every child needs, and forks: a child begins after milliseconds, not after the
third of a second that Python, NumPy and PyArrow take to load. It looks at no file itself, so what
a file does to a child is gone with that child. Run by its path and in isolated mode by
`app.submissions.forking`, where the protocol is told.
"""

import contextlib
import ctypes
import os
import runpy
import selectors
import signal
import socket
import sys
import traceback
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class Server:
    """Forks a child for each three files it is sent, and tells how each ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lives: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._ended, self._wake = os.pipe()
        for end in (self._ended, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler is what writes to the pipe
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._ended, selectors.EVENT_READ)

    def serve(self) -> bool:
        """Return True in each child; in the server False, once nobody can ask for more."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj == self._ended:
                    self._bury()
                elif key.fileobj != self._control:
                    self._let_go(key.data)
                else:
                    byte, files, _, _ = socket.recv_fds(self._control, 1, 3)
                    if not byte:
                        for pid in list(self._lives):
                            self._let_go(pid)
                        return False
                    if self._fork(files):
                        return True

    def _fork(self, files: list[int]) -> bool:
        """Become two; tell whether this is the child, with its files and no others."""
        talk, errors, life = files
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            die_with(server)
            for file, name in ((talk, 0), (talk, 1), (errors, 2)):
                os.dup2(file, name)
            self._forget([talk, errors, life])
            return True
        os.close(talk)
        os.close(errors)
        self._lives[pid] = socket.socket(fileno=life)
        self._selector.register(life, selectors.EVENT_READ, pid)
        return False

    def _forget(self, files: list[int]) -> None:
        """Close, in a child, all that is the server's."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._selector.close()
        for one in (self._control, *self._lives.values()):
            one.close()
        for file in (self._ended, self._wake, *files):
            os.close(file)

    def _let_go(self, pid: int) -> None:
        """End a child nobody waits for; it is buried as any other."""
        if pid in self._lives:
            self._selector.unregister(self._lives[pid])
            os.kill(pid, signal.SIGKILL)

    def _bury(self) -> None:
        """Tell of every child that has ended how it did, and hang up."""
        os.read(self._ended, 4096)
        while self._lives:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            life = self._lives.pop(pid)
            with contextlib.suppress(KeyError):  # it was let go
                self._selector.unregister(life)
            with life, contextlib.suppress(OSError):  # nobody waits for it
                life.send(str(os.waitstatus_to_exitcode(status)).encode())


def die_with(parent: int) -> None:
    """Ask the kernel, where it can, to kill this process when its parent dies."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before we asked
        raise SystemExit("the parent is gone")


def main() -> None:
    """Serve; and in each child, run the script that the first line on standard input names."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # The checkout, or site-packages: isolated mode leaves out the folder of the script.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    import pyarrow

    import probeboard.embeddings  # noqa: F401 - what takes long to load

    pyarrow.array([""])  # the first conversion looks for pandas, and loads it if it is there
    if Server(control).serve():
        code = run(sys.stdin.buffer.readline().decode().removesuffix("\n").split("\0"))
        with contextlib.suppress(OSError, ValueError):  # nobody reads it, or it was closed
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # taking everything down in order takes longer than most files


def run(arguments: list[str]) -> int:
    """Run a script as the interpreter would, and return its exit status."""
    sys.argv = arguments
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)  # noqa: T201  as the interpreter does
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
