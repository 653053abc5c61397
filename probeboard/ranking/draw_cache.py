"""Draws of submissions already drawn, within a bound on memory."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from probeboard.ranking.draws import TaskDraws, task_draws
from probeboard.ranking.split_scores import TaskSplitScores


class DrawCache:
    """Keeps draws by submission, so that one more submission costs one row of them.

    A submission's draws depend on nothing but its split scores, the seed and the task; they are
    4 bytes per task and draw. The least recently used go first. What is kept equals what would be
    drawn again, so the cache never shows in a result.

    Parameters
    ----------
    max_bytes
        What it may hold. A pool whose draws are larger is drawn without it.
    """

    def __init__(self, max_bytes: int = 64 << 20) -> None:
        self.max_bytes = max_bytes
        self._rows: OrderedDict[Hashable, NDArray[np.float32]] = OrderedDict()
        self._nbytes = 0

    @property
    def nbytes(self) -> int:
        """What it holds."""
        return self._nbytes

    def draw(
        self,
        task: TaskSplitScores,
        *,
        of_q: bool,
        seed: str,
        n_draws: int,
        rows: NDArray[np.intp],
        keys: Sequence[Hashable],
    ) -> "TaskDraws | KeptDraws":
        """Give the draws of `task_draws`, computing those of new keys only.

        Parameters
        ----------
        task, of_q, seed, n_draws, rows
            As for `task_draws`.
        keys
            One per submission of the task (not per row): names its split scores, for good.
        """
        if len(rows) * n_draws * np.dtype(np.float32).itemsize > self.max_bytes:
            return task_draws(task, of_q=of_q, seed=seed, n_draws=n_draws, rows=rows)
        context = (seed, n_draws, of_q, task.name, task.group, task.n_splits, task.test_to_train)
        names = [(context, keys[row]) for row in rows]
        new = [i for i, name in enumerate(names) if name not in self._rows]
        drawn = np.empty((n_draws, 0), dtype=np.float32)
        if new:
            made = task_draws(task, of_q=of_q, seed=seed, n_draws=n_draws, rows=rows[new])
            drawn = made.between(0, n_draws)
            for i, row in zip(new, np.ascontiguousarray(drawn.T), strict=True):
                self._rows[names[i]] = row.copy()  # one may go without the others
                self._nbytes += row.nbytes
        for name in names:
            self._rows.move_to_end(name)
        if len(new) < len(names):  # of a first board all are new, and in place
            drawn = np.stack([self._rows[name] for name in names], axis=1)
        self._forget()
        return KeptDraws(drawn)

    def _forget(self) -> None:
        while self._nbytes > self.max_bytes:
            self._nbytes -= self._rows.popitem(last=False)[1].nbytes


class KeptDraws:
    """Draws of one task that are in memory; otherwise as `TaskDraws`."""

    def __init__(self, drawn: NDArray[np.float32]) -> None:
        self._drawn = drawn

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """Draws ``start .. stop - 1``, shape ``(stop - start, n)``."""
        return self._drawn[start:stop]
