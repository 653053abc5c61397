"""How the labelled samples of a task are split: kind, number, sizes, seed, few-shot."""

from dataclasses import dataclass
from enum import StrEnum


class SplitKind(StrEnum):
    """What a split keeps together, and who decides it.

    shuffle
        Any sample may fall on either side.
    stratified
        As `shuffle`, and both sides have the classes in their proportions: for rare classes.
    grouped
        The samples of one group (a site, a scene) stay on one side: how an encoder travels.
    predefined
        The organizer says who is on which side.
    """

    SHUFFLE = "shuffle"
    STRATIFIED = "stratified"
    GROUPED = "grouped"
    PREDEFINED = "predefined"


@dataclass(frozen=True)
class SplitSpec:
    """How many splits, how large their test parts, and the seed that draws them.

    Attributes
    ----------
    n_splits
        At least 2: one split has no spread, and a spread is part of every score. For predefined
        splits the marks say how many there are, be it one, and this counts for nothing.
    test_size
        Fraction in each test part, in (0, 1): of the labelled samples, or of the groups. Counts
        for nothing where splits are predefined.
    seed
        0 to 2**32 - 1. The same for every submission, so differences between teams are paired.
    kind
        What a split keeps together.
    shots
        Few-shot: keep this many training samples of each class (regression: in all) and leave
        the test part as it is. None keeps the whole training part.

    Examples
    --------
    >>> SplitSpec(n_splits=10, kind=SplitKind.GROUPED, shots=5).test_size
    0.1
    """

    n_splits: int = 40
    test_size: float = 0.1
    seed: int = 42
    kind: SplitKind = SplitKind.SHUFFLE
    shots: int | None = None

    def __post_init__(self) -> None:
        fewest = 1 if self.kind is SplitKind.PREDEFINED else 2
        if self.n_splits < fewest:
            raise ValueError(f"n_splits must be at least {fewest}")
        if not 0.0 < self.test_size < 1.0:
            raise ValueError("test_size must lie strictly between 0 and 1")
        if not 0 <= self.seed < 2**32:
            raise ValueError("seed must lie in 0 .. 2**32 - 1")
        if self.shots is not None and self.shots < 1:
            raise ValueError("shots must be at least 1")
