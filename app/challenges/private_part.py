"""Which of a phase's samples are private, as its part of a bundle says; and what each part scores.

A group of samples is on one side: of every task whose splits are grouped.
"""

from collections.abc import Iterator, Mapping, Sequence

from app.challenges.contents import Contents
from app.challenges.findings import Findings
from app.challenges.phase_config import PhaseConfig
from app.challenges.yaml_lines import Path
from app.models import Part
from probeboard.labelsets import InvalidSplits, LabelSet, draw_private, marks_to_bytes, restrict


def find_private(
    phase: PhaseConfig,
    here: Path,
    *,
    sample_ids: Sequence[str],
    groupings: Sequence[Mapping[str, str]],
    contents: Contents,
    found: Findings,
) -> frozenset[str] | None:
    """Return the private samples; None if the phase has none, or anything is wrong with them."""
    private = phase.private
    if private is None or not sample_ids:
        return None
    if private.share is None or private.seed is None:  # then there is a file instead
        return contents.private((*here, "private", "samples"), sample_ids, groupings)
    try:
        return draw_private(sample_ids, share=private.share, seed=private.seed, groupings=groupings)
    except InvalidSplits as error:
        for issue in error.issues:
            found.refuse(issue.code, issue.detail, (*here, "private", "share"))
        return None


def scored_parts(
    labels: LabelSet, private: frozenset[str] | None
) -> Iterator[tuple[Part | None, LabelSet]]:
    """Return what is split and scored by itself: each part, or the whole where there are none."""
    if private is None:
        yield None, labels
        return
    yield Part.PUBLIC, restrict(labels, set(labels.sample_ids) - private)
    yield Part.PRIVATE, restrict(labels, private)


def sides_to_bytes(sample_ids: Sequence[str], private: frozenset[str]) -> bytes:
    """Write on which side each sample is, as the blob for workers."""
    return marks_to_bytes(
        {sample: Part.PRIVATE if sample in private else Part.PUBLIC for sample in sample_ids}
    )


def private_of(sides: Mapping[str, str]) -> list[str]:
    """Return the private samples of a blob that was read back."""
    return [sample for sample, side in sides.items() if side == Part.PRIVATE]
