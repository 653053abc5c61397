"""Which policies a bundle may state, in which words, and at which line it contradicts itself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.challenges.bundle import read_bundle
from app.challenges.rules import policy_of
from app.errors import InvalidBundle
from app.models import SelectBy, Selection, TieBreak, WinRateAgainst
from app.phases.ranking_policy import RankingPolicy
from probeboard.ranking import RankingMethod
from tests.builders import BUNDLE_YAML, bundle_files, parts_csv

FIRST = "    splits: {n_splits: 5, test_size: 0.2, seed: 1}\n"
LINE = BUNDLE_YAML[: BUNDLE_YAML.index(FIRST)].count("\n") + 1


def bundle(lines: str) -> dict[str, bytes]:
    """A bundle whose first phase has these lines more, from `LINE` on."""
    text = BUNDLE_YAML.replace(FIRST, f"{lines}{FIRST}", 1)
    return bundle_files() | {"challenge.yaml": text.encode(), "parts.csv": parts_csv()}


def policy(lines: str) -> RankingPolicy:
    return policy_of(read_bundle(bundle(lines)).config.phases[0])


def faults(lines: str) -> set[tuple[str, int | None]]:
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(bundle(lines))
    assert all(place.file == "challenge.yaml" for place in refused.value.places)
    return {(place.code, place.line) for place in refused.value.places}


def test_a_phase_that_says_nothing_has_the_policy_of_always() -> None:
    assert policy("") == RankingPolicy(
        method=RankingMethod.AVERAGE_RANK,
        floor=0.0,
        weights_frozen_at=None,
        tie_break=TieBreak.NONE,
        win_rate_against=WinRateAgainst.POOL,
        selection=Selection.BEST,
        selection_limit=None,
        select_by=None,
        decimals=4,
        board_frozen_at=None,
    )


@pytest.mark.parametrize("method", RankingMethod)
@pytest.mark.parametrize("selection", ["best", "last"])
def test_a_name_alone_means_the_same_as_a_mapping_with_it(
    method: RankingMethod, selection: str
) -> None:
    short = policy(f"    ranking: {method}\n    selection: {selection}\n")
    whole = f"    ranking: {{method: {method}}}\n    selection: {{rule: {selection}}}\n"
    assert short == policy(whole)
    assert (short.method, short.selection) == (method, selection)


def test_every_policy_can_be_stated() -> None:
    stated = policy(
        "    ranking:\n"
        "      method: neuco\n"
        "      floor: -1\n"
        "      weights_frozen_at: 2026-01-20T00:00:00+01:00\n"
        "      tie_break: mean-score\n"
        "      win_rate_against: baselines\n"
        "    selection: {rule: best, by: mean-score}\n"
        "    board: {decimals: 2, frozen_at: 2026-01-25T00:00:00Z}\n"
    )
    assert stated == RankingPolicy(
        method=RankingMethod.NEUCO,
        floor=-1.0,
        weights_frozen_at=datetime(2026, 1, 19, 23, tzinfo=UTC),
        tie_break=TieBreak.MEAN_SCORE,
        win_rate_against=WinRateAgainst.BASELINES,
        selection=Selection.BEST,
        selection_limit=None,
        select_by=SelectBy.MEAN_SCORE,
        decimals=2,
        board_frozen_at=datetime(2026, 1, 25, tzinfo=UTC),
    )
    assert policy("    ranking: {method: neuco, floor: null}\n").floor is None
    chosen = policy("    selection: {rule: selected, limit: 20}\n")
    assert (chosen.selection, chosen.selection_limit) == (Selection.SELECTED, 20)


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ("    ranking: by-name\n", "enum", LINE),
        ("    ranking: {method: by-name}\n", "enum", LINE),
        ("    ranking: {methods: neuco}\n", "unknown_key", LINE),
        ("    ranking: [neuco]\n", "model_type", LINE),
        ("    ranking: {method: neuco, floor: 101}\n", "less_than_equal", LINE),
        ("    ranking: {method: neuco, floor: low}\n", "float_type", LINE),
        ("    ranking:\n      floor: -1\n", "floor_without_neuco", LINE + 1),
        (
            "    ranking:\n      weights_frozen_at: 2026-01-20T00:00:00Z\n",
            "frozen_without_neuco",
            LINE + 1,
        ),
        (
            "    ranking:\n      method: neuco\n      weights_frozen_at: 2026-01-01T00:00:00Z\n",
            "frozen_before_open",
            LINE + 2,
        ),
        (
            "    ranking:\n      method: neuco\n      weights_frozen_at: 2026-01-20T00:00:00\n",
            "timezone_aware",
            LINE + 2,
        ),
        (
            "    board:\n      frozen_at: 0001-01-01T00:00:00+09:00\n",
            "value_error",
            LINE + 1,
        ),
        ("    board: {frozen_at: 1767225600}\n", "datetime_type", LINE),
        ("    ranking: {tie_break: a-coin}\n", "enum", LINE),
        ("    ranking: {win_rate_against: all}\n", "enum", LINE),
        ("    selection: selected\n", "limit_missing", LINE),
        ("    selection:\n      rule: selected\n", "limit_missing", LINE),
        ("    selection:\n      rule: selected\n      limit: 0\n", "greater_than_equal", LINE + 2),
        ("    selection:\n      rule: selected\n      limit: 21\n", "less_than_equal", LINE + 2),
        ("    selection:\n      limit: 2\n", "limit_without_selected", LINE + 1),
        ("    selection:\n      rule: last\n      by: mean-q\n", "by_without_best", LINE + 2),
        ("    selection: {by: luck}\n", "enum", LINE),
        ("    selection: {rule: best, best: 3}\n", "unknown_key", LINE),
    ],
)
def test_each_fault_of_a_policy_has_its_line(lines: str, code: str, line: int) -> None:
    assert (code, line) in faults(lines)


@pytest.mark.parametrize(
    ("lines", "code", "key"),
    [
        ("    ranking: mean-q\n", "q_of_one_split", 0),
        ("    ranking:\n      method: neuco\n", "q_of_one_split", 1),
        ("    ranking: test-then-rank\n", "test_of_one_split", 0),
        ("    selection:\n      by: mean-q\n", "q_of_one_split", 1),
    ],
)
def test_one_split_has_no_spread_to_rank_or_choose_by(lines: str, code: str, key: int) -> None:
    single = lines + "    SPLITS\n"
    files = bundle(single)
    one = b"splits: {kind: predefined, predefined: parts.csv}"
    text = files["challenge.yaml"].replace(FIRST.encode(), b"", 1).replace(b"SPLITS", one)
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(files | {"challenge.yaml": text})
    found: set[Any] = {(place.code, place.line) for place in refused.value.places}
    assert found == {(code, LINE + key)}


@pytest.mark.parametrize("lines", ["", "    ranking: mean-score\n", "    selection: last\n"])
def test_one_split_is_enough_for_methods_of_means(lines: str) -> None:
    one = "    splits: {kind: predefined, predefined: parts.csv}\n"
    text = BUNDLE_YAML.replace(FIRST, lines + one, 1)
    files = bundle_files() | {"challenge.yaml": text.encode(), "parts.csv": parts_csv()}
    assert read_bundle(files).phases[0].tasks["wet"].splits.n_splits == 1
