"""How a bundle parts a phase's samples, and what of it nobody could score."""

from typing import Any

import pytest

from app.challenges.bundle import Bundle, read_bundle
from app.challenges.changes import compare
from app.challenges.outline import outline_of_bundle
from app.errors import InvalidBundle, Place
from tests.builders import (
    FUTURE,
    bundle_config,
    bundle_files,
    groups_csv,
    labels_csv,
    parts_csv,
    phase_config,
    sample_ids,
)

IDS = sample_ids()
GROUPED = {"kind": "grouped", "groups": "groups.csv", "n_splits": 5, "test_size": 0.3}
PREDEFINED = {"kind": "predefined", "predefined": "parts.csv"}
DRAWN = {"share": 0.5, "seed": 9}
NAMED = {"samples": "private.csv"}
LAST_THIRD = [one for number, one in enumerate(IDS) if 3 * number >= 120]


def listed(samples: list[str]) -> bytes:
    return "\n".join(["id", *samples, ""]).encode()


def files(*, more: dict[str, bytes] | None = None, **phase: Any) -> dict[str, bytes]:
    config = bundle_config(slug="tern", phases=[phase_config(**phase)])
    return bundle_files(config) | {"groups.csv": groups_csv(), "parts.csv": parts_csv()} | (
        more or {}
    )  # fmt: skip


def read(*, more: dict[str, bytes] | None = None, **phase: Any) -> Bundle:
    return read_bundle(files(more=more, **phase))


def places(bundle: dict[str, bytes]) -> tuple[Place, ...]:
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(bundle)
    return tuple(refused.value.places)


def test_a_phase_without_private_samples_has_none() -> None:
    assert read().phases[0].private is None
    assert outline_of_bundle(read())["phases"]["dev"]["private"] is None


def test_samples_are_drawn_or_named() -> None:
    drawn = read(private=DRAWN).phases[0].private
    assert drawn is not None
    assert len(drawn) == 30
    named = read(private=NAMED, more={"private.csv": listed(sorted(drawn, reverse=True))})
    assert named.phases[0].private == drawn
    # Equal parts are an equal challenge, however a bundle says which they are.
    assert outline_of_bundle(named) == outline_of_bundle(read(private=DRAWN))
    other = outline_of_bundle(read(private=DRAWN | {"seed": 8}))
    (change,) = compare(outline_of_bundle(named), other)
    assert change.dotted == "phases.dev.private.sides"


def test_groups_are_drawn_whole_by_the_groups_of_all_tasks() -> None:
    own = [{"task": "height", "splits": GROUPED}, {"task": "wet", "splits": dict(GROUPED)}]
    private = read(private=DRAWN, tasks=own).phases[0].private
    assert private is not None
    sites = {one: number % 12 for number, one in enumerate(IDS)}
    assert {sites[one] for one in private}.isdisjoint(sites[one] for one in set(IDS) - private)
    assert len(private) == 30


def test_a_named_group_on_both_sides_is_refused_with_its_line() -> None:
    named = listed(["s0000", "s0012", "s0024", "s0036", "s0048", "s0001"])
    (place,) = places(files(private=NAMED, splits=GROUPED, more={"private.csv": named}))
    assert (place.code, place.file, place.line) == ("group_on_both_sides", "private.csv", 7)


@pytest.mark.parametrize(
    ("private", "code"),
    [
        ({}, "private_unclear"),
        ({"samples": "private.csv", "share": 0.5}, "private_unclear"),
        ({"samples": "private.csv", "seed": 1}, "private_unclear"),
        ({"share": 0.5}, "private_unclear"),
        ({"share": 1, "seed": 1}, "less_than"),
        ({"share": 0.5, "seed": 2**53}, "less_than"),
        ({"share": 0.5, "seed": 1, "by": "site"}, "unknown_key"),
        (DRAWN | {"revealed_at": "2026-01-01T00:00:00"}, "timezone_aware"),
        (DRAWN | {"revealed_at": "2098-01-01T00:00:00Z"}, "revealed_before_close"),
        (NAMED, "file_missing"),
    ],
)
def test_what_makes_no_parts_is_refused_at_its_line(private: dict[str, Any], code: str) -> None:
    bundle = files(private=private)
    lines = bundle["challenge.yaml"].decode().splitlines()
    first = next(
        number for number, line in enumerate(lines, start=1) if line.strip().startswith("private:")
    )
    (place,) = places(bundle)
    assert (place.code, place.file) == (code, "challenge.yaml")
    assert place.line is not None
    assert first <= place.line <= first + len(private)


