"""How a bundle says that labels are split: what it may say, and what nobody could score."""

from typing import Any

import pytest
import yaml

from app.challenges.bundle import Bundle, read_bundle
from app.errors import InvalidBundle
from app.phases.splits import TaskSplits
from probeboard.labelsets import SplitKind, SplitSpec
from tests.builders import bundle_config, bundle_files, labels_csv, phase_config, sample_ids

IDS = sample_ids()
SITES = labels_csv(IDS, [f"site-{number % 12}" for number in range(60)]).replace(b"label", b"group")
PARTS = labels_csv(IDS, ["train"] * 40 + ["test"] * 20).replace(b"label", b"split")
KINDS = labels_csv(IDS, [number % 3 for number in range(60)])
FLAGS = b"id,a,b\n" + b"".join(
    f"{one},{number % 2},{number % 3 == 0:d}\n".encode() for number, one in enumerate(IDS)
)
TARGETS = FLAGS.replace(b",0", b",0.5")
TASKS = [
    {"slug": "height", "title": "Height", "type": "regression", "labels": "height.csv"},
    {"slug": "wet", "title": "Wet or dry", "type": "binary", "labels": "wet.csv"},
    {"slug": "kind", "title": "Kind", "type": "multiclass", "labels": "kinds.csv"},
    {"slug": "flags", "title": "Flags", "type": "multilabel", "labels": "flags.csv"},
    {"slug": "targets", "title": "Targets", "type": "regression", "labels": "targets.csv"},
]
FILES = {
    "groups.csv": SITES,
    "parts.csv": PARTS,
    "kinds.csv": KINDS,
    "flags.csv": FLAGS,
    "targets.csv": TARGETS,
}
GROUPED = {"kind": "grouped", "groups": "groups.csv", "n_splits": 5, "test_size": 0.2}
PREDEFINED = {"kind": "predefined", "predefined": "parts.csv"}
SHUFFLED = {"n_splits": 5, "test_size": 0.2, "seed": 1}


def files(*, more: dict[str, bytes] | None = None, **phase: Any) -> dict[str, bytes]:
    config = bundle_config(tasks=TASKS, phases=[phase_config(**phase)])
    return bundle_files(config) | FILES | (more or {})


def read(**phase: Any) -> Bundle:
    return read_bundle(files(**phase))


def refusals(bundle: dict[str, bytes]) -> list[tuple[str, str | None]]:
    """The code of each fault, and what stands on its line if that is in the configuration."""
    lines = bundle["challenge.yaml"].decode().splitlines()
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(bundle)
    return [
        (
            place.code,
            lines[place.line - 1].strip() if place.file == "challenge.yaml" else place.file,
        )
        for place in refused.value.places
        if place.line is not None or place.file != "challenge.yaml"
    ]


def codes(bundle: dict[str, bytes]) -> set[str]:
    return {code for code, _ in refusals(bundle)}


def test_a_task_is_split_as_it_says_itself_or_as_its_phase_does() -> None:
    own = [
        {"task": "height", "splits": GROUPED},
        "wet",
        {"task": "kind", "splits": PREDEFINED | {"shots": 5, "seed": 9}},
        {"task": "flags", "splits": {"n_splits": 4, "shots": 9}},
    ]
    tasks = read(splits=SHUFFLED | {"kind": "stratified"}, tasks=own).phases[0].tasks
    assert {slug: task.splits for slug, task in tasks.items()} == {
        "height": SplitSpec(5, 0.2, 42, SplitKind.GROUPED),
        "wet": SplitSpec(5, 0.2, 1, SplitKind.STRATIFIED),
        "kind": SplitSpec(1, 0.1, 9, SplitKind.PREDEFINED, 5),
        "flags": SplitSpec(4, 0.1, 42, SplitKind.SHUFFLE, 9),
    }
    assert tasks["height"].marks is not None
    assert tasks["height"].marks["s0013"] == "site-1"
    assert tasks["wet"].marks is None
    for task in tasks.values():
        stored = TaskSplits(task.splits, "digest" if task.marks else None)
        assert TaskSplits.from_document(stored.to_document()) == stored


@pytest.mark.parametrize(
    ("splits", "code"),
    [
        ({"kind": "grouped"}, "marks_missing"),
        ({"kind": "predefined"}, "marks_missing"),
        ({"groups": "groups.csv"}, "unused_file"),
        (PREDEFINED | {"groups": "groups.csv"}, "unused_file"),
        (PREDEFINED | {"n_splits": 5}, "unused_figure"),
        (PREDEFINED | {"test_size": 0.2}, "unused_figure"),
        (GROUPED | {"groups": "sites.csv"}, "file_missing"),
        ({"kind": "striped"}, "enum"),
        ({"shots": 0}, "greater_than_equal"),
        ({"n_splits": 1}, "greater_than_equal"),
        ({"folds": 5}, "unknown_key"),
    ],
)
@pytest.mark.parametrize("of_task", [True, False])
def test_splits_that_make_no_sense_are_refused_at_their_line(
    splits: dict[str, Any], code: str, of_task: bool
) -> None:
    phase = {"tasks": [{"task": "wet", "splits": splits}]} if of_task else {"splits": splits}
    bundle = files(**phase)
    lines = bundle["challenge.yaml"].decode().splitlines()
    first = next(n for n, line in enumerate(lines, start=1) if line.strip(" -") == "splits:")
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(bundle)
    (place,) = refused.value.places
    assert place.code == code
    assert place.line in range(first, first + 1 + len(splits))


