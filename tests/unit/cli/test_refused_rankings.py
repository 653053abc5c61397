"""What `probeboard rank` refuses, with codes and lines."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Command

HEADER = "submission,task,split,score"
GOOD = ("A,t,1,0.5", "A,t,2,0.6", "B,t,1,0.4", "B,t,2,0.7")
RATIO = ",test_to_train"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "results.csv"
    path.write_text("\n".join([*lines, ""]))
    return path


@pytest.mark.parametrize(
    ("lines", "code", "line", "words"),
    [
        ((), "missing_column", 1, "there is no column 'submission'; there are none"),
        (("submission,task,score",), "missing_column", 1, "no column 'split'"),
        (("submission,task,split,score,task",), "duplicate_column", 1, "'task' is there twice"),
        ((HEADER,), "no_rows", None, "no row of scores"),
        ((HEADER, *GOOD, "C,t,1"), "wrong_cell_count", 6, "has 3 cells, the header 4"),
        ((HEADER, *GOOD, "C,,1,0.5"), "empty_cell", 6, "the task is empty"),
        ((HEADER, *GOOD, "C,t, ,0.5"), "empty_cell", 6, "the split is empty"),
        ((HEADER, "C,t,1, ", "C,u,1,nan"), "nothing_scored", None, "scored in any task"),
        ((HEADER, *GOOD, "C,t,1,high"), "not_a_number", 6, "'high' is no number"),
        ((HEADER, *GOOD, "C,t,1,1_0"), "not_a_number", 6, "'1_0' is no number"),
        ((HEADER, *GOOD, "C,t,1,Infinity"), "not_finite", 6, "the score is Infinity"),
        ((HEADER, *GOOD, "C,t,1,", "C,t,1,"), "duplicate_row", 7, "on line 6, too"),
        ((HEADER, *GOOD, "C,t,1,-inf"), "not_finite", 6, "the score is -inf"),
        ((HEADER, *GOOD, "", "A,t,1,0.5"), "duplicate_row", 7, "on line 2, too"),
        ((HEADER, *GOOD[:3]), "missing_split", None, "'B' lacks splits 2 of task 't'"),
        ((HEADER, *GOOD[1:], "C,t,1,"), "missing_split", None, "'A' lacks splits 1 of task 't'"),
        ((HEADER + RATIO, "A,t,1,0.5,0"), "bad_ratio", 2, "test_to_train '0' is no ratio"),
        ((HEADER + RATIO, "A,t,1,0.5,x"), "bad_ratio", 2, "'x' is no ratio"),
        ((HEADER + RATIO, "A,t,1,0.5,inf"), "bad_ratio", 2, "'inf' is no ratio"),
        (
            (HEADER + RATIO, "A,t,1,0.5,.1", "B,t,1,0.5,.2"),
            "different_ratio", 3, "is 0.2, but 0.1 on line 2",
        ),
    ],
)  # fmt: skip
def test_an_invalid_table_is_refused_with_code_and_line(
    probeboard: Command,
    tmp_path: Path,
    lines: tuple[str, ...],
    code: str,
    line: int | None,
    words: str,
) -> None:
    path = write(tmp_path, *lines)
    ended = probeboard("rank", path, "--json")
    assert ended.status == 1
    assert ended.document["valid"] is False
    issue = ended.document["issues"][0]
    assert (issue["code"], issue["line"]) == (code, line)
    assert words in issue["detail"]
    ended = probeboard("rank", path)
    assert (ended.status, ended.out) == (1, "")
    assert f"({code})" in ended.err


def test_everything_wrong_is_counted_and_the_first_of_it_shown(
    probeboard: Command, tmp_path: Path
) -> None:
    path = write(tmp_path, HEADER, *(f"A,t,{i},x" for i in range(120)))
    ended = probeboard("rank", path)
    assert ended.err.startswith(f"{path}: not valid, 120 issues\n  line 2: ")
    assert ended.err.endswith("  and 110 more\n")
    document = probeboard("rank", path, "--json").document
    assert (document["n_issues"], len(document["issues"])) == (120, 100)


def test_many_missing_splits_are_one_issue(probeboard: Command, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, *(f"A,t,{i},1" for i in range(12)), "B,t,3,1")
    ended = probeboard("rank", path)
    assert "'B' lacks splits 0, 1, 2, 4, 5 and 6 more of task 't'" in ended.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--baseline", "C"), "there is no submission C"),
        (("--baseline", "A", "--baseline", "B"), "none is left to rank"),
        (("--weight", "u=2"), "there is no task u"),
        (("--weight", "t=0"), "all weights are 0"),
        (("--method", "neuco", "--weight", "t=2"), "takes no --weight"),
        (("--smaller-is-better", "u"), "there is no task u; there are t"),
    ],
)
def test_options_that_do_not_fit_the_table_are_wrong_usage(
    probeboard: Command, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    ended = probeboard("rank", write(tmp_path, HEADER, *GOOD), *options)
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--weight", "t"), "not of the form TASK=W"),
        (("--weight", "t=-1"), "a weight is a number of at least 0"),
        (("--weight", "t=x"), "'x' is no number"),
        (("--floor", "nan"), "a finite number, or none"),
        (("--column", "rank=x"), "NAME one of submission, task, split, score, test_to_train"),
        (("--column", "task"), "needs NAME=COLUMN"),
        (("--test-size", "1"), "between 0 and 1"),
        (("--test-over-train", "0"), "a positive number"),
        (("--test-size", ".1", "--test-over-train", "1"), "not allowed with"),
        (("--draws", "99"), "a whole number from 100"),
        (("--method", "elo"), "invalid choice"),
    ],
)
def test_options_that_make_no_sense_are_wrong_usage(
    probeboard: Command, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    ended = probeboard("rank", write(tmp_path, HEADER, *GOOD), *options)
    assert ended.status == 2
    assert words in ended.err


def test_test_then_rank_is_not_for_a_single_split(probeboard: Command, tmp_path: Path) -> None:
    path = write(tmp_path, HEADER, "A,t,1,0.5", "B,t,1,0.6")
    ended = probeboard("rank", path, "--method", "test-then-rank")
    assert ended.status == 2
    assert "needs more than these results have; they allow average-rank" in ended.err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'submission,task,split,score\n"A'])
def test_what_is_no_csv_cannot_be_read(probeboard: Command, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    ended = probeboard("rank", path)
    assert ended.status == 2
    assert "is not a CSV file" in ended.err


def test_a_file_that_is_not_there_cannot_be_read(probeboard: Command, tmp_path: Path) -> None:
    ended = probeboard("rank", tmp_path / "nowhere.csv")
    assert ended.status == 2
    assert "No such file" in ended.err
