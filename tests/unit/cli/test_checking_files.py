"""`probeboard check`: what it says of a file, and how it ends."""

from pathlib import Path

import numpy as np
import pytest

from probeboard.embeddings import EmbeddingSpec, read_embeddings
from tests.unit.cli.conftest import N_DIMS, Command, World


@pytest.fixture
def check(probeboard: Command, world: World) -> Command:
    return lambda *more: probeboard(
        "check", world.file, "--dim", str(N_DIMS), "--ids", world.samples, *more
    )


def test_a_valid_file_ends_in_0_and_says_its_facts(check: Command, world: World) -> None:
    ended = check()
    assert (ended.status, ended.err) == (0, "")
    assert "80 samples x 5 dimensions, csv, text" in ended.out
    spec = EmbeddingSpec(n_dims=N_DIMS, sample_ids=tuple(world.ids))
    assert read_embeddings(world.file, spec).sha256 in ended.out


def test_json_holds_the_facts_of_the_library(check: Command, world: World) -> None:
    spec = EmbeddingSpec(n_dims=N_DIMS, sample_ids=tuple(world.ids))
    embeddings = read_embeddings(world.file, spec)
    assert check("--json").document == {
        "valid": True,
        "sha256": embeddings.sha256,
        "facts": embeddings.facts.to_dict(),
    }


def test_an_invalid_file_ends_in_1_and_every_fault_has_its_place(
    check: Command, world: World
) -> None:
    broken = world.matrix.copy()
    broken[2, 1], broken[7, 4] = np.nan, np.inf
    world.write_embeddings(broken)
    ended = check()
    assert ended.status == 1
    assert ended.out.splitlines()[0].endswith("not valid, 2 issues")
    assert "row 3, column 1: " in ended.out
    assert "row 8, column 4: " in ended.out
    document = check("--json").document
    assert document["valid"] is False
    assert [issue["row"] for issue in document["issues"]] == [3, 8]
    assert document["n_issues"] == 2


def test_issues_beyond_the_first_hundred_are_counted(check: Command, world: World) -> None:
    world.write_embeddings(np.full_like(world.matrix, np.nan))
    ended = check()
    assert ended.out.splitlines()[-1] == "  and 300 more"


def test_suffixes_are_stripped_and_short_embeddings_filled_up_when_asked(
    check: Command, world: World
) -> None:
    world.write_embeddings(world.matrix[:, :3], [f"{one}.zarr.zip" for one in world.ids])
    assert check().status == 1
    ended = check("--strip-suffix", ".zarr.zip", "--zero-pad")
    assert ended.status == 0
    assert "note: zero-padded from 3 to 5 dimensions" in ended.out
    assert check("--strip-suffix", ".zarr.zip", "--budget-bytes", "12").status == 0
    assert "over_budget" in check("--strip-suffix", ".zarr.zip", "--budget-bytes", "11").out


def test_an_array_takes_its_ids_from_a_file_beside_it(probeboard: Command, world: World) -> None:
    file = world.folder / "embeddings.npy"
    np.save(file, world.matrix)
    rows = world.write("rows.txt", "\n".join([*world.ids, ""]))
    where = ("--dim", str(N_DIMS), "--ids", world.samples)
    assert probeboard("check", file, *where, "--row-ids", rows).status == 0
    assert probeboard("check", file, *where).status == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no empty one"),
        (b"id\na\n\nb\n,c\n", "no empty one"),
        (b"id\na\na\n", "'a' twice"),
        (b"id\n\xff\xfe\n", "not a CSV file"),
        (b'id\n"a\n', "not a CSV file"),
    ],
)
def test_ids_that_cannot_be_used_end_in_2(
    check: Command, world: World, content: bytes, words: str
) -> None:
    world.write("samples.csv", content)
    ended = check()
    assert ended.status == 2
    assert words in ended.err
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize("content", ["x,id\n1,a\n2,b\n", "a\nb\n", "id\na\nb\n", "\ufeffid\na\nb"])
def test_ids_are_a_column_or_lines(probeboard: Command, world: World, content: str) -> None:
    ids = world.write("ids.csv", content)
    file = world.write("two.csv", "id,0\nb,1\na,2\n")
    assert probeboard("check", file, "--dim", "1", "--ids", ids).status == 0


def test_a_file_that_is_not_there_ends_in_2_with_one_line(
    probeboard: Command, world: World
) -> None:
    ended = probeboard("check", "nowhere.csv", "--dim", "5", "--ids", world.samples)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "probeboard: nowhere.csv: No such file or directory\n"
    ended = probeboard("check", world.file, "--dim", "5", "--ids", Path("nowhere.csv"))
    assert ended.status == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("check",),
        ("check", "a.csv", "--dim", "0", "--ids", "b.csv"),
        ("check", "a.csv", "--dim", "many", "--ids", "b.csv"),
        ("rank",),
        ("score", "a.csv", "labels", "--analyses", "magic"),
        ("score", "a.csv", "labels", "--groups", "g.csv", "--stratified"),
    ],
)
def test_wrong_usage_ends_in_2_and_shows_the_usage(
    probeboard: Command, arguments: tuple[str, ...]
) -> None:
    ended = probeboard(*arguments)
    assert ended.status == 2
    assert ended.err.startswith("usage: probeboard")


def test_an_empty_suffix_is_refused(check: Command) -> None:
    ended = check("--strip-suffix", "")
    assert (ended.status, ended.err) == (2, "probeboard: an empty suffix cannot be stripped\n")


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("score", "--help")])
def test_help_says_how_commands_end(probeboard: Command, arguments: tuple[str, ...]) -> None:
    ended = probeboard(*arguments)
    assert ended.status == 0
    assert "exit status: 0" in ended.out


def test_the_version_is_said(probeboard: Command) -> None:
    assert probeboard("--version").out.startswith("probeboard ")
