"""Files that a bundle names by digest only: labels, marks of splits, and private samples.

They go in and never come out: no endpoint hands them out, so a bundle that this server exports has
a manifest in their place. A bundle that comes in may have the manifest too. A digest then stands
for the file where the very challenge it is sent to has it, and nowhere else: by naming a digest
nobody makes another challenge's labels their own, and then asks a scorer for them.
"""

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.bundle import Bundle, read_bundle
from app.challenges.private_part import private_of
from app.errors import InvalidBundle, Place
from app.models import Challenge, LabelSet, Phase, PhaseTask, Task
from app.phases.splits import TaskSplits
from probeboard.labelsets import LabelSet as Labels
from probeboard.labelsets import SplitKind, TaskType, count_splits, from_bytes, marks_from_bytes

MANIFEST = "withheld.json"
BETWEEN_PARTS = ","


class FileKind(StrEnum):
    """What is in a withheld file."""

    LABELS = "labels"
    GROUPS = "groups"
    PREDEFINED = "predefined"
    PRIVATE = "private"


MARKS_OF = {SplitKind.GROUPED: FileKind.GROUPS, SplitKind.PREDEFINED: FileKind.PREDEFINED}


class Withheld(BaseModel):
    """A file by the digest of what is in it, which is that of the blob and not of any spelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FileKind
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """The withheld files of a bundle by their names in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["probeboard.withheld/1"] = "probeboard.withheld/1"
    files: dict[str, Withheld]


Source = Callable[[Withheld], bytes | None]


def nothing_known(_: Withheld) -> None:
    """Know no withheld file: there is no challenge yet, or no server."""
    return


@dataclass(frozen=True)
class KnownFiles:
    """The withheld files that a challenge has; calling it returns one as a bundle would have it."""

    known: frozenset[Withheld]
    blobs: BlobStore

    def __call__(self, file: Withheld) -> bytes | None:
        """Return a file's bytes; None if the challenge has no such file."""
        return file_bytes(file, self.blobs) if file in self.known else None


def known_files(session: Session, challenge: Challenge) -> frozenset[Withheld]:
    """Find all labels a challenge ever had, and the marks and private samples it has."""
    labels = session.scalars(
        select(LabelSet.digest)
        .join(Task, Task.id == LabelSet.task_id)
        .where(Task.challenge_id == challenge.id)
    )
    documents = session.scalars(
        select(PhaseTask.splits)
        .join(Phase, Phase.id == PhaseTask.phase_id)
        .where(Phase.challenge_id == challenge.id)
    )
    splits = map(TaskSplits.from_document, documents)
    marks = (
        Withheld(kind=MARKS_OF[one.spec.kind], sha256=one.marks) for one in splits if one.marks
    )
    sides = session.scalars(
        select(Phase.private_sides).where(
            Phase.challenge_id == challenge.id, Phase.private_sides.is_not(None)
        )
    )
    private = (Withheld(kind=FileKind.PRIVATE, sha256=one) for one in sides if one)
    of_tasks = (Withheld(kind=FileKind.LABELS, sha256=one) for one in labels)
    return frozenset((*of_tasks, *marks, *private))


def write_manifest(files: Mapping[str, Withheld]) -> bytes:
    """Write the manifest of a bundle's withheld files."""
    document = Manifest(files=dict(sorted(files.items()))).model_dump(mode="json")
    return (json.dumps(document, indent=2) + "\n").encode()


def read_bundle_with(files: Mapping[str, bytes], source: Source) -> Bundle:
    """Check a bundle whose withheld files come from a source.

    Raises
    ------
    InvalidBundle
        As `read_bundle`; if the manifest is none; or if the source has not what it names. Faults
        of withheld files are told without detail and line: either could tell a label.
    """
    withheld = {name: one for name, one in _read_manifest(files).items() if name not in files}
    found = {name: source(one) for name, one in withheld.items()}
    places = [
        Place("file_withheld", f"the bundle has a digest for “{name}”, and this challenge has no "
              "such file on this server: add the file", file=name)
        for name, data in found.items() if data is None
    ]  # fmt: skip
    if places:
        raise InvalidBundle("Files of the bundle are withheld.", places)
    restored = {name: data for name, data in found.items() if data is not None}
    try:
        return read_bundle({**files, **restored})
    except InvalidBundle as error:
        told = [_without_secrets(place, set(restored)) for place in error.places]
        raise InvalidBundle(error.detail, told, error.total) from None


def _read_manifest(files: Mapping[str, bytes]) -> dict[str, Withheld]:
    if MANIFEST not in files:
        return {}
    try:
        return Manifest.model_validate_json(files[MANIFEST]).files
    except ValidationError as error:
        places = [
            Place("manifest", f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=MANIFEST)
            for fault in error.errors()
        ]
        raise InvalidBundle("The list of withheld files is not valid.", places) from error


def _without_secrets(place: Place, restored: Collection[str | None]) -> Place:
    # A fault of splits has no line, and stands at the labels, whatever it tells of the marks.
    of_splits = place.line is None and bool(restored)
    if place.file not in restored and not of_splits:
        return place
    return replace(place, detail="a fault of a withheld file: add the file for its detail",
                   line=None)  # fmt: skip


def file_bytes(file: Withheld, blobs: BlobStore) -> bytes:
    """Write a withheld file as a bundle has it.

    Raises
    ------
    BlobMissing
        If the store has lost it.
    """
    if file.kind is FileKind.LABELS:
        return labels_file(from_bytes(blobs.read(BlobKind.LABELS, file.sha256)))
    marks = marks_from_bytes(blobs.read(BlobKind.MARKS, file.sha256))
    if file.kind is FileKind.GROUPS:
        return _csv(["id", "group"], ([sample, group] for sample, group in marks.items()))
    if file.kind is FileKind.PRIVATE:
        return _csv(["id"], ([sample] for sample in private_of(marks)))
    n_splits = count_splits(marks)
    names = ["split"] if n_splits == 1 else [str(number + 1) for number in range(n_splits)]
    rows = ([sample, *parts.split(BETWEEN_PARTS)] for sample, parts in marks.items())
    return _csv(["id", *names], rows)


def labels_file(labels: Labels) -> bytes:
    """Write labels as the file that `read_labels` reads back into the same label set."""
    values = labels.labels.tolist()
    if labels.labels.ndim > 1:
        rows = ([sample, *cells] for sample, cells in zip(labels.sample_ids, values, strict=True))
        return _csv(["id", *labels.classes], rows)
    if labels.task_type is not TaskType.REGRESSION:
        values = [labels.classes[number] for number in values]
    return _csv(["id", "label"], zip(labels.sample_ids, values, strict=True))


def _csv(header: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
