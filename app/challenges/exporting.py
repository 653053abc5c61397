"""A challenge as a bundle again: `challenge.yaml` and its files, from the rows and blobs there are.

The layout is ours, whatever the files were called when they came; an export of what was made from
an export is byte for byte the same. The keys are written out, so that a later version with other
defaults reads the same.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.blobs import BlobKind, BlobStore
from app.challenges.archive import CONFIG_FILE
from app.challenges.config import PagesConfig
from app.challenges.outline import Outline, digest_of, outline_of_rows
from app.challenges.withheld import (
    MANIFEST,
    MARKS_OF,
    FileKind,
    Withheld,
    file_bytes,
    write_manifest,
)
from app.challenges.yaml_writing import write_yaml
from app.errors import LabelsDiffer
from app.models import Challenge, LabelSet, Task
from probeboard.labelsets import LabelSet as Labels
from probeboard.labelsets import SplitKind, from_bytes
from probeboard.ranking import RankingMethod


@dataclass(frozen=True)
class Export:
    """A bundle: the files that are handed out, and those that no endpoint hands out."""

    files: Mapping[str, bytes]
    withheld: Mapping[str, Withheld]

    def without_secrets(self) -> dict[str, bytes]:
        """Return the files, with a manifest instead of those that are withheld."""
        return {**self.files, MANIFEST: write_manifest(self.withheld)}

    def whole(self, blobs: BlobStore) -> dict[str, bytes]:
        """Return all files, labels too: for the operator, from the server's own shell."""
        secrets = {name: file_bytes(file, blobs) for name, file in self.withheld.items()}
        return {**self.files, **secrets}


def export_challenge(session: Session, challenge: Challenge, blobs: BlobStore) -> Export:
    """Write a challenge as a bundle.

    Raises
    ------
    LabelsDiffer
        If phases score a task by different labels.
    """
    outline = outline_of_rows(session, challenge)
    pages = {name: f"pages/{name}.md" for name in PagesConfig.model_fields}
    files = {name: challenge.pages[page].encode() for page, name in pages.items()}
    labels = _label_files(session, challenge, outline, blobs)
    withheld = {
        f"labels/{task}.csv": Withheld(kind=FileKind.LABELS, sha256=digest)
        for task, digest in labels.items()
        if digest is not None
    }
    # No phase ever scored such a task, so nobody has looked into its file.
    never_read = (f"labels/{task}.csv" for task, digest in labels.items() if digest is None)
    files |= dict.fromkeys(never_read, b"id,label\n")
    samples = _sample_files(outline)
    files |= {name: blobs.read(BlobKind.SAMPLES, digest) for digest, name in samples.items()}
    marks: dict[str, str] = {}
    phases = [
        _phase(slug, phase, samples, marks, withheld) for slug, phase in outline["phases"].items()
    ]
    document = {
        **{key: outline[key] for key in ("slug", "title", "summary", "embedding_dim", "zero_pad")},
        **{key: outline[key] for key in ("strip_suffixes", "terms_version", "participation")},
        **({"teams_locked_at": locked} if (locked := outline["teams_locked_at"]) else {}),
        "pages": pages,
        "tasks": [
            {"slug": slug, **outline["tasks"][slug], "labels": f"labels/{slug}.csv"}
            for slug in labels
        ],
        "phases": phases,
    }
    return Export({CONFIG_FILE: write_yaml(document).encode(), **files}, withheld)


def _sample_files(outline: Outline) -> dict[str, str]:
    """Name each list of samples, by digest, after the first phase that wants them."""
    digests = [phase["samples"] for phase in outline["phases"].values()]
    if len(set(digests)) == 1:
        return {digests[0]: "samples.csv"}
    named = reversed(outline["phases"].items())
    return {phase["samples"]: f"samples/{slug}.csv" for slug, phase in named}


def _label_files(
    session: Session, challenge: Challenge, outline: Outline, blobs: BlobStore
) -> dict[str, str | None]:
    """Return the digest of each task's labels, as the phases name the tasks; the unused last."""
    used: dict[str, list[tuple[str, str]]] = {}
    for phase in outline["phases"].values():
        for task, scored in phase["tasks"].items():
            used.setdefault(task, []).append((phase["scorer"], scored["labels"]))
    found: dict[str, str | None] = {
        task: _source(task, versions, blobs) for task, versions in used.items()
    }
    newest = session.execute(
        select(Task.slug, LabelSet.digest)
        .join(LabelSet, LabelSet.task_id == Task.id)
        .where(Task.challenge_id == challenge.id)
        .order_by(LabelSet.version)
    )
    kept = {row.slug: row.digest for row in newest}
    return found | {task: kept.get(task) for task in outline["tasks"] if task not in found}


