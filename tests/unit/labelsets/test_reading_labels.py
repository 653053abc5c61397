"""Label files: strict, and every issue of a file in one pass."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probeboard.labelsets import InvalidLabels, TaskType, from_bytes, read_labels, to_bytes

IDS = [f"s{i:03}" for i in range(40)]


def label_file(labels: list[str], ids: list[str] | None = None) -> bytes:
    rows = zip(ids or IDS, labels, strict=False)
    return "\n".join(["id,label", *(f"{i},{v}" for i, v in rows)]).encode()


def issues_of(data: bytes, task_type: TaskType, known: list[str] | None = IDS):
    with pytest.raises(InvalidLabels) as caught:
        read_labels(data, task_type=task_type, known_ids=known)
    return caught.value


NUMBERS = [str(i / 4) for i in range(40)]


def test_a_regression_file_is_read_in_the_challenges_sample_order():
    known = IDS[::-1]
    label_set = read_labels(
        label_file(NUMBERS[:30]), task_type=TaskType.REGRESSION, known_ids=known
    )
    assert label_set.sample_ids == tuple(IDS[:30][::-1])
    assert label_set.labels.dtype == np.float64
    assert label_set.labels.tolist() == [i / 4 for i in range(30)][::-1]
    assert label_set.classes == ()


@pytest.mark.parametrize("known", [IDS, None])
def test_the_order_of_the_files_rows_changes_nothing(known):
    order = np.random.default_rng(0).permutation(40)
    shuffled = label_file([NUMBERS[i] for i in order], [IDS[i] for i in order])
    first = read_labels(label_file(NUMBERS), task_type=TaskType.REGRESSION, known_ids=known)
    second = read_labels(shuffled, task_type=TaskType.REGRESSION, known_ids=known)
    assert to_bytes(first) == to_bytes(second)


def test_the_spelling_of_numbers_and_line_ends_does_not_change_the_digest():
    plain = label_file([str(i) for i in range(40)])
    other = b"\xef\xbb\xbf" + label_file([f" {i}.0" for i in range(40)]).replace(b"\n", b"\r\n")
    read = [read_labels(f, task_type=TaskType.REGRESSION, known_ids=IDS) for f in (plain, other)]
    assert to_bytes(read[0]) == to_bytes(read[1])


@pytest.mark.parametrize(
    ("written", "classes"),
    [
        (["10", "9"], ("9", "10")),
        (["1", "0.0"], ("0", "1")),
        (["0.5", "-1"], ("-1", "0.5")),
        (["yes", "no"], ("no", "yes")),
        (["10", "high"], ("10", "high")),
    ],
)
def test_classes_are_ordered_by_value_if_numbers_and_by_spelling_if_words(written, classes):
    label_set = read_labels(label_file(written * 20), task_type=TaskType.BINARY, known_ids=IDS)
    assert label_set.classes == classes
    assert label_set.labels.dtype == np.int64
    expected = [classes.index(w) if w in classes else classes.index("0") for w in written]
    assert label_set.labels[:2].tolist() == expected


def test_a_multiclass_file_numbers_its_classes_from_zero():
    label_set = read_labels(
        label_file(["7", "3", "30", "3.0"] * 10), task_type=TaskType.MULTICLASS, known_ids=IDS
    )
    assert label_set.classes == ("3", "7", "30")
    assert label_set.labels[:4].tolist() == [1, 0, 2, 0]


def test_every_issue_of_the_file_is_found_in_one_pass_with_its_line():
    rows = ["id,label", *(f"{i},1.5" for i in IDS[:25])]
    rows[3] = "s002,abc"
    rows[4] = "s003,nan"
    rows[5] = "s004,-inf"
    rows[6] = "s000,2"
    rows[7] = "stranger,2"
    rows[8] = "s007"
    rows[9] = ",3"
    rows[10] = "s009,"
    rows[11] = "s010,-2e38"
    rows[12] = ""
    rows[13] = "s012,1_0"
    error = issues_of("\n".join(rows).encode(), TaskType.REGRESSION)
    assert [(issue.code, issue.line) for issue in error.issues] == [
        ("not_a_number", 4),
        ("not_finite", 5),
        ("not_finite", 6),
        ("duplicate_id", 7),
        ("unknown_id", 8),
        ("columns", 9),
        ("empty_id", 10),
        ("empty_label", 11),
        ("too_large", 12),
        ("columns", 13),
        ("not_a_number", 14),
        ("too_few_samples", None),
    ]
    assert error.total == 12
    assert "line 2" in error.issues[3].detail


def test_the_line_of_an_issue_counts_line_breaks_inside_quotes():
    rows = ["id,label", '"a\nb",1', "s000,x"]
    error = issues_of("\n".join(rows).encode(), TaskType.REGRESSION)
    assert ("not_a_number", 4) in [(issue.code, issue.line) for issue in error.issues]


def test_only_the_first_hundred_issues_are_listed_but_all_are_counted():
    data = label_file(["x"] * 150, [f"t{i}" for i in range(150)])
    error = issues_of(data, TaskType.REGRESSION, None)
    assert len(error.issues) == 100
    assert error.total == 151
    assert "151 issue(s)" in str(error)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"label,id\na,1\n", "header"),
        (b"id;label\n", "header"),
        (b"id,label\n", "too_few_samples"),
        (b"id,label\na,1\nb,\xff\n", "not_utf8"),
        (b'id,label\n"a"b,1\n', "not_csv"),
    ],
)
def test_a_file_that_is_no_label_file_is_refused_by_name(data, code):
    error = issues_of(data, TaskType.REGRESSION, None)
    assert code in [issue.code for issue in error.issues]


def test_the_line_of_bytes_that_are_no_text_is_named():
    assert issues_of(b"id,label\na,1\nb,\xff\n", TaskType.REGRESSION, None).issues[0].line == 3


@pytest.mark.parametrize(
    ("labels", "task_type", "codes"),
    [
        (["5"] * 40, TaskType.REGRESSION, ["constant_labels"]),
        (["1"] * 40, TaskType.BINARY, ["binary_classes"]),
        (["0", "1", "2", "1"] * 10, TaskType.BINARY, ["binary_classes"]),
        (["1"] * 36 + ["0"] * 4, TaskType.BINARY, ["rare_class"]),
        (["1"] * 40, TaskType.MULTICLASS, ["single_class"]),
        (["1"] * 20 + ["b"] * 18 + ["c", "d"], TaskType.MULTICLASS, ["rare_class"] * 2),
        (["1"] * 39 + ["nan"], TaskType.MULTICLASS, ["not_finite", "single_class"]),
        (["1", "2"] * 9, TaskType.BINARY, ["too_few_samples"]),
    ],
)
def test_labels_nothing_can_be_learnt_from_are_refused(labels, task_type, codes):
    assert [issue.code for issue in issues_of(label_file(labels), task_type).issues] == codes


@given(st.lists(st.floats(-1e38, 1e38), min_size=20, max_size=40))
@settings(derandomize=True, max_examples=50)
def test_a_label_set_survives_being_written_and_read(values):
    values[0], values[1] = 0.0, 1.0
    data = label_file([repr(v) for v in values])
    label_set = read_labels(data, task_type=TaskType.REGRESSION, known_ids=IDS)
    again = from_bytes(to_bytes(label_set))
    assert np.array_equal(again.labels, np.array(values))
    assert again.sample_ids == label_set.sample_ids
    assert to_bytes(again) == to_bytes(label_set)


def test_class_labels_survive_being_written_and_read():
    label_set = read_labels(
        label_file(["é", "b"] * 20), task_type=TaskType.MULTICLASS, known_ids=IDS
    )
    again = from_bytes(to_bytes(label_set))
    assert again.labels.dtype == np.int64
    assert again.classes == ("b", "é")
    assert again.task_type is TaskType.MULTICLASS


@pytest.mark.parametrize("data", [b"{}", b"[]", b"not json", b'{"format":"something/1"}'])
def test_bytes_of_another_format_are_not_read_as_a_label_set(data):
    with pytest.raises(ValueError, match=r"format|Expecting"):
        from_bytes(data)


def test_a_label_set_is_read_only_and_has_one_label_per_sample():
    label_set = read_labels(label_file(NUMBERS), task_type=TaskType.REGRESSION)
    with pytest.raises(ValueError, match="read-only"):
        label_set.labels[0] = 3.0
    with pytest.raises(ValueError, match="one label per sample"):
        type(label_set)(TaskType.REGRESSION, ("a",), label_set.labels, ())
