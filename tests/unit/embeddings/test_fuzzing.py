"""Spoiled files of every format: a matrix of the right shape, or a refusal, and nothing else.

Reproducible: a failure names its writer and number, and `spoiled` makes the same file again.
"""

import contextlib
import faulthandler
import resource
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings
from tests.unit.embeddings.mutations import spoiled
from tests.unit.embeddings.writers import WRITERS

EXAMPLES = 120
IDS = ("a", "bb", "ccc", "d", "e")
VALUES = np.random.default_rng(7).standard_normal((5, 4)).astype(np.float32)
SPEC = EmbeddingSpec(n_dims=4, sample_ids=IDS)
LISTED = "\n".join(("id", *IDS)).encode()
GOOD = {name: writer.write(IDS, VALUES) for name, writer in WRITERS.items()}
_HEADROOM_BYTES = 400_000_000
_PATIENCE_S = 300


@pytest.fixture(autouse=True)
def _bounds():
    """Allow no more memory than the readers can need here, and no reading without end."""
    before = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    limits = resource.getrlimit(resource.RLIMIT_DATA)
    if sys.platform.startswith("linux"):
        status = Path("/proc/self/status").read_text()
        used = 1024 * int(status.partition("VmData:")[2].split()[0])
        resource.setrlimit(resource.RLIMIT_DATA, (used + _HEADROOM_BYTES, limits[1]))
    faulthandler.dump_traceback_later(_PATIENCE_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()
    resource.setrlimit(resource.RLIMIT_DATA, limits)
    pa.set_memory_pool(before)


def check(folder: Path, content: bytes, ids: bytes | None) -> None:
    upload, ids_path = folder / "upload", folder / "ids"
    upload.write_bytes(content)
    if ids is not None:
        ids_path.write_bytes(ids)
    with contextlib.suppress(InvalidEmbeddings):
        embeddings = read_embeddings(upload, SPEC, None if ids is None else ids_path)
        assert embeddings.matrix.shape == (5, 4)
        assert embeddings.matrix.dtype == np.float32
        assert np.isfinite(embeddings.matrix).all()


@pytest.mark.parametrize("name", WRITERS)
def test_a_spoiled_file_is_a_matrix_or_a_refusal(tmp_path, name):
    others = list(GOOD.values())
    ids = LISTED if name.startswith("npy") else None
    for number in range(EXAMPLES):
        check(tmp_path, spoiled(GOOD[name], (name, number), others), ids)


def test_spoiled_ids_beside_an_array_are_a_matrix_or_a_refusal(tmp_path):
    others = [GOOD["npy"], LISTED]
    for number in range(EXAMPLES):
        check(tmp_path, GOOD["npy"], spoiled(LISTED, number, others))
