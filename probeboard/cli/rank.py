"""`probeboard rank`: ranks and how sure they are, of any table of split scores."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from probeboard.cli.check import INVALID, VALID
from probeboard.cli.errors import CommandError
from probeboard.cli.inputs import SHOWN_ISSUES
from probeboard.cli.rank_document import rank_results
from probeboard.cli.rank_entries import Rules
from probeboard.cli.rank_neuco import read_folder
from probeboard.cli.rank_results import InvalidResults, Results
from probeboard.cli.rank_table import Reading, read_table
from probeboard.cli.rank_text import to_text
from probeboard.pictures import MISSING_MATPLOTLIB, PICTURES, can_draw, describe, draw, is_empty
from probeboard.ranking import RankingMethod

_TEST_SIZE = 0.1
_THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_NOTHING = "Nothing to draw yet. "


def run(options: argparse.Namespace) -> int:
    """Rank one table or folder; the status says whether it was valid."""
    if options.pictures and not can_draw():
        raise CommandError(MISSING_MATPLOTLIB)
    try:
        results = _read(options)
    except InvalidResults as error:
        return _report_invalid(options, error)
    document = rank_results(results, _rules(options, results))
    written = _write_pictures(options, document) if options.pictures else []
    if options.json:
        sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
    else:
        sys.stdout.write(to_text(document) + "".join(f"\n{line}" for line in written))
        sys.stdout.write("\n" if written else "")
    return VALID


def _read(options: argparse.Namespace) -> Results:
    share = options.test_size or _TEST_SIZE
    ratio = options.test_over_train or share / (1 - share)
    path: Path = options.results
    if path.is_dir():
        if options.column or options.smaller_is_better:
            raise CommandError("--column and --smaller-is-better are for tables, not for folders")
        return read_folder(path, test_to_train=ratio, same_samples=options.same_samples)
    reading = Reading(
        columns=dict(options.column),
        test_to_train=ratio,
        smaller_is_better=frozenset(options.smaller_is_better),
        same_samples=options.same_samples,
    )
    return read_table(path, reading)


def _rules(options: argparse.Namespace, results: Results) -> Rules:
    weights = dict(options.weight)
    _refuse_unknown("task", weights, results.task_names)
    _refuse_unknown("submission", options.baseline, results.names)
    if len(set(options.baseline)) == len(results.names):
        raise CommandError("every submission is a baseline: none is left to rank")
    method = RankingMethod(options.method) if options.method else results.methods[0]
    if method not in results.methods:
        can = ", ".join(results.methods)
        raise CommandError(f"{method} needs more than these results have; they allow {can}")
    if method is RankingMethod.NEUCO and weights:
        raise CommandError("neuco weighs tasks by their spread: it takes no --weight")
    used = tuple(weights.get(name, 1.0) for name in results.task_names)
    if not any(used):
        raise CommandError("all weights are 0")
    return Rules(
        source=options.results.resolve().name,
        method=method,
        weights=used,
        floor=options.floor,
        baselines=frozenset(options.baseline),
        seed=options.seed,
        n_draws=options.draws,
    )


def _refuse_unknown(what: str, named: Iterable[str], known: Sequence[str]) -> None:
    if unknown := [name for name in named if name not in known]:
        raise CommandError(f"there is no {what} {', '.join(unknown)}")


def _write_pictures(options: argparse.Namespace, document: Mapping[str, Any]) -> list[str]:
    """Write what can be drawn, and return what was, and what was not, and why."""
    folder: Path = options.pictures
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name in PICTURES:
        words = describe(name, document)
        if is_empty(name, document):
            lines.append(f"not drawn: {name}: {words.splitlines()[-1].removeprefix(_NOTHING)}")
            continue
        for theme in _THEMES:
            path = folder / f"{name}.{theme}.{options.form}"
            path.write_bytes(draw(name, document, theme=theme, form=options.form).content)
            lines.append(f"wrote {path}")
        (folder / f"{name}.txt").write_text(words, encoding="utf-8")
    return lines


def _report_invalid(options: argparse.Namespace, error: InvalidResults) -> int:
    if options.json:
        issues = [issue.to_dict() for issue in error.issues]
        document = {"valid": False, "n_issues": error.total, "issues": issues}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return INVALID
    lines = [f"{options.results}: not valid, {error.total} issue{'s' if error.total > 1 else ''}"]
    for issue in error.issues[:SHOWN_ISSUES]:
        place = f"line {issue.line}: " if issue.line is not None else ""
        lines.append(f"  {place}{issue.detail} ({issue.code})")
    if error.total > SHOWN_ISSUES:
        lines.append(f"  and {error.total - SHOWN_ISSUES} more")
    sys.stderr.write("\n".join(lines) + "\n")
    return INVALID
