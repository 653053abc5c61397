"""What `probeboard score` refuses, with which words and which status."""

import numpy as np
import pytest

from tests.unit.cli.conftest import Command, World


def test_a_labelled_sample_without_an_embedding_makes_the_file_invalid(
    probeboard: Command, score: Command, world: World
) -> None:
    world.write_embeddings(world.matrix[:-2], world.ids[:-2])
    ended = probeboard("score", world.file, world.labels, "--jobs", "1")
    assert (ended.status, ended.out) == (1, "")
    assert world.ids[-1] in ended.err
    assert [issue["code"] for issue in score().document["issues"]] == ["missing_id"] * 2


def test_a_suffix_that_all_ids_carry_is_proposed(probeboard: Command, world: World) -> None:
    world.write_embeddings(ids=[f"{one}.zarr.zip" for one in world.ids])
    command = ("score", world.file, world.labels, "--jobs", "1", "--splits", "5")
    ended = probeboard(*command)
    assert ended.status == 1
    assert ended.err.endswith("try --strip-suffix .zarr.zip\n")
    assert probeboard(*command, "--strip-suffix", ".zarr.zip").status == 0


def test_no_suffix_is_proposed_where_it_would_not_help(probeboard: Command, world: World) -> None:
    world.write_embeddings(ids=[f"{one}.zip" for one in world.ids[:9]] + world.ids[10:] + ["x.y"])
    ended = probeboard("score", world.file, world.labels, "--jobs", "1")
    assert ended.status == 1
    assert "--strip-suffix" not in ended.err


def test_a_bad_value_is_no_matter_of_suffixes(probeboard: Command, world: World) -> None:
    world.matrix[3, 3] = float("nan")
    world.write_embeddings()
    ended = probeboard("score", world.file, world.labels, "--jobs", "1")
    assert (ended.status, ended.err.count("\n")) == (1, 2)


def test_samples_the_challenge_has_not_are_refused_when_it_is_given(
    score: Command, world: World
) -> None:
    fewer = world.write("fewer.csv", "\n".join(["id", *world.ids[:70]]))
    wet = world.labels / "wet__classification.csv"
    wet.write_text("\n".join(wet.read_text().splitlines()[:71]))
    codes = {issue["code"] for issue in score("--ids", fewer).document["issues"]}
    assert codes == {"unknown_id"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("height.csv", "named <task>__<type>.csv"),
        ("__regression.csv", "named <task>__<type>.csv"),
        ("height__guess.csv", "named <task>__<type>.csv"),
        ("wet__binary.csv", "for the same task"),
    ],
)
def test_label_files_with_other_names_are_refused(
    score: Command, world: World, name: str, words: str
) -> None:
    (world.labels / name).write_text("id,label\n")
    ended = score()
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err


def test_a_folder_without_label_files_is_refused(probeboard: Command, world: World) -> None:
    ended = probeboard("score", world.file, world.folder / "nowhere")
    assert (ended.status, "no such folder" in ended.err) == (2, True)
    empty = world.folder / "empty"
    empty.mkdir()
    ended = probeboard("score", world.file, empty)
    assert (ended.status, "has no label files" in ended.err) == (2, True)


def test_tasks_that_are_not_there_are_named(score: Command) -> None:
    ended = score("--tasks", "wet,cold")
    assert ended.status == 2
    assert ended.err == "probeboard: no label file for cold; there are height, wet\n"


def test_wrong_labels_are_said_with_their_lines(score: Command, world: World) -> None:
    world.write_labels("height__regression", ["high", *range(40)])
    ended = score()
    assert ended.status == 2
    assert "line 2: 'high' is not a number (not_a_number)" in ended.err
    world.write_labels("height__regression", ["high"] * 40)
    assert "and 31 more" in score().err


def test_wrong_classes_are_refused_as_such(score: Command, world: World) -> None:
    world.write_labels("wet__classification", [number // 78 for number in range(80)])
    assert "(rare_class)" in score().err
    world.write_labels("wet__classification", [1] * 80)
    assert "(single_class)" in score().err


def test_labels_of_unknown_samples_are_refused(score: Command, world: World) -> None:
    fewer = world.write("fewer.csv", "\n".join(["id", *world.ids[:70]]))
    assert "(unknown_id)" in score("--ids", fewer).err


def test_marks_that_are_wrong_or_missing_are_refused(score: Command, world: World) -> None:
    groups = world.write("groups.csv", "id,group\na,\n")
    assert "(empty_group)" in score("--groups", groups).err
    groups = world.write("groups.csv", "id,group\na,1\nb,2\n")
    ended = score("--groups", groups)
    assert (ended.status, "(group_missing)" in ended.err) == (2, True)
    assert score("--groups", world.folder / "nowhere.csv").status == 2


def test_splits_that_cannot_be_scored_are_refused(score: Command, world: World) -> None:
    world.write_labels("wet__classification", [int(number < 5) for number in range(80)])
    ended = score()
    assert (ended.status, "(test_lacks_positives)" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--splits", "1"), "n_splits must be at least 2"),
        (("--test-size", "2"), "test_size must lie strictly between 0 and 1"),
        (("--scorer", "neuco", "--stratified"), "takes no other splits"),
        (("--scorer", "neuco", "--shots", "3"), "takes no other splits"),
        (("--scorer", "neuco", "--probe", "knn", "--tasks", "wet"), "probes are linear"),
        (("--scorer", "neuco", "--scaling", "per-dimension"), "all dimensions by one number"),
        (("--signs",), "not by a linear probe"),
        (("--probe", "retrieval"), "retrieval needs classes; choose others with --tasks"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    score: Command, arguments: tuple[str, ...], words: str
) -> None:
    ended = score(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err


def test_neuco_says_which_task_it_does_not_know(score: Command, world: World) -> None:
    world.write_labels("cover__multiclass", [number % 3 for number in range(80)])
    ended = score("--scorer", "neuco")
    assert ended.status == 2
    assert "'cover' is multiclass" in ended.err
    assert ended.err.endswith("choose others with --tasks\n")


def test_an_array_without_ids_is_not_called_too_large(probeboard: Command, world: World) -> None:
    file = world.folder / "embeddings.npy"
    np.save(file, world.matrix)
    ended = probeboard("score", file, world.labels)
    assert (ended.status, ended.out) == (2, "")
    assert "--row-ids" in ended.err


@pytest.mark.parametrize(("text", "words"), [("x", "'x' is no whole number"), ("0", "at least 1")])
def test_a_number_of_shots_is_a_whole_positive_one(
    probeboard: Command, world: World, text: str, words: str
) -> None:
    ended = probeboard("score", world.file, world.labels, "--shots", text)
    assert ended.status == 2
    assert words in ended.err


@pytest.mark.parametrize("option", [("--splits", "40"), ("--test-size", "0.1")])
def test_splits_that_a_file_gives_have_no_figures_of_their_own(
    probeboard: Command, world: World, option: tuple[str, str]
) -> None:
    marks = world.write("parts.csv", "\n".join(["id,split", *(f"{i},train" for i in world.ids)]))
    ended = probeboard("score", world.file, world.labels, "--predefined", marks, *option)
    assert ended.status == 2
    assert "no --splits or --test-size" in ended.err
