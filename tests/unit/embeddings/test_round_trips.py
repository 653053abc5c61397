"""Properties: every writer's table comes back as the same matrix; noise does not."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings
from tests.unit.embeddings.writers import WRITERS, dtype_of

PROPERTY = settings(derandomize=True, deadline=None, max_examples=60, database=None)
TABLES = settings(PROPERTY, max_examples=25)
STARTS = [b"", b"PAR1", b"PK\3\4", b"\x1f\x8b", b"ARROW1\0\0", b"\xff" * 4, b"\x93NUMPY\1\0"]


def read(content: bytes, spec: EmbeddingSpec, ids: str | None = None):
    with tempfile.TemporaryDirectory() as folder:
        path, ids_path = Path(folder) / "upload", Path(folder) / "ids"
        path.write_bytes(content)
        if ids is not None:
            ids_path.write_text(ids, encoding="utf-8")
        return read_embeddings(path, spec, None if ids is None else ids_path)


@st.composite
def matrices(draw, dtypes):
    dtype = dtype_of(draw(st.sampled_from(dtypes)))
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 5)))
    if dtype.kind in "iu":
        # A text of more than 53 bits would be rounded twice: to a double, then to float32.
        span = np.iinfo(dtype)
        numbers = st.integers(max(int(span.min), -(2**53)), min(int(span.max), 2**53))
        return draw(hnp.arrays(dtype, shape, elements=numbers))
    if dtype.kind == "V":  # bfloat16, of which hypothesis knows nothing
        bits = draw(hnp.arrays(np.uint16, shape))
        return np.where(np.isfinite(bits.view(dtype).astype(np.float32)), bits, 0).view(dtype)
    largest = min(float(np.finfo(dtype).max), float(np.finfo(np.float32).max))
    width = 8 * dtype.itemsize
    return draw(hnp.arrays(dtype, shape, elements=st.floats(-largest, largest, width=width)))


@pytest.mark.parametrize("name", WRITERS)
@TABLES
@given(data=st.data())
def test_what_a_library_wrote_is_read_back_as_the_same_matrix(name, data):
    values = data.draw(matrices(WRITERS[name].dtypes))
    samples = [f"{'s' * (number % 3)}{number}é" for number in range(len(values))]
    order = data.draw(st.permutations(range(len(values))))
    ids = [samples[row] for row in order]
    content = WRITERS[name].write(ids, values[order])
    spec = EmbeddingSpec(n_dims=values.shape[1], sample_ids=tuple(samples))
    beside = "\n".join(ids) if name.startswith("npy") else None
    embeddings = read(content, spec, beside)
    np.testing.assert_array_equal(embeddings.matrix, values.astype(np.float32))
    if embeddings.facts.dtype != "text":
        assert embeddings.facts.dtype == values.dtype.name
        assert embeddings.facts.bytes_per_sample == values.shape[1] * values.dtype.itemsize


@PROPERTY
@given(content=st.binary(max_size=300), start=st.sampled_from(STARTS))
def test_noise_is_refused(content, start):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(start + content, EmbeddingSpec(n_dims=4, sample_ids=("a", "b")))
    assert refusal.value.total >= len(refusal.value.issues) > 0


def test_cells_read_fast_and_slowly_are_the_same_numbers():
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**64, (400, 4), dtype=np.uint64).view(np.float64)
    values = np.where(np.abs(bits) < 3e38, bits, 0.5)
    ids = [f"s{number}" for number in range(400)]
    spec = EmbeddingSpec(n_dims=4, sample_ids=tuple(ids))
    fast = read(WRITERS["savetxt"].write(ids, values), spec).matrix
    slow = read(WRITERS["csv module"].write(ids, values), spec).matrix
    np.testing.assert_array_equal(fast, slow)
    np.testing.assert_array_equal(fast, values.astype(np.float32))
