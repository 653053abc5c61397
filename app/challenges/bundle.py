"""From files to a checked challenge: everything that is wrong, each with its file and line."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from app.challenges.archive import CONFIG_FILE
from app.challenges.config import ChallengeConfig, spelled_out
from app.challenges.contents import MAX_TEXT_BYTES, Contents
from app.challenges.findings import Findings
from app.challenges.phase_bundle import PhaseBundle, read_phase
from app.challenges.rules import check_rules
from app.challenges.yaml_lines import Document, InvalidYaml, Path, read_yaml
from app.errors import InvalidBundle, Place


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
    found = Findings(document)
    contents = Contents(files, found)
    check_rules(config, found)
    pages = {name: contents.text(("pages", name)) for name in type(config.pages).model_fields}
    for number in range(len(config.tasks)):
        contents.require(("tasks", number, "labels"))
    indices = range(len(config.phases))
    phases = tuple(read_phase(config, index, contents, found) for index in indices)
    if found.places:
        raise _refusal(found.places)
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
        text = json.dumps(spelled_out(document.values))
        return ChallengeConfig.model_validate_json(text, strict=True)
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


def _dotted(path: Path) -> str:
    return ".".join(str(part) for part in path) or CONFIG_FILE


def _refusal(places: list[Place]) -> InvalidBundle:
    many = "fault" if len(places) == 1 else "faults"
    return InvalidBundle(f"The bundle has {len(places)} {many}.", places)
