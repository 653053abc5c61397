"""Read the demo challenge from `examples/`: its bundle as a zip, and who hands in what."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from app.local.system import ROOT

EXAMPLE = ROOT / "examples" / "s1s2-timeseries"
BUNDLE_PARTS = ("challenge.yaml", "samples.csv", "groups.csv", "pages/*.md", "labels/*.csv")


@dataclass(frozen=True)
class Person:
    """Somebody with an account; `team` is None for the organizer."""

    name: str
    email: str
    team: str | None = None


@dataclass(frozen=True)
class Entry:
    """One file handed in to one phase."""

    phase: str
    person: Person
    file: Path
    baseline: bool
    fields: dict[str, str]


@dataclass(frozen=True)
class Example:
    """The demo: a challenge, its people and what they hand in, phase by phase."""

    folder: Path
    slug: str
    terms_version: str
    phases: tuple[str, ...]
    organizer: Person
    guest: Person
    guest_file: Path
    entries: tuple[Entry, ...]

    @property
    def participants(self) -> tuple[Person, ...]:
        """Return everybody with a team, each once, the guest last."""
        people = [entry.person for entry in self.entries if entry.person.team is not None]
        return (*dict.fromkeys(people), self.guest)


def bundle(folder: Path) -> bytes:
    """Zip what the server needs to make the challenge; the submissions stay outside."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in BUNDLE_PARTS:
            for path in sorted(folder.glob(part)):
                archive.write(path, path.relative_to(folder).as_posix())
    return buffer.getvalue()


def read(folder: Path) -> Example:
    """Read challenge.yaml and submissions.yaml."""
    challenge = yaml.safe_load((folder / "challenge.yaml").read_text(encoding="utf-8"))
    plan = yaml.safe_load((folder / "submissions.yaml").read_text(encoding="utf-8"))
    organizer, guest = Person(**plan["organizer"]), Person(**plan["guest"]["person"])
    phases = tuple(phase["slug"] for phase in challenge["phases"])
    entries = (
        _entry(row, phase=phase, folder=folder, organizer=organizer)
        for phase in phases
        for row in plan["submissions"]
        if phase in row["phases"]
    )
    return Example(
        folder=folder,
        slug=challenge["slug"],
        terms_version=str(challenge["terms_version"]),
        phases=phases,
        organizer=organizer,
        guest=guest,
        guest_file=folder / plan["guest"]["file"],
        entries=tuple(entries),
    )


def _entry(row: dict[str, Any], *, phase: str, folder: Path, organizer: Person) -> Entry:
    baseline = bool(row.get("baseline", False))
    names = ("method_name", "method_description", "project_url", "paper_url")
    return Entry(
        phase=phase,
        person=organizer if baseline else Person(**row["person"], team=row["team"]),
        file=folder / row["file"],
        baseline=baseline,
        fields={name: row[name] for name in names if name in row},
    )
