"""The demo challenge's real encoders score as the remote sensing of it says they must."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.challenges.bundle import read_bundle
from probeboard.embeddings import EmbeddingSpec, read_embeddings
from probeboard.labelsets import make_splits
from probeboard.probing import ProbeTask, get_scorer, prepare, score_tasks
from probeboard.ranking import average_rank

EXAMPLE = Path(__file__).parents[3] / "examples" / "s1s2-timeseries"
EXACT = get_scorer("exact")
CONTROL = "random"


@cache
def bundle():
    files = {
        str(path.relative_to(EXAMPLE)): path.read_bytes()
        for path in EXAMPLE.rglob("*")
        if path.is_file() and path.suffix != ".parquet"
    }
    return read_bundle(files)


@cache
def embeddings():
    sample_ids = bundle().phases[0].sample_ids
    spec = EmbeddingSpec(n_dims=bundle().config.embedding_dim, sample_ids=sample_ids)
    paths = sorted((EXAMPLE / "submissions").glob("*.parquet"))
    return {path.stem: prepare(read_embeddings(path, spec).matrix) for path in paths}


@cache
def means(slug):
    """Mean score of each encoder on each task of a phase, and on the control, split alike."""
    phases = {part.config.slug: part for part in bundle().phases}
    phase = phases[slug]
    row_of = {sample: row for row, sample in enumerate(phase.sample_ids)}
    label_sets = {name: task.labels for name, task in phase.tasks.items()}
    label_sets[CONTROL] = phases["test"].tasks[CONTROL].labels
    like = next(iter(phase.tasks.values()))
    tasks = [
        ProbeTask(
            name,
            labels.task_type,
            np.array([row_of[sample] for sample in labels.sample_ids], dtype=np.intp),
            labels.labels,
            make_splits(labels, like.splits, like.marks),
        )
        for name, labels in label_sets.items()
    ]
    return {
        encoder: {one.name: one.mean for one in score_tasks(prepared, tasks, scorer=EXACT)}
        for encoder, prepared in embeddings().items()
    }


def ranks(slug):
    """Rank of each encoder in a phase, by the phase's own tasks."""
    found = means(slug)
    scores = [
        [score for name, score in of_encoder.items() if name != CONTROL]
        for of_encoder in found.values()
    ]
    return dict(zip(found, average_rank(scores).ranks.tolist(), strict=True))


@pytest.mark.parametrize("slug", ["dev", "places"])
def test_no_encoder_knows_random_numbers(slug):
    assert all(abs(of_encoder[CONTROL]) < 0.05 for of_encoder in means(slug).values())


@pytest.mark.parametrize("slug", ["dev", "places"])
def test_noise_is_last(slug):
    board = ranks(slug)
    assert board["random-noise"] == max(board.values()) == len(board)


def test_a_network_knows_more_of_the_land_after_its_training():
    board = ranks("dev")
    assert board["presto-pretrained"] < board["presto-untrained"]


def test_at_unseen_places_plain_features_of_the_bands_beat_the_best_network():
    seen, unseen = ranks("dev"), ranks("places")
    assert (seen["presto-pretrained"], unseen["rbf-features"]) == (1, 1)
    assert seen["presto-pretrained"] < seen["band-stats"]
    assert unseen["band-stats"] < unseen["presto-pretrained"]