@pytest.mark.parametrize(
    ("splits", "more", "expected"),
    [
        (GROUPED, {"groups.csv": SITES + b"nobody,1\n"}, ("unknown_id", "groups.csv")),
        (PREDEFINED, {"parts.csv": PARTS + b"nobody,test\n"}, ("unknown_id", "parts.csv")),
        (PREDEFINED, {"parts.csv": PARTS.replace(b"test", b"val")}, ("unknown_part", "parts.csv")),
        (PREDEFINED, {"parts.csv": PARTS.replace(b"s0001,train\n", b"")},
         ("part_missing", "wet.csv")),
        (PREDEFINED, {"parts.csv": PARTS.replace(b"test", b"")}, ("empty_part", "wet.csv")),
        (GROUPED, {"groups.csv": SITES.replace(b"s0001,site-1\n", b"")},
         ("group_missing", "wet.csv")),
        (GROUPED, {"groups.csv": SITES.replace(b"-1", b"").replace(b"-", b"")}, None),
        (GROUPED, {"groups.csv": labels_csv(IDS, [1] * 60).replace(b"label", b"group")},
         ("too_few_groups", "wet.csv")),
        (GROUPED, {"groups.csv": b"\xff"}, ("not_utf8", "groups.csv")),
        (SHUFFLED | {"shots": 40}, {}, ("too_few_shots", "wet.csv")),
        ({"kind": "stratified", "test_size": 0.01}, {}, ("too_few_samples", "wet.csv")),
    ],
)  # fmt: skip
def test_files_nobody_could_split_by_are_refused_when_they_come_in(
    splits: dict[str, Any], more: dict[str, bytes], expected: tuple[str, str] | None
) -> None:
    bundle = files(tasks=["wet"], splits=splits, more=more)
    if expected is None:
        assert read_bundle(bundle).phases[0].tasks["wet"].splits.kind is SplitKind.GROUPED
    else:
        assert expected in refusals(bundle)


def test_splits_that_fail_are_told_with_their_task_since_tasks_may_share_labels() -> None:
    with pytest.raises(InvalidBundle) as refused:
        read_bundle(files(tasks=["wet"], splits=SHUFFLED | {"shots": 40}))
    assert refused.value.places
    assert all(", task wet: " in place.detail for place in refused.value.places)


@pytest.mark.parametrize("slug", ["height", "flags"])
def test_only_classes_are_stratified(slug: str) -> None:
    bundle = files(tasks=[slug], splits=SHUFFLED | {"kind": "stratified"})
    assert codes(bundle) == {"not_stratifiable"}


def test_what_is_wrong_with_a_file_of_marks_is_told_once() -> None:
    bundle = files(tasks=["height", "wet", "kind"], splits=GROUPED, more={"groups.csv": b"id\n"})
    assert refusals(bundle) == [("header", "groups.csv")]


@pytest.mark.parametrize(
    ("task", "splits", "code"),
    [
        ("kind", SHUFFLED, "neuco_task_type"),
        ("flags", SHUFFLED, "neuco_task_type"),
        ("targets", SHUFFLED, "neuco_targets"),
        ("wet", SHUFFLED | {"kind": "stratified"}, "neuco_splits"),
        ("wet", GROUPED, "neuco_splits"),
        ("wet", PREDEFINED, "neuco_splits"),
        ("wet", SHUFFLED | {"shots": 5}, "neuco_shots"),
        ("height", SHUFFLED | {"test_size": 0.01}, "neuco_test_part"),
    ],
)
def test_neuco_is_held_to_what_neuco_bench_has_numbers_for(
    task: str, splits: dict[str, Any], code: str
) -> None:
    item = {"task": task, "splits": splits}
    bundle = files(scorer="neuco", tasks=["height", item] if task != "height" else [item])
    found = dict(refusals(bundle))
    assert found[code] == f"- task: {task}"


@pytest.mark.parametrize("probe", ["knn", "retrieval"])
def test_neucos_probe_is_linear(probe: str) -> None:
    bundle = files(scorer="neuco", tasks=["wet"])
    config = yaml.safe_load(bundle["challenge.yaml"])
    config["tasks"][1]["probe"] = probe
    bundle["challenge.yaml"] = yaml.safe_dump(config, sort_keys=False).encode()
    assert refusals(bundle) == [("neuco_probe", "- wet")]


