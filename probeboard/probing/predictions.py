"""Predictions of test rows, as they are kept: float32, one array per split and task."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from probeboard.probing.task import TaskScores

LARGEST = float(np.finfo(np.float32).max)


def to_single(values: NDArray[Any]) -> NDArray[np.float32]:
    """Round to float32; what lies beyond its range becomes its largest value.

    Examples
    --------
    >>> to_single(np.array([0.1, -1e300]))
    array([ 1.0000000e-01, -3.4028235e+38], dtype=float32)
    """
    return np.asarray(np.clip(values, -LARGEST, LARGEST), dtype=np.float32)


def pack_predictions(scores: Iterable[TaskScores]) -> bytes:
    """Write the predictions of an evaluation as a compressed NPZ without pickle.

    The same predictions give the same bytes. An array is named ``<task>/<number of the split>``.

    Parameters
    ----------
    scores
        With predictions, of tasks with different names.

    Examples
    --------
    >>> split = np.zeros(1)
    >>> one = TaskScores(
    ...     "height", "r2", split, split, mean=0.0, std=0.0, q=0.0, standard_error=None,
    ...     test_to_train=0.5, predictions=(np.ones(3, dtype=np.float32),),
    ... )
    >>> unpack_predictions(pack_predictions([one]))["height"][0]
    array([1., 1., 1.], dtype=float32)
    """
    arrays = {
        f"{one.name}/{number}": predicted
        for one in scores
        for number, predicted in enumerate(one.predictions)
    }
    buffer = io.BytesIO()
    # NumPy gives every member of the archive the same date.
    np.savez_compressed(buffer, allow_pickle=False, **_as_keywords(arrays))
    return buffer.getvalue()


def unpack_predictions(data: bytes) -> dict[str, tuple[NDArray[np.float32], ...]]:
    """Read back what `pack_predictions` wrote: a task's predictions, one array per split.

    Raises
    ------
    ValueError
        If the bytes are no such archive.
    """
    found: dict[str, dict[int, NDArray[np.float32]]] = {}
    archive = np.load(io.BytesIO(data), allow_pickle=False)
    if not isinstance(archive, NpzFile):
        raise ValueError("these bytes are no archive of predictions")
    with archive:
        for member in archive.files:
            task, _, number = member.rpartition("/")
            found.setdefault(task, {})[int(number)] = archive[member]
    return {task: tuple(by[number] for number in sorted(by)) for task, by in found.items()}


def _as_keywords(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    # A task may be called "file" or "allow_pickle"; no array is, because of the slash.
    return dict(arrays)
