"""The rules of a phase in words."""

from collections.abc import Mapping
from typing import Any

from app.reports.blocks import Block, Items, Paragraph, Section, Terms
from app.reports.board_tables import tasks_of_board
from app.reports.figures import counted, minute
from app.reports.references import References
from app.reports.subject import Subject

_PROBES = {
    "linear": "linear probes",
    "knn": "nearest neighbours",
    "retrieval": "retrieval of similar samples",
}


def rules_section(subject: Subject, document: Mapping[str, Any], cite: References) -> Section:
    """Say by which rules the board was made."""
    phase = subject.phase
    pairs = [
        ("Window", f"{minute(phase['opens_at'])} to {minute(phase['closes_at'])}"),
        ("Handed in", _embeddings(phase)),
        ("Scored", _scored(document, phase, cite)),
        ("Splits", _splits(phase)),
        ("Ranked", f"{document['rule']}."),
        ("Quota of a team", _quota(phase)),
    ]
    if document.get("part") is not None:
        pairs.append(("Samples that decide", _part(document["part"])))
    blocks: list[Block] = [Terms(tuple(pairs))]
    if document["tasks"]:
        blocks.append(tasks_of_board(document))
    else:
        blocks.append(Paragraph("The phase shows no scores of single tasks."))
    if subject.extensions:
        put_off = [f"{minute(one.at)}: {one.what}. {one.reason}" for one in subject.extensions]
        blocks += [Paragraph("The close was put off:"), Items(tuple(put_off))]
    return Section("rules", "Rules", tuple(blocks))


def _embeddings(phase: Mapping[str, Any]) -> str:
    said = (
        f"One embedding of {counted(phase['embedding_dim'], 'number')} for each of "
        f"{counted(phase['n_samples'], 'sample')}"
    )
    if phase["budget_bytes"] is not None:
        said += f", or shorter ones of at most {counted(phase['budget_bytes'], 'byte')}"
    return f"{said}. The labels were seen by nobody who handed in."


def _scored(document: Mapping[str, Any], phase: Mapping[str, Any], cite: References) -> str:
    probes = [_PROBES[kind] for kind in dict.fromkeys(task["probe"] for task in phase["tasks"])]
    said = (
        f"By {' and '.join(probes)} on the embeddings as they are {cite('alain-bengio')}, "
        f"scorer {document['scorer']}"
    )
    if document["scorer"].startswith("neuco@"):
        said += f", which gives the numbers of NeuCo-Bench {cite('neuco')}"
    else:
        said += "; what a probe may choose it chooses within the training part of a split"
    scaling = "dimension" if phase["scaling"] == "per-dimension" else "submission"
    return f"{said}. Embeddings are centred, and scaled by one number for each {scaling}."


def _splits(phase: Mapping[str, Any]) -> str:
    kinds = dict.fromkeys(_split(task["splits"]) for task in phase["tasks"])
    if len(kinds) == 1:
        return f"{next(iter(kinds))}; the same for every submission."
    return f"By task: {'; '.join(kinds)}. They are the same for every submission."


def _split(splits: Mapping[str, Any]) -> str:
    n = counted(splits["n_splits"], "split")
    if splits["kind"] == "predefined":
        said = f"{n} as the organizers made them"
    else:
        of = "groups" if splits["kind"] == "grouped" else "samples"
        kind = {"shuffle": "random"}.get(splits["kind"], splits["kind"])
        said = f"{n}, {kind}, with {100 * splits['test_size']:g} % of the {of} to test on"
    if splits["shots"] is not None:
        said += f" and {splits['shots']} labels a class to train on"
    return said


def _quota(phase: Mapping[str, Any]) -> str:
    quota = phase["quota"]
    return (
        f"{quota['per_day']} in 24 hours, {quota['total']} in all, and {quota['in_flight']} on "
        "their way at once; only valid ones count."
    )


def _part(part: str) -> str:
    if part == "private":
        return "The private ones, whose scores nobody saw before the reveal."
    return "The public ones, until private ones decide."
