"""The 2025 challenge as a bundle: whole with stand-in data, and what it says of the challenge."""

import runpy
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from app.challenges.bundle import Bundle, read_bundle
from app.models import Selection
from probeboard.embeddings import EmbeddingSpec, read_embeddings
from probeboard.labelsets import make_splits
from probeboard.probing import ProbeTask, get_scorer, prepare, score_tasks
from probeboard.ranking import RankingMethod

EXAMPLE = Path(__file__).parents[3] / "examples" / "earthvision-2025"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the script has written a bundle and submissions."""
    made = tmp_path_factory.mktemp("earthvision")
    command = [sys.executable, str(EXAMPLE / "make_data.py"), str(made), "--samples", "240"]
    subprocess.run(command, check=True)
    return made


@pytest.fixture(scope="module")
def bundle(folder: Path) -> Bundle:
    """The bundle, read as the server reads it."""
    return read_bundle(
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.suffix != ".npz"
        }
    )


def test_the_bundle_is_the_challenge_of_2025(bundle: Bundle) -> None:
    config = bundle.config
    assert (config.embedding_dim, len(config.tasks)) == (1024, 11)
    dev, test = config.phases
    day = lambda month, number: datetime(2025, month, number, tzinfo=UTC)  # noqa: E731
    assert (dev.opens_at, dev.closes_at) == (day(3, 10), day(4, 1))
    assert (test.opens_at, test.closes_at) == (day(4, 3), day(4, 6))
    assert (test.requires, test.quota.total, len(test.tasks)) == ("dev", 3, 11)
    for phase in (dev, test):
        assert phase.scorer == "neuco"
        assert phase.ranking.method is RankingMethod.NEUCO
        assert phase.selection.rule is Selection.LAST


def test_better_encoders_score_better_with_the_stand_ins(folder: Path, bundle: Bundle) -> None:
    phase = bundle.phases[0]
    spec = EmbeddingSpec(
        n_dims=1024, sample_ids=phase.sample_ids, strip_suffixes=bundle.config.strip_suffixes
    )
    row_of = {sample: row for row, sample in enumerate(phase.sample_ids)}
    tasks = [
        ProbeTask(
            slug,
            part.labels.task_type,
            np.array([row_of[one] for one in part.labels.sample_ids]),
            part.labels.labels,
            make_splits(part.labels, part.splits)[:8],
        )
        for slug, part in phase.tasks.items()
    ]
    found = {}
    for name in ("sharp", "fair", "noise"):
        matrix = read_embeddings(folder / "submissions" / f"{name}.npz", spec).matrix
        scores = score_tasks(prepare(matrix), tasks, scorer=get_scorer("neuco"))
        found[name] = np.array([one.mean for one in scores])
    assert (found["sharp"] > found["fair"]).all()
    assert found["fair"].mean() > found["noise"].mean()


def test_equal_seeds_make_equal_data() -> None:
    script = runpy.run_path(str(EXAMPLE / "make_data.py"))
    one, twin, other = (script["World"](50, seed) for seed in (1, 1, 2))
    for task in script["TASKS"]:
        np.testing.assert_array_equal(one.labels(task), twin.labels(task))
    np.testing.assert_array_equal(one.embed(0.5, 3), twin.embed(0.5, 3))
    assert not np.array_equal(one.embed(0.5, 3), other.embed(0.5, 3))
