"""The demo challenge's real encoders score as the remote sensing of it says they must."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from app.challenges.bundle import read_bundle
from probeboard.embeddings import EmbeddingSpec, read_embeddings
from probeboard.labelsets import make_splits
from probeboard.probing import ProbeTask, get_scorer, prepare, score_tasks
from probeboard.probing.metrics import standard_error
from probeboard.ranking import average_rank
from probeboard.ranking.split_scores import TaskSplitScores
from probeboard.ranking.uncertainty import rank_uncertainty
from probeboard.scores import as_counted

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
def scores(slug):
    """Scores of each encoder in each task of a phase, and in the control, split alike."""
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
        encoder: {one.name: one for one in score_tasks(prepared, tasks, scorer=EXACT)}
        for encoder, prepared in embeddings().items()
    }


def means(slug):
    """Mean score of each encoder in each task."""
    return {
        encoder: {name: one.mean for name, one in of_encoder.items()}
        for encoder, of_encoder in scores(slug).items()
    }


@cache
def sureness(slug):
    """The encoders' names, and how sure their ranks by the phase's own tasks are."""
    found = scores(slug)
    names = [name for name in next(iter(found.values())) if name != CONTROL]
    tasks = [
        TaskSplitScores(
            name,
            as_counted(
                np.array([of_encoder[name].split_scores for of_encoder in found.values()]),
                scorer="exact",
            ),
            next(iter(found.values()))[name].test_to_train,
            "all samples",
        )
        for name in names
    ]
    return list(found), rank_uncertainty("average-rank", tasks, seed=slug)


def pairs(slug):
    """Of each two encoders but noise: do they share a tier, and how many errors are between."""
    names, sure = sureness(slug)
    found = scores(slug)
    for i, first in enumerate(names):
        for j, second in enumerate(names[:i]):
            if "random-noise" in (first, second):
                continue
            of_tasks = [
                (found[first][task].split_scores - found[second][task].split_scores, one)
                for task, one in found[first].items()
                if task != CONTROL
            ]
            difference = np.mean([split.mean() for split, _ in of_tasks])
            spread = np.mean([split for split, _ in of_tasks], axis=0)
            ratio = of_tasks[0][1].test_to_train
            error = standard_error(spread, test_to_train=ratio)
            yield first, second, sure.tier[i] == sure.tier[j], abs(difference) / error


def ranks(slug):
    """Rank of each encoder in a phase, by the phase's own tasks."""
    found = means(slug)
    table = [
        [score for name, score in of_encoder.items() if name != CONTROL]
        for of_encoder in found.values()
    ]
    return dict(zip(found, average_rank(table).ranks.tolist(), strict=True))


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


@pytest.mark.parametrize("slug", ["dev", "places"])
def test_noise_shares_no_tier_with_presto(slug):
    names, sure = sureness(slug)
    tier = dict(zip(names, sure.tier.tolist(), strict=True))
    assert tier["random-noise"] == max(tier.values()) > tier["presto-pretrained"]


@pytest.mark.parametrize("slug", ["dev", "places"])
def test_who_differs_from_the_first_by_less_than_their_error_shares_its_tier(slug):
    first = next(name for name, rank in ranks(slug).items() if rank == 1)
    near = [(one, two, shared) for one, two, shared, errors in pairs(slug) if errors < 1]
    with_first = [shared for one, two, shared in near if first in (one, two)]
    assert with_first
    assert all(with_first)


@pytest.mark.parametrize("slug", ["dev", "places"])
def test_of_two_that_differ_by_less_than_their_error_neither_is_claimed_better(slug):
    """Tiers part those who may be best from the rest, so near ones may stand at either side."""
    names, sure = sureness(slug)
    ends = dict(zip(names, sure.rank_set.tolist(), strict=True))
    near = [(ends[one], ends[two]) for one, two, _, errors in pairs(slug) if errors < 1]
    assert len(near) >= 2
    assert all(max(a[0], b[0]) <= min(a[1], b[1]) for a, b in near)


def test_training_shows_in_tiers_where_the_probe_has_seen_the_places():
    names, sure = sureness("dev")
    tier = dict(zip(names, sure.tier.tolist(), strict=True))
    assert tier["presto-pretrained"] == 1 < tier["presto-untrained"]
