"""A board as results for other sites: the JSON of Papers with Code's `sota-extractor`.

The site is closed; its format (task → dataset → metrics and rows) is what its archives and the
tools around it read. See https://github.com/paperswithcode/sota-extractor.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

OVERALL = "All tasks"


def results_json(document: Mapping[str, Any], *, address: str) -> bytes:
    """Write `results_of` as JSON."""
    results = results_of(document, address=address)
    return json.dumps(results, ensure_ascii=False, separators=(",", ":")).encode()


def results_of(document: Mapping[str, Any], *, address: str) -> list[dict[str, Any]]:
    """Return the results of a board document, by task as far as it shows them.

    `address` is where the board can be read: the snapshot's permalink.
    """
    decimals = document.get("decimals", 4)
    overall = [(entry, _overall(entry, decimals)) for entry in document["entries"]]
    results = [
        _task(document, OVERALL, ("Rank", "Mean score", "Mean Q"), overall, address=address),
    ]
    for task in document["tasks"]:
        rows = [
            (entry, {task["metric"]: f"{entry['tasks'][task['name']]['mean']:.{decimals}f}"})
            for entry in document["entries"]
        ]
        results.append(_task(document, task["name"], (task["metric"],), rows, address=address))
    return results


def _overall(entry: Mapping[str, Any], decimals: int) -> dict[str, str]:
    metrics = {
        "Mean score": f"{entry['mean_score']:.{decimals}f}",
        "Mean Q": f"{entry['mean_q']:.{decimals}f}",
    }
    return metrics if entry["rank"] is None else {"Rank": str(entry["rank"])} | metrics


def _task(
    document: Mapping[str, Any],
    name: str,
    metrics: Sequence[str],
    rows: Sequence[tuple[Mapping[str, Any], Mapping[str, str]]],
    *,
    address: str,
) -> dict[str, Any]:
    challenge = document.get("challenge_title", document["challenge"])
    phase = document.get("phase_title", document["phase"])
    link = {"title": f"{challenge}, {phase}: leaderboard", "url": address}
    dataset = {
        "dataset": f"{challenge} ({phase})",
        "description": document["rule"],
        "subdatasets": [],
        "dataset_links": [link],
        "dataset_citations": [],
        "sota": {"metrics": list(metrics), "rows": [_row(entry, told) for entry, told in rows]},
    }
    return {
        "task": name,
        "description": "",
        "categories": [],
        "synonyms": [],
        "subtasks": [],
        "source_link": link,
        "datasets": [dataset],
    }


def _row(entry: Mapping[str, Any], metrics: Mapping[str, str]) -> dict[str, Any]:
    team, method = entry["team"], entry["method_name"]
    code = entry["project_url"]
    return {
        "model_name": method if team is None else f"{method} ({team})",
        "paper_title": "",
        "paper_url": entry["paper_url"] or "",
        "paper_date": None,
        "code_links": [{"title": "Code", "url": code}] if code else [],
        "model_links": [],
        "metrics": dict(metrics),
        "uses_additional_data": False,
    }
