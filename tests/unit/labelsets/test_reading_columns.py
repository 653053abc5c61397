"""Label files with several columns, the order of rows kept, and files of marks."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probeboard.labelsets import (
    InvalidLabels,
    LabelSet,
    SplitKind,
    TaskType,
    from_bytes,
    marks_from_bytes,
    marks_to_bytes,
    read_labels,
    read_marks,
    to_bytes,
)

IDS = [f"s{number:02}" for number in range(30)]


def table(header: str, cells: list[str], ids: list[str] | None = None) -> bytes:
    rows = zip(ids or IDS, cells, strict=True)
    return "\n".join([header, *(f"{one},{cell}" for one, cell in rows)]).encode()


def faults(data: bytes, task_type: TaskType) -> list[tuple[str, int | None]]:
    with pytest.raises(InvalidLabels) as refused:
        read_labels(data, task_type=task_type, known_ids=IDS)
    return [(issue.code, issue.line) for issue in refused.value.issues]


TARGETS = [f"{n / 4},{-n}" for n in range(30)]
FLAGS = [f"{n % 2},{int(n < 8)},{int(n > 20)}" for n in range(30)]


def test_several_targets_are_a_column_each():
    label_set = read_labels(
        table("id,ndvi, lai ", TARGETS), task_type=TaskType.REGRESSION, known_ids=IDS
    )
    assert label_set.classes == ("ndvi", "lai")
    assert label_set.labels.dtype == np.float64
    assert label_set.labels.tolist() == [[n / 4, -float(n)] for n in range(30)]


def test_a_multilabel_file_is_a_column_of_ones_and_zeros_per_class():
    label_set = read_labels(
        table("id,water,forest,town", FLAGS), task_type=TaskType.MULTILABEL, known_ids=IDS
    )
    assert label_set.classes == ("water", "forest", "town")
    assert label_set.labels.dtype == np.int64
    assert label_set.labels.tolist() == [[n % 2, n < 8, n > 20] for n in range(30)]


@pytest.mark.parametrize(
    ("header", "cells", "task_type"),
    [("id,a,b", TARGETS, TaskType.REGRESSION), ("id,a,b,c", FLAGS, TaskType.MULTILABEL)],
)
def test_columns_of_labels_survive_being_written_and_read(header, cells, task_type):
    label_set = read_labels(table(header, cells), task_type=task_type)
    again = from_bytes(to_bytes(label_set))
    assert np.array_equal(again.labels, label_set.labels)
    assert again.labels.dtype == label_set.labels.dtype
    assert (again.classes, again.task_type) == (label_set.classes, task_type)
    assert b'"format":"probeboard.labelset/2"' in to_bytes(label_set)


def test_the_digests_of_label_sets_of_one_column_never_change():
    numbers = LabelSet(TaskType.REGRESSION, ("a", "b"), np.array([0.1, 2.0]), ())
    words = LabelSet(TaskType.BINARY, ("a", "é"), np.array([1, 0]), ("no", "yes"))
    assert [hashlib.sha256(to_bytes(one)).hexdigest()[:16] for one in (numbers, words)] == DIGESTS


DIGESTS = ["7e9bba115dbcd4b7", "9555305368c0e43a"]


@pytest.mark.parametrize("known", [IDS, None])
def test_the_files_order_is_kept_where_it_is_asked_for(known):
    order = np.random.default_rng(0).permutation(30)
    data = table("id,label", [str(n) for n in order], [IDS[n] for n in order])
    kept = read_labels(data, task_type=TaskType.REGRESSION, known_ids=known, keep_order=True)
    assert kept.sample_ids == tuple(IDS[n] for n in order)
    assert kept.labels.tolist() == [float(n) for n in order]
    sorted_ = read_labels(data, task_type=TaskType.REGRESSION, known_ids=known)
    assert sorted_.sample_ids == tuple(IDS)


@pytest.mark.parametrize(
    ("header", "task_type"),
    [
        ("id,water,forest", TaskType.BINARY),
        ("id,water,forest", TaskType.MULTICLASS),
        ("id,label", TaskType.MULTILABEL),
        ("id,water", TaskType.MULTILABEL),
        ("id,height", TaskType.REGRESSION),
        ("sample,a,b", TaskType.REGRESSION),
        ("id", TaskType.REGRESSION),
    ],
)
def test_a_header_that_is_not_the_task_types_is_refused(header, task_type):
    assert faults(table(header, TARGETS), task_type) == [("header", 1)]


def test_columns_without_a_name_or_with_one_twice_are_refused():
    data = table("id,a,,a", ["1,2,3"] * 30)
    assert faults(data, TaskType.REGRESSION) == [("empty_column", 1), ("duplicate_column", 1)]
    wide = ("id," + ",".join(str(n) for n in range(1001))).encode()
    assert faults(wide, TaskType.REGRESSION) == [("too_many_columns", 1)]


def test_every_cell_that_is_no_label_is_told_with_line_and_column():
    cells = [*TARGETS]
    cells[3], cells[4], cells[5] = "x,nan", ",2e38", "1"
    data = table("id,ndvi,lai", cells)
    with pytest.raises(InvalidLabels) as refused:
        read_labels(data, task_type=TaskType.REGRESSION, known_ids=IDS)
    assert [(issue.code, issue.line, issue.detail[:13]) for issue in refused.value.issues] == [
        ("not_a_number", 5, "column 'ndvi'"),
        ("not_finite", 5, "column 'lai':"),
        ("empty_label", 6, "column 'ndvi'"),
        ("too_large", 6, "column 'lai':"),
        ("columns", 7, "expected 3 co"),
    ]
    cells = [*FLAGS]
    cells[0] = "2,yes,1.0"
    assert faults(table("id,a,b,c", cells), TaskType.MULTILABEL) == [("not_zero_or_one", 2)] * 2


def test_targets_and_classes_that_nothing_can_be_learnt_from_are_refused():
    constant = table("id,a,b", [f"{n},7" for n in range(30)])
    assert faults(constant, TaskType.REGRESSION) == [("constant_labels", None)]
    rare = table("id,a,b,c", [f"{int(n < 4)},{int(n > 3)},{n % 2}" for n in range(30)])
    assert faults(rare, TaskType.MULTILABEL) == [("rare_class", None)] * 2


@given(st.lists(st.tuples(*[st.floats(-1e38, 1e38)] * 3), min_size=20, max_size=30))
@settings(derandomize=True, max_examples=30)
def test_any_targets_survive_being_written_and_read(rows):
    rows[0], rows[1] = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    data = table("id,a,b,c", [",".join(map(repr, row)) for row in rows], IDS[: len(rows)])
    label_set = read_labels(data, task_type=TaskType.REGRESSION)
    assert np.array_equal(from_bytes(to_bytes(label_set)).labels, np.array(rows))


def test_groups_and_parts_are_read():
    groups = read_marks(table("id,group", ["north"] * 30), kind=SplitKind.GROUPED, known_ids=IDS)
    assert groups == dict.fromkeys(IDS, "north")
    parts = read_marks(table("id,split", ["train", ""] * 15), kind=SplitKind.PREDEFINED)
    assert (parts["s00"], parts["s01"]) == ("train", "")
    several = read_marks(table("id,a,b", [" train , test"] * 30), kind=SplitKind.PREDEFINED)
    assert several["s00"] == "train,test"


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b"", SplitKind.GROUPED, [("empty", None)]),
        (b"", SplitKind.PREDEFINED, [("empty", None)]),
        (b"id,group\n", SplitKind.GROUPED, [("empty", None)]),
        (b"\xff", SplitKind.GROUPED, [("not_utf8", 1)]),
        (b'"a"b\n', SplitKind.GROUPED, [("not_csv", 1)]),
        (b"id,site\na,1\n", SplitKind.GROUPED, [("header", 1)]),
        (b"id\na\n", SplitKind.PREDEFINED, [("header", 1)]),
        (b"\nid,split\na,test\n", SplitKind.PREDEFINED, [("header", 1)]),
        (b"id,1,1\na,train,test\n", SplitKind.PREDEFINED, [("duplicate_column", 1)]),
        (b"id,group\ns00,\ns01,1\n", SplitKind.GROUPED, [("empty_group", 2)]),
        (b"id,group\ns00,1\ns00,2\nx,1\n", SplitKind.GROUPED,
         [("duplicate_id", 3), ("unknown_id", 4)]),
        (b"id,split\ns00,Train\ns01,val\n", SplitKind.PREDEFINED,
         [("unknown_part", 2), ("unknown_part", 3)]),
        (b'id,group\ns00,1\n"a"b,1\n', SplitKind.GROUPED, [("not_csv", 3)]),
    ],
)  # fmt: skip
def test_marks_that_cannot_be_used_are_refused_with_their_line(data, kind, expected):
    with pytest.raises(InvalidLabels) as refused:
        read_marks(data, kind=kind, known_ids=IDS)
    assert [(issue.code, issue.line) for issue in refused.value.issues] == expected


ANY_CELLS = st.lists(
    st.sampled_from(
        ["s00", "s01", "x", "", ",", "\n", "\r", '"', "train", "test", "1", "\x00", "é"]
    )
)


@given(
    st.sampled_from([b"", b"\n", b"id,group\n", b"id,a,b\n"]), st.binary(max_size=60) | ANY_CELLS
)
@settings(derandomize=True, max_examples=150)
def test_any_bytes_are_marks_and_labels_or_a_refusal_with_issues(header, content):
    data = header + (content if isinstance(content, bytes) else "".join(content).encode())
    said = []
    for read in (
        lambda: read_marks(data, kind=SplitKind.GROUPED, known_ids=IDS),
        lambda: read_marks(data, kind=SplitKind.PREDEFINED, known_ids=IDS),
        lambda: read_labels(data, task_type=TaskType.MULTILABEL, known_ids=IDS),
        lambda: read_labels(data, task_type=TaskType.REGRESSION, keep_order=True),
    ):
        try:
            assert read()
        except InvalidLabels as refused:
            said.append(refused)
    assert all(issue.code and issue.detail for refused in said for issue in refused.issues)


@pytest.mark.parametrize("kind", [SplitKind.SHUFFLE, SplitKind.STRATIFIED])
def test_splits_that_nobody_marks_have_no_marks(kind):
    with pytest.raises(ValueError, match="need no marks"):
        read_marks(b"id,group\n", kind=kind)


def test_marks_survive_being_written_and_read_in_one_way():
    marks = {"é": "train,test", "a": "test,"}
    assert marks_from_bytes(marks_to_bytes(marks)) == marks
    assert marks_to_bytes(marks) == marks_to_bytes(dict(sorted(marks.items())))
    for other in (b"{}", b"[]", to_bytes(from_bytes(NUMBERS))):
        with pytest.raises(ValueError, match="not marks"):
            marks_from_bytes(other)


NUMBERS = to_bytes(LabelSet(TaskType.REGRESSION, ("a", "b"), np.array([0.1, 2.0]), ()))


@pytest.mark.parametrize(
    ("task_type", "labels", "names"),
    [
        (TaskType.BINARY, np.zeros((2, 2), np.int64), ("a", "b")),
        (TaskType.REGRESSION, np.zeros((2, 1)), ("a",)),
        (TaskType.REGRESSION, np.zeros((2, 2)), ()),
        (TaskType.MULTILABEL, np.zeros(2, np.int64), ("a", "b")),
    ],
)
def test_a_label_set_of_columns_has_a_name_for_each(task_type, labels, names):
    with pytest.raises(ValueError, match="column"):
        LabelSet(task_type, ("x", "y"), labels, names)
