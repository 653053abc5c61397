"""The files that a bundle's configuration names, read and checked."""

from collections.abc import Mapping, Sequence

from app.challenges.findings import Findings
from app.challenges.phase_config import SplitsConfig
from app.challenges.samples import read_sample_ids
from app.challenges.yaml_lines import Path
from app.errors import Place
from probeboard.labelsets import (
    InvalidLabels,
    LabelSet,
    SplitKind,
    TaskType,
    read_labels,
    read_marks,
    read_private,
)

# Pages are sent with each view of the challenge, and YAML is read at about 100 kB a second.
MAX_TEXT_BYTES = 512 * 1024


class Contents:
    """A bundle's files; what is wrong with them goes to the findings."""

    def __init__(self, files: Mapping[str, bytes], found: Findings) -> None:
        self._files = files
        self._found = found
        self._samples: dict[str, tuple[str, ...]] = {}
        self._marks: dict[tuple[str, SplitKind, tuple[str, ...]], Mapping[str, str] | None] = {}

    def require(self, path: Path) -> None:
        """Note a file that is named and not there, whether or not anything is read of it."""
        self._file(path)

    def text(self, path: Path) -> str:
        """Return a page."""
        data = self._file(path)
        if data is None:
            return ""
        if len(data) > MAX_TEXT_BYTES:
            detail = f"the page has more than {MAX_TEXT_BYTES} bytes"
            self._found.refuse("too_large", detail, path)
            return ""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            self._found.refuse("not_utf8", "the file is not UTF-8 text", path)
            return ""
        if "\x00" in text:  # PostgreSQL cannot store it
            self._found.refuse("not_text", "the file holds NUL characters", path)
        return text

    def sample_ids(self, path: Path) -> tuple[str, ...]:
        """Return a phase's sample ids; none if anything is wrong with them."""
        name = self._found.value(path)
        if name not in self._samples:
            data = self._file(path)
            sample_ids, places = read_sample_ids(data, file=name) if data is not None else ((), [])
            self._found.places.extend(places)
            # Labels are not held to ids that are wrong: each fault is told once.
            self._samples[name] = () if places else sample_ids
        return self._samples[name]

    def labels(
        self, path: Path, *, task_type: TaskType, sample_ids: tuple[str, ...], keep_order: bool
    ) -> LabelSet | None:
        """Return a task's labels; None if anything is wrong with them."""
        data = self._file(path)
        if data is None:
            return None
        try:
            return read_labels(
                data, task_type=task_type, known_ids=sample_ids, keep_order=keep_order
            )
        except InvalidLabels as error:
            self._note(error, self._found.value(path))
            return None

    def marks(
        self, path: Path, splits: SplitsConfig, sample_ids: tuple[str, ...]
    ) -> Mapping[str, str] | None:
        """Return the marks that splits name; None if they name none or anything is wrong."""
        named = splits.marks
        if named is None:
            return None
        key, name = named
        if name not in self._files:
            self._file((*path, key))
            return None
        what = (name, splits.kind, sample_ids)
        if what not in self._marks:  # each fault is told once, however many tasks name the file
            self._marks[what] = self._read_marks(name, splits.kind, sample_ids)
        return self._marks[what]

    def private(
        self, path: Path, sample_ids: Sequence[str], groupings: Sequence[Mapping[str, str]]
    ) -> frozenset[str] | None:
        """Return the private samples of a phase; None if anything is wrong with them."""
        data = self._file(path)
        if data is None:
            return None
        try:
            return read_private(data, known_ids=sample_ids, groupings=groupings)
        except InvalidLabels as error:
            self._note(error, self._found.value(path))
            return None

    def _read_marks(
        self, name: str, kind: SplitKind, sample_ids: tuple[str, ...]
    ) -> Mapping[str, str] | None:
        try:
            return read_marks(self._files[name], kind=kind, known_ids=sample_ids)
        except InvalidLabels as error:
            self._note(error, name)
            return None

    def _note(self, error: InvalidLabels, file: str) -> None:
        self._found.places.extend(
            Place(issue.code, issue.detail, file=file, line=issue.line) for issue in error.issues
        )

    def _file(self, path: Path) -> bytes | None:
        name = self._found.value(path)
        if name not in self._files:
            self._found.refuse("file_missing", f"the bundle has no file “{name}”", path)
            return None
        return self._files[name]
