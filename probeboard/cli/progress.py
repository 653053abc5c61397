"""A bar on a terminal; silence anywhere else."""

from typing import TextIO

_WIDTH = 24
_CLEAR = "\r\x1b[K"


class Progress:
    """How many of the tasks are scored."""

    def __init__(self, stream: TextIO, *, total: int) -> None:
        self._stream = stream if stream.isatty() else None
        self._total = total
        self._done = 0
        self._draw("")

    def step(self, name: str) -> None:
        """Note one more as done."""
        self._done += 1
        self._draw(name)

    def close(self) -> None:
        """Leave the line as it was before."""
        if self._stream:
            self._stream.write(_CLEAR)
            self._stream.flush()

    def _draw(self, name: str) -> None:
        if self._stream:
            filled = _WIDTH * self._done // self._total
            bar = "#" * filled + "." * (_WIDTH - filled)
            self._stream.write(f"{_CLEAR}[{bar}] {self._done}/{self._total} tasks  {name}")
            self._stream.flush()
