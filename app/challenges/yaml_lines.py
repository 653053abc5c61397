"""YAML that remembers on which line each value stands, and refuses what it could misread.

Only plain YAML is read: no aliases (so no document grows when it is read), no key twice, no dates
guessed from text, and `true`/`false` alone are truth values (`no` is the text "no").
"""

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from app.errors import Place

Path = tuple[str | int, ...]


class _PlainLoader(yaml.SafeLoader):
    """The safe loader with the resolvers of JSON's types only."""


_PlainLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("tag:yaml.org,2002:int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("tag:yaml.org,2002:float", r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", "-0123456789"),
):
    _PlainLoader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


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
        loader = _PlainLoader(text)
    except yaml.YAMLError as error:
        raise InvalidYaml([_place(error, file)]) from error
    try:
        node = loader.get_single_node()
        if node is None:
            raise InvalidYaml([Place("yaml", "the file is empty", file=file, line=1)])
        lines: dict[Path, int] = {}
        places: list[Place] = []
        _walk(node, (), lines, places, file=file, seen=set())
        if places:
            raise InvalidYaml(places)
        return Document(loader.construct_document(node), lines)
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


def _walk(
    node: Node,
    path: Path,
    lines: dict[Path, int],
    places: list[Place],
    *,
    file: str,
    seen: set[int],
) -> None:
    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in seen:
        places.append(Place("yaml_alias", "aliases are not read", file=file, line=line))
        return
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, places, file=file, seen=seen)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            key_line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                places.append(Place("yaml_key", "keys are text", file=file, line=key_line))
                continue
            below = (*path, str(key.value))
            if below in lines:
                detail = f"the key “{key.value}” stands twice (first on line {lines[below]})"
                places.append(Place("duplicate_key", detail, file=file, line=key_line))
            lines[below] = key_line
            _walk(value, below, lines, places, file=file, seen=seen)
