"""From files to a checked challenge: everything that is wrong, each with its file and line."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from app.challenges.archive import CONFIG_FILE
from app.challenges.config import ChallengeConfig, PhaseConfig, TaskConfig
from app.challenges.samples import read_sample_ids
from app.challenges.yaml_lines import Document, InvalidYaml, Path, read_yaml
from app.errors import InvalidBundle, Place
from probeboard.labelsets import (
    InvalidLabels,
    LabelSet,
    SplitSpec,
    check_splits,
    read_labels,
    shuffle_splits,
)

# Pages are sent with each view of the challenge, and YAML is read at about 100 kB a second.
MAX_TEXT_BYTES = 512 * 1024


@dataclass(frozen=True)
class PhaseBundle:
    """A phase with its sample ids in order, and a label set per task slug."""

    config: PhaseConfig
    sample_ids: tuple[str, ...]
    label_sets: Mapping[str, LabelSet]


@dataclass(frozen=True)
class Bundle:
    """A challenge that has passed every check."""

    config: ChallengeConfig
    pages: Mapping[str, str]
    phases: tuple[PhaseBundle, ...]


def read_bundle(files: Mapping[str, bytes]) -> Bundle:
    """Check a bundle's files.

    Raises
    ------
    InvalidBundle
        With every fault found. A later kind of fault is looked for only where the earlier kinds
        leave something to look at: YAML, then keys and values, then files and references.
    """
    document = _read_document(files)
    config = _read_config(document)
    check = _Check(files, document)
    check.references(config)
    pages = {name: check.text(("pages", name)) for name in type(config.pages).model_fields}
    phases = tuple(check.phase(config, index) for index in range(len(config.phases)))
    if check.places:
        raise _refusal(check.places)
    return Bundle(config, pages, phases)


def _read_document(files: Mapping[str, bytes]) -> Document:
    if CONFIG_FILE not in files:
        raise _refusal([Place("file_missing", f"there is no {CONFIG_FILE}", file=CONFIG_FILE)])
    if len(files[CONFIG_FILE]) > MAX_TEXT_BYTES:
        detail = f"{CONFIG_FILE} has more than {MAX_TEXT_BYTES} bytes"
        raise _refusal([Place("too_large", detail, file=CONFIG_FILE)])
    try:
        return read_yaml(files[CONFIG_FILE].decode("utf-8-sig"), file=CONFIG_FILE)
    except UnicodeDecodeError as error:
        raise _refusal([Place("not_utf8", "not UTF-8 text", file=CONFIG_FILE)]) from error
    except InvalidYaml as error:
        raise _refusal(error.places) from error


def _read_config(document: Document) -> ChallengeConfig:
    try:
        return ChallengeConfig.model_validate_json(json.dumps(document.values), strict=True)
    except ValidationError as error:
        places = [
            Place(
                code="unknown_key" if fault["type"] == "extra_forbidden" else fault["type"],
                detail=f"{_dotted(fault['loc'])}: {fault['msg']}",
                file=CONFIG_FILE,
                line=document.line_of(fault["loc"]),
            )
            for fault in error.errors()
        ]
        raise _refusal(places) from error


class _Check:
    """Collects what is wrong between the configuration and the files it names."""

    def __init__(self, files: Mapping[str, bytes], document: Document) -> None:
        self.files = files
        self.document = document
        self.places: list[Place] = []
        self._samples: dict[str, tuple[str, ...]] = {}

    def refuse(self, code: str, detail: str, path: Path) -> None:
        line = self.document.line_of(path)
        self.places.append(Place(code, detail, file=CONFIG_FILE, line=line))

    def references(self, config: ChallengeConfig) -> None:
        tasks = [task.slug for task in config.tasks]
        phases = [phase.slug for phase in config.phases]
        self._unique(tasks, ("tasks",), "slug")
        self._unique(phases, ("phases",), "slug")
        for index, phase in enumerate(config.phases):
            here: Path = ("phases", index)
            if phase.opens_at >= phase.closes_at:
                self.refuse("never_open", "closes_at is not after opens_at", (*here, "closes_at"))
            if phase.requires is not None and phase.requires not in phases[:index]:
                detail = f"“{phase.requires}” is not an earlier phase"
                self.refuse("unknown_phase", detail, (*here, "requires"))
            below = (*here, "tasks")
            for number, item in enumerate(phase.tasks):
                if item.task not in tasks:
                    self.refuse("unknown_task", f"there is no task “{item.task}”", (*below, number))
            self._unique([item.task for item in phase.tasks], below)
            names = [item.public_name or item.task for item in phase.tasks]
            self._unique(names, below, "public_name")

    def text(self, path: Path) -> str:
        data = self._file(path)
        if data is None:
            return ""
        if len(data) > MAX_TEXT_BYTES:
            self.refuse("too_large", f"the page has more than {MAX_TEXT_BYTES} bytes", path)
            return ""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self.refuse("not_utf8", "the file is not UTF-8 text", path)
            return ""
        if "\x00" in text:  # PostgreSQL cannot store it
            self.refuse("not_text", "the file holds NUL characters", path)
        return text

    def phase(self, config: ChallengeConfig, index: int) -> PhaseBundle:
        phase = config.phases[index]
        sample_ids = self._sample_ids(("phases", index, "samples"))
        by_slug = {task.slug: (number, task) for number, task in enumerate(config.tasks)}
        label_sets = {}
        for item in phase.tasks:
            if item.task in by_slug and sample_ids:
                number, task = by_slug[item.task]
                labels = self._labels(("tasks", number, "labels"), task, phase, sample_ids)
                if labels is not None:
                    label_sets[item.task] = labels
        return PhaseBundle(phase, sample_ids, label_sets)

    def _sample_ids(self, path: Path) -> tuple[str, ...]:
        name = self._value(path)
        if name not in self._samples:
            data = self._file(path)
            sample_ids, places = read_sample_ids(data, file=name) if data is not None else ((), [])
            self.places.extend(places)
            # Labels are not held to ids that are wrong: each fault is told once.
            self._samples[name] = () if places else sample_ids
        return self._samples[name]

    def _labels(
        self, path: Path, task: TaskConfig, phase: PhaseConfig, sample_ids: tuple[str, ...]
    ) -> LabelSet | None:
        data = self._file(path)
        if data is None:
            return None
        try:
            labels = read_labels(data, task_type=task.type, known_ids=sample_ids)
        except InvalidLabels as error:
            self.places.extend(
                Place(issue.code, issue.detail, file=task.labels, line=issue.line)
                for issue in error.issues
            )
            return None
        spec = SplitSpec(phase.splits.n_splits, phase.splits.test_size, phase.splits.seed)
        issues = check_splits(labels, shuffle_splits(len(labels.sample_ids), spec))
        self.places.extend(
            Place(issue.code, f"phase {phase.slug}: {issue.detail}", file=task.labels)
            for issue in issues
        )
        return labels

    def _file(self, path: Path) -> bytes | None:
        name = self._value(path)
        if name not in self.files:
            self.refuse("file_missing", f"the bundle has no file “{name}”", path)
            return None
        return self.files[name]

    def _value(self, path: Path) -> str:
        value = self.document.values
        for part in path:
            value = value[part]
        return str(value)

    def _unique(self, names: Iterable[str], base: Path, *suffix: str) -> None:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self.refuse("duplicate", f"“{name}” stands twice", (*base, index, *suffix))
            seen.add(name)


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path) or CONFIG_FILE


def _refusal(places: list[Place]) -> InvalidBundle:
    many = "fault" if len(places) == 1 else "faults"
    return InvalidBundle(f"The bundle has {len(places)} {many}.", places)
