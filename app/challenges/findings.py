"""What is wrong with a bundle, each with its line in `challenge.yaml`."""

from collections.abc import Iterable

from app.challenges.archive import CONFIG_FILE
from app.challenges.yaml_lines import Document, Path
from app.errors import Place


class Findings:
    """Collects the faults of a bundle."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.places: list[Place] = []

    def refuse(self, code: str, detail: str, path: Path) -> None:
        """Note a fault at the line of a value of the configuration, once."""
        place = Place(code, detail, file=CONFIG_FILE, line=self.document.line_of(path))
        if place not in self.places:
            self.places.append(place)

    def require_unique(self, names: Iterable[str], base: Path, *suffix: str) -> None:
        """Note each name that stands twice."""
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                self.refuse("duplicate", f"“{name}” stands twice", (*base, index, *suffix))
            seen.add(name)

    def value(self, path: Path) -> str:
        """Return what the configuration says at a path."""
        value = self.document.values
        for part in path:
            value = value[part]
        return str(value)