def test_neuco_scales_by_one_number() -> None:
    bundle = files(scorer="neuco", tasks=["wet"], scaling="per-dimension")
    assert refusals(bundle) == [("neuco_scaling", "scaling: per-dimension")]
    assert read(scaling="per-dimension").phases[0].config.scaling == "per-dimension"
    assert read(scorer="neuco", tasks=["wet"], scaling="scalar")


def test_neuco_keeps_the_order_of_the_label_file() -> None:
    backwards = b"\n".join([b"id,label", *bundle_files()["wet.csv"].splitlines()[:0:-1]])
    bundle = files(scorer="neuco", tasks=["wet"], more={"wet.csv": backwards})
    assert read_bundle(bundle).phases[0].tasks["wet"].labels.sample_ids == tuple(IDS[::-1])
    bundle = files(tasks=["wet"], more={"wet.csv": backwards})
    assert read_bundle(bundle).phases[0].tasks["wet"].labels.sample_ids == tuple(IDS)


@pytest.mark.parametrize("ranking", ["mean-q", "neuco"])
def test_no_phase_ranks_by_q_where_a_single_split_has_no_spread(ranking: str) -> None:
    bundle = files(ranking=ranking, tasks=["height", {"task": "wet", "splits": PREDEFINED}])
    assert refusals(bundle) == [("q_of_one_split", f"ranking: {ranking}")]
    assert read(ranking="mean-score", tasks=["wet"], splits=PREDEFINED)
    two = (
        PARTS.replace(b"split", b"1,2")
        .replace(b"train", b"train,test")
        .replace(b"test\n", b"test,train\n")
        .replace(b"train,test,train\n", b"train,test\n")
    )
    assert read_bundle(
        files(ranking=ranking, tasks=["wet"], splits=PREDEFINED, more={"parts.csv": two})
    )


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ({"type": "regression", "probe": "retrieval"}, "retrieval_of_regression"),
        ({"signs": True}, "signs_of_linear"),
        ({"probe": "linear", "signs": True}, "signs_of_linear"),
        ({"probe": "forest"}, "enum"),
    ],
)
def test_a_probe_nobody_could_fit_is_refused_at_its_task(task: dict[str, Any], code: str) -> None:
    bundle = files()
    config = yaml.safe_load(bundle["challenge.yaml"])
    config["tasks"][1] |= task
    bundle["challenge.yaml"] = yaml.safe_dump(config, sort_keys=False).encode()
    ((found, line),) = refusals(bundle)
    assert found == code
    assert line in {"- slug: wet", f"probe: {task.get('probe')}"}


@pytest.mark.parametrize(("shots", "refused"), [(2, True), (3, False)])
def test_the_nearest_neighbours_are_a_choice_of_some(shots: int, refused: bool) -> None:
    bundle = files(tasks=["wet"], splits=SHUFFLED | {"shots": shots})
    assert read_bundle(bundle)
    config = yaml.safe_load(bundle["challenge.yaml"])
    config["tasks"][1]["probe"] = "knn"
    bundle["challenge.yaml"] = yaml.safe_dump(config, sort_keys=False).encode()
    if refused:
        assert refusals(bundle) == [("too_few_neighbours", "wet.csv")]
    else:
        assert read_bundle(bundle)


def test_every_probe_analysis_and_budget_is_taken() -> None:
    bundle = files(
        tasks=["height", "wet", "flags"],
        analyses=["spectrum", "rate-distortion"],
        budget_bytes=8,
    )
    config = yaml.safe_load(bundle["challenge.yaml"])
    for number, probe in ((0, "knn"), (1, "retrieval"), (3, "knn")):
        config["tasks"][number] |= {"probe": probe, "signs": number > 0}
    bundle["challenge.yaml"] = yaml.safe_dump(config, sort_keys=False).encode()
    read_ = read_bundle(bundle)
    assert [task.probe for task in read_.config.tasks[:2]] == ["knn", "retrieval"]
    assert read_.phases[0].config.budget_bytes == 8
    assert read_.phases[0].config.analyses == ["spectrum", "rate-distortion"]
    assert read().phases[0].config.analyses == ["metrics", "predictions"]


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        ({"analyses": ["metrics", "metrics"]}, "duplicate"),
        ({"analyses": ["magic"]}, "enum"),
        ({"budget_bytes": 0}, "greater_than_equal"),
        ({"scaling": "per-sample"}, "enum"),
        ({"scorer": "exact@1"}, "literal_error"),
    ],
)
def test_other_faults_of_a_phase_are_told(phase: dict[str, Any], code: str) -> None:
    assert codes(files(**phase)) == {code}


def test_a_phase_with_more_splits_than_a_worker_can_keep_is_refused_before_they_are_drawn() -> None:
    n = 11_000
    phase = phase_config(tasks=["height"], splits={**SHUFFLED, "n_splits": 1000})
    bundle = bundle_files(bundle_config(phases=[phase]), n)
    assert refusals(bundle) == [("too_many_splits", "- height")]