def _source(task: str, versions: list[tuple[str, str]], blobs: BlobStore) -> str:
    """Return the label set to write the file from: neuco's is in the file's own order."""
    digests = [digest for scorer, digest in versions if scorer == "neuco"] or [versions[0][1]]
    distinct = {digest for _, digest in versions}
    sets = [from_bytes(blobs.read(BlobKind.LABELS, digest)) for digest in sorted(distinct)]
    if len(set(digests)) > 1 or any(_content(one) != _content(sets[0]) for one in sets[1:]):
        raise LabelsDiffer(f"Phases score “{task}” by different labels; a bundle has one file.")
    return digests[0]


def _content(labels: Labels) -> Any:
    """Return what a label set says, whatever its order."""
    values = dict(zip(labels.sample_ids, labels.labels.tolist(), strict=True))
    return labels.task_type, labels.classes, values


def _phase(
    slug: str,
    phase: dict[str, Any],
    samples: Mapping[str, str],
    marks: dict[str, str],
    withheld: dict[str, Withheld],
) -> dict[str, Any]:
    """Write one phase; files of marks that are new get a name in `marks` and `withheld`."""
    of_tasks = {task: scored["splits"] for task, scored in phase["tasks"].items()}
    ((most, _),) = Counter(map(digest_of, of_tasks.values())).most_common(1)
    common = next(splits for splits in of_tasks.values() if digest_of(splits) == most)
    stated = _splits(common, f"splits/{slug}.csv", marks, withheld)
    tasks = [
        _task(
            task,
            scored,
            None
            if scored["splits"] == common
            else _splits(scored["splits"], f"splits/{slug}/{task}.csv", marks, withheld),
        )
        for task, scored in phase["tasks"].items()
    ]
    ranking = dict(phase["ranking"])
    floor = {"floor": ranking["floor"]} if ranking["method"] == RankingMethod.NEUCO else {}
    return _given(
        {
            "slug": slug,
            **{key: phase[key] for key in ("title", "opens_at", "closes_at")},
            "samples": samples[phase["samples"]],
            "private": _private(phase["private"], f"private/{slug}.csv", withheld),
            "tasks": tasks,
            "splits": stated,
            **{key: phase[key] for key in ("scorer", "scaling", "analyses", "budget_bytes")},
            "ranking": _given({**ranking, "floor": None}) | floor,
            "selection": _given(phase["selection"]),
            **{key: phase[key] for key in ("quota", "team_sees")},
            "board": _given(phase["board"]),
            "requires": phase["requires"],
        }
    )


def _private(
    private: dict[str, Any] | None, name: str, withheld: dict[str, Withheld]
) -> dict[str, Any] | None:
    """Name the private samples by a file, also where they were drawn: the draw stays hidden."""
    if private is None:
        return None
    withheld[name] = Withheld(kind=FileKind.PRIVATE, sha256=private["sides"])
    return _given({"samples": name, "revealed_at": private["revealed_at"]})


def _task(slug: str, scored: dict[str, Any], splits: dict[str, Any] | None) -> Any:
    whole = {
        "task": slug,
        "weight": None if scored["weight"] == 1 else scored["weight"],
        "public_name": None if scored["public_name"] == slug else scored["public_name"],
        "splits": splits,
    }
    given = _given(whole)
    return slug if len(given) == 1 else given


def _splits(
    splits: dict[str, Any], name: str, marks: dict[str, str], withheld: dict[str, Withheld]
) -> dict[str, Any]:
    kind = SplitKind(splits["kind"])
    drawn = ("n_splits", "test_size") if kind is not SplitKind.PREDEFINED else ()
    stated = {key: splits[key] for key in ("kind", *drawn, "seed", "shots")}
    if splits["marks"] is not None:
        file = marks.setdefault(f"{kind}/{splits['marks']}", name)
        withheld[file] = Withheld(kind=MARKS_OF[kind], sha256=splits["marks"])
        stated[MARKS_OF[kind]] = file
    return _given({str(key): value for key, value in stated.items()})


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is null: it says what nothing says."""
    return {key: value for key, value in values.items() if value is not None}
