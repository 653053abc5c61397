"""EvalAI's challenge bundle as one of ours: what has a meaning here, and a line for what has not.

The keys are those of https://evalai.readthedocs.io/en/latest/configuration.html. EvalAI scores by a
script of the organizer's, we by labels: a metric becomes a task, whose label file remains to be
made. Such files are named `TODO-…` and are not written, so that the check of the bundle names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from app.bundles.evalai_domains import domains_of
from app.bundles.evalai_notes import Notes, slug_of
from app.bundles.evalai_pages import write_pages
from app.bundles.evalai_part import Part
from app.bundles.evalai_phases import phases_of
from app.bundles.evalai_tasks import metrics_of
from app.challenges.archive import CONFIG_FILE
from app.challenges.yaml_lines import InvalidYaml, read_yaml
from app.challenges.yaml_writing import write_yaml
from app.errors import InvalidBundle, Place

NAMES = ("challenge_config.yaml", "challenge_config.yml")
DIMENSIONS = 1024
_COMMENTS = {
    "embedding_dim:": "TODO: EvalAI does not say how long an embedding is",
    "  type: regression": "TODO: regression, binary, multiclass or multilabel",
}


@dataclass(frozen=True)
class Converted:
    """The files of a bundle, and a line for each key that could not be mapped."""

    files: dict[str, bytes]
    notes: tuple[str, ...]


def convert(files: Mapping[str, bytes]) -> Converted:
    """Convert EvalAI's files.

    Raises
    ------
    InvalidBundle
        If there is no configuration among them that can be read.
    """
    name = next((name for name in NAMES if name in files), None)
    if name is None:
        raise _refusal(Place("file_missing", f"there is no {NAMES[0]}", file=NAMES[0]))
    try:
        document = read_yaml(files[name].decode("utf-8-sig"), file=name)
    except UnicodeDecodeError as error:
        raise _refusal(Place("not_utf8", "not UTF-8 text", file=name)) from error
    except InvalidYaml as error:
        raise _refusal(*error.places) from error
    config = document.values
    if not isinstance(config, dict) or not isinstance(config.get("challenge_phases"), list):
        raise _refusal(Place("no_phases", "there are no challenge_phases", file=name, line=1))
    notes = Notes(document, name)
    challenge = Part(config, (), notes)
    metrics = metrics_of(challenge)
    pages = write_pages(challenge, files, metrics)
    title = challenge.line("title", "Untitled")
    domains = domains_of(challenge)
    values = {
        "slug": slug_of(title, "challenge"),
        "title": title,
        "summary": challenge.line("short_description", title),
        "embedding_dim": DIMENSIONS,
        "terms_version": "1",
        **({"participation": {"email_domains": domains}} if domains else {}),
        "pages": {page: f"pages/{page}.md" for page in pages},
        "tasks": [task.stated() for task in metrics.tasks],
        "phases": phases_of(challenge, metrics),
    }
    notes.tell_rest()
    written = {f"pages/{page}.md": text.encode() for page, text in pages.items()}
    return Converted({CONFIG_FILE: _commented(write_yaml(values)), **written}, notes.lines())


def _commented(text: str) -> bytes:
    lines = [
        next((f"{line}  # {why}" for key, why in _COMMENTS.items() if line.startswith(key)), line)
        for line in text.splitlines()
    ]
    return ("\n".join(lines) + "\n").encode()


def _refusal(*places: Place) -> InvalidBundle:
    return InvalidBundle("The bundle is not one of EvalAI's.", list(places))