def test_faults_of_the_file_are_told_with_its_lines() -> None:
    bundle = files(private=NAMED, more={"private.csv": listed(["s0001", "s9999"])})
    (place,) = places(bundle)
    assert (place.code, place.file, place.line) == ("unknown_id", "private.csv", 3)


def test_one_group_cannot_be_parted() -> None:
    one = labels_csv(IDS, ["here"] * 60).replace(b"label", b"group", 1)
    found = places(files(private=DRAWN, splits=GROUPED, more={"groups.csv": one}))
    assert "private_undrawable" in {place.code for place in found}


@pytest.mark.parametrize(
    ("phase", "private", "part", "code"),
    [
        # Of the last third all marks say “test”, and of the rest “train”.
        ({"splits": PREDEFINED}, LAST_THIRD, "private", "empty_part"),
        ({"splits": PREDEFINED}, LAST_THIRD, "public", "empty_part"),
        ({}, IDS[:1], "private", "too_few_samples"),
        ({}, IDS[1:], "public", "too_few_samples"),
        ({"splits": GROUPED}, IDS[::12], "private", "too_few_groups"),
        ({"splits": {"n_splits": 5, "test_size": 0.2, "shots": 25}}, IDS[:30], "private",
         "too_few_shots"),
    ],
)  # fmt: skip
def test_a_part_that_nobody_could_score_is_refused_as_a_whole_phase_is(
    phase: dict[str, Any], private: list[str], part: str, code: str
) -> None:
    found = places(files(private=NAMED, more={"private.csv": listed(private)}, **phase))
    told = [place.detail for place in found if place.code == code]
    assert told
    assert any(f", {part} part: " in detail for detail in told)
    assert {place.file for place in found if place.code == code} <= {"height.csv", "wet.csv"}


def test_a_part_of_one_class_or_without_positives_is_refused() -> None:
    wet = labels_csv(IDS, [int(number >= 30) for number in range(60)])
    more = {"wet.csv": wet, "private.csv": listed(IDS[30:])}
    found = places(files(private=NAMED, more=more))
    told = {(place.code, place.detail.split(":")[0].split(", ")[-1]) for place in found}
    assert ("train_lacks_class", "private part") in told
    assert ("test_lacks_positives", "public part") in told


def test_each_part_needs_what_a_scorer_and_a_probe_ask_for() -> None:
    nearest = bundle_config(phases=[phase_config(private=NAMED)])
    nearest["tasks"][1]["probe"] = "knn"
    few = bundle_files(nearest) | {"private.csv": listed(IDS[:7])}
    assert "too_few_neighbours" in {place.code for place in places(few)}
    splits = {"n_splits": 5, "test_size": 0.1, "seed": 1}
    neuco = files(
        scorer="neuco", splits=splits, private=NAMED, more={"private.csv": listed(IDS[:9])}
    )
    assert "neuco_test_part" in {place.code for place in places(neuco)}


def test_without_its_file_no_further_fault_of_a_part_is_told() -> None:
    found = places(files(private=NAMED, splits=PREDEFINED))
    assert [place.code for place in found] == ["file_missing"]


def test_a_reveal_that_says_nothing_is_none() -> None:
    plain = outline_of_bundle(read(private=DRAWN))
    assert outline_of_bundle(read(private=DRAWN | {"revealed_at": FUTURE})) == plain
    later = outline_of_bundle(read(private=DRAWN | {"revealed_at": "2099-01-02T01:00:00+01:00"}))
    assert later["phases"]["dev"]["private"]["revealed_at"] == "2099-01-02T00:00:00Z"
