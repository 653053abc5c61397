"""A budget of bytes a sample: which files keep it, and what becomes of shorter embeddings."""

import io
import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

IDS = ["a", "b"]
VALUES = np.array([[1, 2, 3], [4, 5, 6]])


def spec(budget_bytes: int | None, n_dims: int = 8) -> EmbeddingSpec:
    return EmbeddingSpec(n_dims=n_dims, sample_ids=tuple(IDS), budget_bytes=budget_bytes)


def as_csv(dtype: str) -> bytes:
    rows = [f"{sample},{','.join(map(str, row))}" for sample, row in zip(IDS, VALUES, strict=True)]
    return "\n".join(["id,0,1,2", *rows]).encode()


def as_npz(dtype: str) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, ids=np.array(IDS), embeddings=VALUES.astype(dtype))
    return buffer.getvalue()


def as_parquet(dtype: str) -> bytes:
    buffer = io.BytesIO()
    columns = {str(dim): VALUES[:, dim].astype(dtype) for dim in range(3)}
    pq.write_table(pa.table({"id": IDS, **columns}), buffer)
    return buffer.getvalue()


def as_parquet_lists(dtype: str) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": IDS, "embedding": list(VALUES.astype(dtype))}), buffer)
    return buffer.getvalue()


def as_safetensors(dtype: str) -> bytes:
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    tensors = {"embeddings": VALUES.astype(kind)}
    content: bytes = safetensors.numpy.save(tensors, {"ids": json.dumps(IDS)})
    return content


def read(tmp_path: Path, content: bytes, wanted: EmbeddingSpec):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return read_embeddings(path, wanted)


@pytest.mark.parametrize(
    ("write", "dtype", "needed"),
    [
        (as_csv, "text", 12),
        (as_npz, "f8", 24),
        (as_npz, "f2", 6),
        (as_parquet, "f4", 12),
        (as_parquet, "i1", 3),
        (as_parquet_lists, "f4", 12),
        (as_safetensors, "bfloat16", 6),
        (as_safetensors, "u1", 3),
    ],
)
def test_the_file_s_own_type_is_what_a_budget_counts(tmp_path, write, dtype, needed):
    embeddings = read(tmp_path, write(dtype), spec(needed))
    np.testing.assert_array_equal(embeddings.matrix, np.pad(VALUES, ((0, 0), (0, 5))))
    assert embeddings.facts.handed_in_dims == 3
    assert embeddings.facts.n_dims == 8
    assert embeddings.facts.bytes_per_sample == needed
    assert embeddings.facts.notes == ("zero-padded from 3 to 8 dimensions",)
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(tmp_path, write(dtype), spec(needed - 1))
    assert [issue.code.value for issue in refusal.value.issues] == ["over_budget"]
    assert f"{needed} bytes" in refusal.value.issues[0].detail


def test_a_budget_holds_for_embeddings_of_all_dimensions_too(tmp_path):
    assert read(tmp_path, as_npz("f4"), spec(12, n_dims=3)).facts.notes == ()
    with pytest.raises(InvalidEmbeddings, match="over_budget"):
        read(tmp_path, as_npz("f4"), spec(11, n_dims=3))


def test_a_budget_does_not_allow_more_dimensions_than_are_wanted(tmp_path):
    with pytest.raises(InvalidEmbeddings, match="wrong_dimension"):
        read(tmp_path, as_npz("f4"), spec(1000, n_dims=2))


def test_columns_of_several_types_count_each_with_its_own(tmp_path):
    buffer = io.BytesIO()
    table = {"id": IDS, "0": pa.array([1, 2], pa.int8()), "1": pa.array([1, 2], pa.float32())}
    pq.write_table(pa.table(table), buffer)
    embeddings = read(tmp_path, buffer.getvalue(), spec(5))
    assert embeddings.facts.dtype == "mixed"
    assert embeddings.facts.bytes_per_sample == 5


def test_without_a_budget_short_embeddings_are_refused_as_before(tmp_path):
    with pytest.raises(InvalidEmbeddings, match="wrong_dimension"):
        read(tmp_path, as_npz("f4"), spec(None))


def test_a_budget_of_nothing_is_refused():
    with pytest.raises(ValueError, match="must be at least 1"):
        spec(0)
