"""The board, and how sure and how robust it is."""

from collections.abc import Mapping
from typing import Any

from app.leaderboards.history import History
from app.reports.blocks import Block, Figure, Paragraph, Section, Terms
from app.reports.board_tables import (
    agreement_table,
    board_table,
    further_table,
    left_out_table,
    methods_table,
    task_table,
)
from app.reports.figures import aggregate, counted, method_name, name_of, number, share
from app.reports.references import References
from probeboard.pictures import describe, is_empty

Document = Mapping[str, Any]

_CAPTIONS = {
    "rank-intervals": "Ranks, and between which ranks the draws put them.",
    "task-scores": "Mean scores by task; colour compares within a task.",
    "method-robustness": "Ranks by each method, the official one first.",
    "rate-distortion": "Mean score when embeddings are made smaller.",
    "rank-history": "Ranks from snapshot to snapshot.",
}


def lead_of(document: Document) -> str:
    """Say in a few sentences what came out."""
    ranked = [entry for entry in document["entries"] if not entry["is_baseline"]]
    aside = len(document["entries"]) - len(ranked)
    said = counted(len(ranked), "entry")
    if aside:
        said += f" and {counted(aside, 'baseline')}"
    said += f" ranked by {method_name(document['method']).lower()}."
    first = [entry for entry in ranked if entry["rank"] == 1]
    if not first:
        return said
    if len(first) > 1:
        return f"{said} {', '.join(map(name_of, first))} share the first rank."
    [best] = first
    said += (
        f" First is {best['team']} with “{best['method_name']}” "
        f"({aggregate(document, best['aggregate'])})."
    )
    if not document["uncertainty"]["shown"]:
        return said
    said += f" It leads in {_share_of(document, best['p_first'])} of the draws"
    tier = sum(entry["tier"] == 1 for entry in ranked)
    if tier == 1:
        return f"{said}, and no other entry may be best at 95 %."
    return f"{said}; the data do not settle which of {counted(tier, 'entry')} is best."


def _share_of(document: Document, chance: float | None) -> str:
    return share(chance, draws=document["uncertainty"]["draws"])


def results_section(document: Document, history: History, cite: References) -> Section:
    """Return the board and the scores by task."""
    blocks: list[Block] = [board_table(document)]
    if document["tasks"]:
        blocks.append(task_table(document))
    blocks += _figures(document, history, "rank-intervals", "task-scores", "rate-distortion")
    blocks.append(_reading(document, cite))
    return Section("results", "Results", tuple(blocks))


def robustness_section(document: Document, history: History, cite: References) -> Section | None:
    """Return how far the ranks hang on the method, the tasks and the others."""
    blocks: list[Block] = []
    methods, left_out = methods_table(document), left_out_table(document)
    if methods:
        blocks += [_methods_words(document, cite), methods]
    if further := further_table(document):
        blocks.append(further)
    blocks += _figures(document, history, "method-robustness")
    if left_out:
        blocks.append(left_out)
    agreement = agreement_table(document)
    if agreement:
        blocks += [agreement, _agreement_words(document)]
    return Section("robustness", "Robustness", tuple(blocks)) if blocks else None


def history_section(document: Document, history: History) -> Section | None:
    """Return how the board came to be."""
    figures = _figures(document, history, "rank-history")
    if not figures:
        return None
    times = "once" if history.total == 1 else f"{history.total:,} times"
    words = f"The board was written {times}; each time is a snapshot that never changes."
    return Section("history", "How the board came to be", (Paragraph(words), *figures))


def _figures(document: Document, history: History, *names: str) -> list[Figure]:
    steps = [(point.ranked_at, point.ranks) for point in history.points]
    found = []
    for name in names:
        past = steps if name == "rank-history" else None
        if not is_empty(name, document, past):
            words = describe(name, document, past)
            title = words.partition("\n")[0].removesuffix(".")
            found.append(Figure(name, title, _CAPTIONS[name], words))
    return found


def _reading(document: Document, cite: References) -> Terms:
    uncertainty = document["uncertainty"]
    pairs: list[tuple[str, str]] = []
    if uncertainty["shown"]:
        pairs += [
            (
                "95 % interval",
                f"Of the ranks in {uncertainty['draws']:,} draws of what the scores could have "
                "been with other splits of the same data. Splits share training samples: errors "
                f"are corrected for that {cite('nadeau-bengio')}.",
            ),
            (
                "Rank set",
                "From a confidence set for all ranks at once, at 95 %: what may be claimed "
                f"{cite('mogstad')}.",
            ),
            (
                "Tier",
                "Tier 1 holds all that may be best, tier 2 all that may be best of the rest, and "
                "so on: within a tier the data do not settle the order.",
            ),
            ("P(first), P(top 3)", "The share of draws in which an entry is there; ties share."),
        ]
        samples = uncertainty.get("samples") or {}
        if samples.get("shown"):
            unit = {"group": "groups of samples", "mixed": "samples or groups"}.get(
                samples["unit"], "samples"
            )
            told = f"The interval had other {unit} been labelled, probes and splits as they were."
            pairs.append(("By samples", told))
    else:
        why = uncertainty["reason"] or "there are too few entries or splits"
        pairs.append(("No intervals", f"The board gives none: {why}."))
    error = f"One standard error of the mean over splits, corrected {cite('nadeau-bengio')}."
    pairs += [
        ("±", error),
        ("Q", "2 · mean / (0.02 + standard deviation over splits), as in NeuCo-Bench."),
        ("(rank)", "Of a baseline: where it would stand; it is in nobody's way."),
    ]
    if any(entry["tie_broken"] for entry in document["entries"]):
        pairs.append(("rank*", "A tie that the phase's rule has broken."))
    return Terms(tuple(pairs))


def _methods_words(document: Document, cite: References) -> Paragraph:
    official = method_name(document["method"]).lower()
    said = (
        "How ranks are made of scores is a choice, and may decide who leads "
        f"{cite('wiesenfarth')}. Only the ranks by {official}, the first column, count. "
        f"Kendall's tau-b {cite('kendall')} is 1 where two orders are the same."
    )
    agreement = document["agreement"] or {}
    # Among the tasks in snapshots of old.
    tau = agreement.get("draw_tau", (agreement.get("tasks") or {}).get("draw_tau"))
    if tau is not None:
        said += f" The drawn orders agree with the board's to {number(tau, 2)} on average."
    return Paragraph(said)


def _agreement_words(document: Document) -> Paragraph:
    clusters = document["agreement"]["tasks"]["clusters"] or []
    together = [", ".join(names) for names in clusters if len(names) > 1]
    if not together:
        return Paragraph("No two tasks order at least three quarters of the pairs alike.")
    told = "; ".join(together)
    return Paragraph(f"Tasks that order at least three quarters of the pairs alike: {told}.")
