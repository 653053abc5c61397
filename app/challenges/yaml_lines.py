"""YAML that remembers on which line each value stands, and refuses what it could misread.

Only plain YAML is read: no aliases (so no document grows when it is read), no tags, no key twice,
no dates guessed from text, and `true`/`false` alone are truth values (`no` is the text "no").
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.errors import Place

Path = tuple[str | int, ...]


class PlainLoader(yaml.SafeLoader):
    """The safe loader with the resolvers of JSON's types only."""


PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]{0,17})$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    PlainLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True)
class Document:
    """A document's values, and the line (from 1) of each path in it."""

    values: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """Return the line of a path, or of the nearest of its ancestors that is written."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class InvalidYaml(ValueError):
    """The text is no document we read."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(places[0].detail)
        self.places = places


def read_yaml(text: str, *, file: str) -> Document:
    """Read a document.

    Raises
    ------
    InvalidYaml
        With the line of each fault.
    """
    try:
        loader = PlainLoader(text)
    except yaml.YAMLError as error:
        raise InvalidYaml([_place(error, file)]) from error
    try:
        node = loader.get_single_node()
        if node is None:
            raise InvalidYaml([Place("yaml", "the file is empty", file=file, line=1)])
        walk = _Walk(loader, file)
        walk.visit(node, ())
        if walk.places:
            raise InvalidYaml(walk.places)
        return Document(loader.construct_document(node), walk.lines)
    except yaml.YAMLError as error:
        raise InvalidYaml([_place(error, file)]) from error
    except RecursionError as error:
        raise InvalidYaml([Place("yaml", "nested too deeply", file=file, line=1)]) from error
    finally:
        loader.dispose()


def _place(error: yaml.YAMLError, file: str) -> Place:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return Place("yaml", problem, file=file, line=mark.line + 1 if mark else 1)


class _Walk:
    """Notes the line of each value, and what of YAML is not read."""

    def __init__(self, loader: PlainLoader, file: str) -> None:
        self._loader = loader
        self._file = file
        self._seen: set[int] = set()
        self.lines: dict[Path, int] = {}
        self.places: list[Place] = []

    def visit(self, node: Node, path: Path) -> None:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        if id(node) in self._seen:
            self._refuse("yaml_alias", "aliases are not read", line)
            return
        self._seen.add(id(node))
        if node.tag != self._plain_tag(node):
            self._refuse("yaml_tag", "tags are not read", line)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self.visit(item, (*path, index))
        elif isinstance(node, MappingNode):
            for key, value in node.value:
                self._visit_pair(key, value, path)

    def _visit_pair(self, key: Node, value: Node, path: Path) -> None:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode) or key.tag != self._plain_tag(key):
            self._refuse("yaml_key", "keys are plain text", line)
            return
        below = (*path, str(key.value))
        if below in self.lines:
            first = self.lines[below]
            detail = f"the key “{key.value}” stands twice (first on line {first})"
            self._refuse("duplicate_key", detail, line)
        self.lines[below] = line
        self.visit(value, below)

    def _plain_tag(self, node: Node) -> str:
        """Return the tag a node has when none is written."""
        if not isinstance(node, ScalarNode):
            kind = "map" if isinstance(node, MappingNode) else "seq"
            return f"tag:yaml.org,2002:{kind}"
        is_plain = node.style is None
        resolve: Any = self._loader.resolve  # its stubs name no types
        return str(resolve(ScalarNode, node.value, (is_plain, not is_plain)))

    def _refuse(self, code: str, detail: str, line: int) -> None:
        self.places.append(Place(code, detail, file=self._file, line=line))
