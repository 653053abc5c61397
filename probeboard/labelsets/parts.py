"""A phase's samples in two parts: one that everybody is told of, and one that decides at the end.

Each part is scored by itself, so that neither trains or tests what the other tells. Where samples
belong together (a site, a scene), they stay together: what a probe learns of a place in the public
part would otherwise be of use in the private one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from probeboard.labelsets.issues import InvalidLabels, InvalidSplits, IssueLog, LabelIssue
from probeboard.labelsets.label_set import LabelSet
from probeboard.labelsets.sample_rows import SampleRows

SEED_BITS = 53  # what JSON holds as a whole number everywhere


def draw_private(
    sample_ids: Sequence[str],
    *,
    share: float,
    seed: int,
    groupings: Sequence[Mapping[str, str]] = (),
) -> frozenset[str]:
    """Draw the samples of the private part.

    Parameters
    ----------
    sample_ids
        All samples, in their order.
    share
        Of the samples that become private, in (0, 1); where there are groups, of the groups. At
        least one is on each side.
    seed
        0 to 2**53 - 1. The same samples, groups and seed give the same parts: the legacy generator
        is frozen by NumPy's compatibility policy (NEP 19).
    groupings
        By sample, the name of its group; several where tasks are grouped differently. Groups that
        share a sample stay together, and a sample without a group is a group of its own.

    Returns
    -------
    frozenset of str

    Raises
    ------
    InvalidSplits
        With the code ``private_undrawable`` if there are no two groups to part.

    Examples
    --------
    >>> sorted(draw_private("abcdef", share=0.5, seed=7))
    ['b', 'e', 'f']
    >>> sites = {"a": "north", "b": "north", "c": "north", "d": "south", "e": "south", "f": "south"}
    >>> sorted(draw_private("abcdef", share=0.5, seed=7, groupings=[sites]))
    ['d', 'e', 'f']
    """
    units = _units(sample_ids, groupings)
    if len(units) < 2:
        what = "one group" if groupings else "one sample"
        detail = f"{what} cannot be parted into public and private samples"
        raise InvalidSplits([LabelIssue("private_undrawable", detail)])
    n_private = min(max(int(share * len(units) + 0.5), 1), len(units) - 1)
    generator = np.random.RandomState([seed % 2**32, seed // 2**32])
    drawn = generator.permutation(len(units))[:n_private]
    return frozenset(sample for number in drawn.tolist() for sample in units[number])


def _units(
    sample_ids: Sequence[str], groupings: Sequence[Mapping[str, str]]
) -> list[tuple[str, ...]]:
    """Return what is drawn as a whole, in the order of the first sample of each."""
    leader = {sample: sample for sample in sample_ids}

    def first_of(sample: str) -> str:
        while leader[sample] != sample:
            leader[sample] = leader[leader[sample]]
            sample = leader[sample]
        return sample

    for groups in groupings:
        seen: dict[str, str] = {}
        for sample in sample_ids:
            if sample in groups:
                other = seen.setdefault(groups[sample], sample)
                leader[first_of(sample)] = first_of(other)
    units: dict[str, list[str]] = {}
    for sample in sample_ids:
        units.setdefault(first_of(sample), []).append(sample)
    return [tuple(unit) for unit in units.values()]


def read_private(
    data: bytes,
    *,
    known_ids: Collection[str],
    groupings: Sequence[Mapping[str, str]] = (),
) -> frozenset[str]:
    """Read the file that names the samples of the private part.

    Parameters
    ----------
    data
        A CSV file with the one column ``id``.
    known_ids
        All samples.
    groupings
        As for `draw_private`.

    Raises
    ------
    InvalidLabels
        With everything that is wrong. Codes: those of a list of ids (``not_utf8``, ``not_csv``,
        ``empty``, ``header``, ``columns``, ``empty_id``, ``unknown_id``, ``duplicate_id``);
        ``no_public_sample`` if it names all samples; ``group_on_both_sides``, at the first line of
        such a group.

    Examples
    --------
    >>> sorted(read_private(b"id\\nb\\nc\\n", known_ids="abcd"))
    ['b', 'c']
    """
    log = IssueLog()
    rows = SampleRows(data, log, wanted="id", known_ids=known_ids)
    if rows.header is not None and rows.header != ["id"]:
        rows.refuse_header("'id'")
    log.raise_if_any()
    line_of = {sample: line for line, sample, _ in rows}
    if not rows.has_rows:
        log.refuse("empty", "the file names no sample")
    log.raise_if_any()
    if len(line_of) == len(known_ids):
        log.refuse("no_public_sample", "the file names all samples: some must be public")
    parted = [issue for groups in groupings for issue in _parted_groups(line_of, known_ids, groups)]
    if log.issues or parted:
        raise InvalidLabels([*log.issues, *sorted(parted, key=lambda issue: issue.line or 0)])
    return frozenset(line_of)


def _parted_groups(
    line_of: Mapping[str, int], known_ids: Collection[str], groups: Mapping[str, str]
) -> Iterator[LabelIssue]:
    public: dict[str, str] = {}
    for sample in known_ids:
        if sample not in line_of and sample in groups:
            public.setdefault(groups[sample], sample)
    told: set[str] = set()
    for sample, line in line_of.items():
        group = groups.get(sample)
        if group is not None and group in public and group not in told:
            told.add(group)
            detail = (
                f"sample {sample!r} is private, and {public[group]!r} of the same group "
                f"{group!r} is not: a group is on one side"
            )
            yield LabelIssue("group_on_both_sides", detail, line)


def restrict(label_set: LabelSet, samples: Collection[str]) -> LabelSet:
    """Return the labels of some of the samples, in their order; the classes stay as they are.

    Examples
    --------
    >>> from probeboard.labelsets.label_set import TaskType
    >>> label_set = LabelSet(TaskType.REGRESSION, tuple("abc"), np.array([1.0, 2.0, 3.0]), ())
    >>> part = restrict(label_set, {"c", "a"})
    >>> part.sample_ids, part.labels
    (('a', 'c'), array([1., 3.]))
    """
    rows = [row for row, sample in enumerate(label_set.sample_ids) if sample in samples]
    return LabelSet(
        label_set.task_type,
        tuple(label_set.sample_ids[row] for row in rows),
        label_set.labels[np.array(rows, dtype=np.intp)],
        label_set.classes,
    )
