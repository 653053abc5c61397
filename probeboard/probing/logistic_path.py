"""Fit logistic regressions along a path of penalties, and converge each at the best of them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from probeboard.labelsets import Split
from probeboard.probing.axes import Axes, CentredRows
from probeboard.probing.descent import descend
from probeboard.probing.logistic import Curvature, Problems, contrasts
from probeboard.probing.logistic_blocks import Blocks
from probeboard.probing.logistic_choice import Criterion, leave_one_out
from probeboard.probing.logistic_memory import Memory, settle
from probeboard.probing.logistic_newton import approach, finish

Array = NDArray[Any]
Single = NDArray[np.float32]
Vector = NDArray[np.float64]

# Decrements (see `descent`) of the fits that only compare penalties and of those that double
# precision starts from, how many steps these may take, and how precise final logits are.
PATH_TOLERANCE, PATH_STEPS, WEAK_STEPS = 0.5, 20, 100
CLOSE_TOLERANCE, CLOSE_STEPS = 2e-4, 200
NEWTON_TOLERANCE = 1.0
FINAL_TOLERANCE = 1e-6
# Penalties of a path that are tried whatever is found, and what one after them has to gain of the
# criterion: less is mostly noise, and costs as much. On synthetic spectra (k^-2.2, k^-4, eight
# decades of exponential decay; 2 to 6 classes, 300 and 1500 training rows of 128 dimensions) the
# mean loss against the best common penalty is .051 of F1 if the path just ends, and .009 to .011
# with any of 0 to .02 here (measured before the last changes of the tolerances above). Among these,
# .005 was taken by how it did on the demo's tasks.
ALWAYS, LEAST_GAIN = 5, 0.005
# What is left of a sum of squares in single precision after one as large was taken away.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class Training:
    """The training rows of a task's splits.

    Attributes
    ----------
    numbers
        Shape ``(n,)``: rows that train at least one split; what follows is of these alone.
    everyone
        All rows, as `source`.
    rows, source, vectors, spectrum, count
        As in `Problems`.
    masks
        Shape ``(k, 1, n)``: 1 where the row trains the split.
    units
        Shape ``(k,)``: mean eigenvalue of each split's centred training Gram matrix.
    """

    numbers: NDArray[np.intp]
    everyone: CentredRows
    rows: Single
    source: CentredRows
    vectors: NDArray[np.float64]
    spectrum: Single
    count: int
    masks: Single
    units: Vector

    @classmethod
    def of(cls, axes: Axes, splits: tuple[Split, ...], *, rough: bool = False) -> "Training":
        """Gather them; penalties of splits whose training rows are all alike are those of all.

        Along rough axes, if that is enough.
        """
        found = axes.rough if rough else axes.principal
        count = len(found.single)
        masks = np.zeros((len(splits), count), dtype=np.float32)
        for mask, split in zip(masks, splits, strict=True):
            mask[split.train] = 1
        numbers = np.flatnonzero(masks.any(axis=0))
        rows, source = found.single, found.source
        if numbers.size < count:
            rows, source, masks = (
                rows[numbers],
                replace(source, numbers=source.numbers[numbers]),
                masks[:, numbers],
            )
        units = _variation(rows, masks) / axes.dims
        units[units == 0] = float(found.eigenvalues.sum()) / axes.dims or 1.0
        spectrum = np.append(1.0, found.eigenvalues / count).astype(np.float32)
        return cls(
            numbers=numbers,
            everyone=found.source,
            rows=rows,
            source=source,
            vectors=found.vectors,
            spectrum=spectrum,
            count=count,
            masks=masks[:, None],
            units=units,
        )

    def problems(self, splits: NDArray[np.intp], Y: Single) -> Problems:
        """Problems on the splits given, with the same Y as in `Problems`, penalised by a unit."""
        return Problems(
            rows=self.rows,
            source=self.source,
            vectors=self.vectors,
            spectrum=self.spectrum,
            count=self.count,
            contrasts=contrasts(Y.shape[1]),
            Y=Y,
            mask=self.masks[splits],
            penalties=self.units[splits],
        )

    def fit(
        self, splits: NDArray[np.intp], Y: Single, *, relative: Vector, criterion: Criterion
    ) -> tuple[Array, Vector]:
        """Logits of all rows, ``(m, c, count)``, and penalties, of problems on the splits given.

        The fits that compare penalties need not be precise; the one that is chosen is.
        """
        problems, units = self.problems(splits, Y), self.units[splits]
        blocks = Blocks.if_they_pay(problems)
        weights, chosen = _choose(problems, units, relative, criterion, blocks)
        problems = problems.at(relative[chosen] * units)
        preconditioner: Blocks | Memory
        if blocks is None:
            weights, preconditioner = settle(
                problems, weights, tolerance=CLOSE_TOLERANCE, max_steps=CLOSE_STEPS
            )
        else:
            weights, _ = approach(problems, weights, blocks, tolerance=NEWTON_TOLERANCE)
            preconditioner = blocks
        exact, logits = finish(problems, weights, preconditioner, tolerance=FINAL_TOLERANCE)
        return problems.of_classes(self._everywhere(exact, logits)), problems.penalties

    def _everywhere(self, weights: Array, trained: Array) -> Array:
        """Logits of all rows, where those of rows that train a split are known."""
        others = np.setdiff1d(np.arange(self.count), self.numbers)
        logits = np.empty((*trained.shape[:2], self.count))
        logits[..., self.numbers] = trained
        source = replace(self.everyone, numbers=self.everyone.numbers[others])
        logits[..., others] = predict(source, self.vectors, weights)
        return logits


def _variation(rows: Single, masks: Single) -> Vector:
    """Summed squared distances of training rows from their mean; 0 if only rounding."""
    total = masks @ np.einsum("nj,nj->n", rows[:, 1:], rows[:, 1:], dtype=np.float64)
    sums = (masks @ rows)[:, 1:].astype(np.float64)
    within = total - np.einsum("kj,kj->k", sums, sums) / masks.sum(axis=1)
    within[within <= ROUNDING * total] = 0.0
    variation: Vector = within
    return variation


def _choose(
    problems: Problems,
    units: Vector,
    relative: Vector,
    criterion: Criterion,
    blocks: Blocks | None,
) -> tuple[Single, NDArray[np.intp]]:
    """Weights at the best penalty of each problem, and its place on the path.

    Past the `ALWAYS` first penalties a problem goes on as long as the last was clearly its best.
    Others stay in the products (see `descent`), but nothing they become is looked at again.
    """
    weights = _start(problems)
    best, chosen = weights.copy(), np.zeros(len(units), dtype=np.intp)
    if len(relative) == 1:
        return best, chosen
    score: Vector = np.full(len(units), -np.inf)
    going = np.ones(len(units), dtype=np.bool_)
    curvature: Curvature | None = None
    for step, share in enumerate(relative):
        weak = step >= ALWAYS
        if weak:
            going &= chosen == step - 1
            if not going.any():
                break
        after = problems.at(share * units)
        if curvature is not None:
            weights = curvature.extrapolate(weights, after.penalties - problems.penalties)
        problems = after
        if blocks is not None and step >= ALWAYS - 1:
            # The weakest but these is compared to them, and must be as near its minimum.
            weights, logits = approach(
                problems, weights, blocks, tolerance=NEWTON_TOLERANCE, moving=going
            )
        else:
            weights, logits = descend(
                problems,
                weights,
                tolerance=PATH_TOLERANCE,
                max_steps=WEAK_STEPS if weak else PATH_STEPS,
                moving=going,
            )
        left_out, curvature = leave_one_out(problems, logits)
        found = criterion(problems, left_out)
        # As good with a stronger penalty is better.
        better = going & (found > score + (LEAST_GAIN if weak else 0))
        score[better], chosen[better], best[better] = found[better], step, weights[better]
    return best, chosen


def _start(problems: Problems) -> Single:
    """No weights, and intercepts that predict each class as often as it is."""
    size = problems.mask.sum(axis=2)
    counts = (problems.Y * problems.mask).sum(axis=2)
    log_odds = np.log(counts / (size - counts if counts.shape[1] == 1 else size))
    q, width = problems.contrasts.shape[1], problems.rows.shape[1]
    weights = np.zeros((len(counts), q, width), dtype=np.float32)
    weights[..., 0] = log_odds @ problems.contrasts
    return weights


def predict(source: CentredRows, vectors: NDArray[np.float64], weights: Array) -> Array:
    """Logits of rows, shape ``(m, c, n)``, in double precision."""
    m, c, _ = weights.shape
    own = weights[..., 1:].reshape(m * c, -1) @ vectors.T
    logits = np.empty((m * c, len(source)))
    for part, block in source.blocks():
        np.matmul(own, block.T, out=logits[:, part])
    logits += weights[..., 0].reshape(-1, 1)
    return logits.reshape(m, c, -1)
