"""safetensors: what is accepted, and what is said about the rest."""

import io
import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings
from probeboard.embeddings.safetensors_header import read_safetensors_header

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
VALUES = np.array([[4, 5, 6], [1, 2, 3]], np.float32)
MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
LISTED = {"ids": '["b", "a"]'}


def packed(metadata=None, **tensors) -> bytes:
    content: bytes = safetensors.numpy.save(tensors, metadata)
    return content


def by_hand(header: object, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype="F32", shape=(2, 3), start=0, stop=24):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def read(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return read_embeddings(path, spec)


def found(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(tmp_path, content, spec)
    return [(issue.code.value, issue.row, issue.column) for issue in refusal.value.issues]


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "bfloat16", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"]
)
def test_every_number_type_gives_the_same_matrix(tmp_path, dtype):
    kind = np.dtype(ml_dtypes.bfloat16) if dtype == "bfloat16" else np.dtype(dtype)
    embeddings = read(tmp_path, packed(LISTED, embeddings=VALUES.astype(kind)))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.format == "safetensors"
    assert embeddings.facts.dtype == kind.name
    assert embeddings.facts.bytes_per_sample == 3 * kind.itemsize


def test_every_finite_bfloat16_is_read_as_ml_dtypes_reads_it(tmp_path):
    halves = np.arange(1 << 16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    halves = halves[np.isfinite(halves.astype(np.float32))].reshape(-1, 2)
    spec = EmbeddingSpec(n_dims=2, sample_ids=tuple(map(str, range(len(halves)))))
    content = packed({"ids": json.dumps(list(spec.sample_ids))}, embeddings=halves)
    matrix = read(tmp_path, content, spec).matrix
    assert matrix.tobytes() == halves.astype(np.float32).tobytes()


def test_bfloat16_that_is_not_finite_is_named(tmp_path):
    values = VALUES.astype(ml_dtypes.bfloat16)
    values[0, 1], values[1, 2] = np.nan, -np.inf
    content = packed(LISTED, embeddings=values)
    assert found(tmp_path, content) == [("nan", 1, "1"), ("infinite", 2, "2")]


@pytest.mark.parametrize(
    ("ids", "samples"),
    [
        (np.array([7, 3]), ("3", "7")),
        (np.array([7, 3], np.uint8), ("3", "7")),
        (np.array([list(b"b\0\0"), list(b"aaa")], np.uint8), ("aaa", "b")),
        (np.array(["ü".encode(), b"a"]).view(np.uint8).reshape(2, 2), ("a", "ü")),
    ],
)
def test_ids_may_be_a_tensor_of_integers_or_of_bytes(tmp_path, ids, samples):
    spec = EmbeddingSpec(n_dims=3, sample_ids=samples)
    content = packed(ids=ids, embeddings=VALUES)
    assert read(tmp_path, content, spec).matrix.tolist() == MATRIX


@pytest.mark.parametrize(
    ("samples", "ascii_only"), [(("ü" * 40, "😀" * 40), True), (("ü", '"\\'), False)]
)
def test_ids_in_the_metadata_may_be_any_text(tmp_path, samples, ascii_only):
    spec = EmbeddingSpec(n_dims=3, sample_ids=samples[::-1])
    content = packed({"ids": json.dumps(samples, ensure_ascii=ascii_only)}, embeddings=VALUES)
    assert read(tmp_path, content, spec).matrix.tolist() == MATRIX


def test_ids_in_the_metadata_may_be_integers(tmp_path):
    spec = EmbeddingSpec(n_dims=3, sample_ids=("3", "7"))
    content = packed({"ids": "[7, 3]", "format": "np"}, embeddings=VALUES)
    assert read(tmp_path, content, spec).matrix.tolist() == MATRIX


@pytest.mark.parametrize(
    ("content", "issues"),
    [
        (packed(embeddings=VALUES), [("missing_id_column", None, None)]),
        (
            packed(LISTED, weights=VALUES),
            [("missing_column", None, None), ("unknown_column", None, "weights")],
        ),
        (
            packed(LISTED, embeddings=VALUES, weights=VALUES),
            [("unknown_column", None, "weights")],
        ),
        (
            packed(LISTED, embeddings=VALUES, ids=np.array([1, 2])),
            [("duplicate_column", None, None)],
        ),
        (packed({"ids": "["}, embeddings=VALUES), [("corrupted", None, None)]),
        (packed({"ids": "[" * 30_000}, embeddings=VALUES), [("corrupted", None, None)]),
        (packed({"ids": "{}"}, embeddings=VALUES), [("wrong_type", None, None)]),
        (packed({"ids": "[]"}, embeddings=VALUES), [("no_rows", None, None)]),
        (packed({"ids": "[true, 1]"}, embeddings=VALUES), [("wrong_type", None, None)]),
        (packed({"ids": "[1.5, 1]"}, embeddings=VALUES), [("wrong_type", None, None)]),
        (packed({"ids": str([1] * 2000)}, embeddings=VALUES), [("too_many_rows", None, None)]),
        (packed({"ids": '["a"]'}, embeddings=VALUES), [("ragged_row", None, None)]),
        (packed(ids=VALUES, embeddings=VALUES), [("wrong_type", None, None)]),
        (packed(ids=VALUES[:, 0], embeddings=VALUES), [("wrong_type", None, None)]),
        (
            packed(ids=np.array([1, 2], ml_dtypes.bfloat16), embeddings=VALUES),
            [("wrong_type", None, None)],
        ),
        (
            packed(ids=np.full((2, 1), 255, np.uint8), embeddings=VALUES),
            [("wrong_encoding", None, None)],
        ),
        (
            packed(ids=np.zeros((2, 0), np.uint8), embeddings=VALUES),
            [
                ("unknown_id", 1, "id"),
                ("unknown_id", 2, "id"),
                ("missing_id", None, None),
                ("missing_id", None, None),
            ],
        ),
        (packed(LISTED, embeddings=VALUES > 2), [("wrong_type", None, None)]),
        (
            packed(LISTED, embeddings=VALUES.astype(ml_dtypes.float8_e4m3fn)),
            [("wrong_type", None, None)],
        ),
        (packed(LISTED, embeddings=VALUES[0]), [("wrong_type", None, None)]),
        (packed(LISTED, embeddings=VALUES[:, :2].copy()), [("wrong_dimension", None, None)]),
        (packed(LISTED, embeddings=np.zeros((2, 10_000))), [("too_large", None, None)]),
    ],
)
def test_wrong_tensors_are_refused_by_name(tmp_path, content, issues):
    assert found(tmp_path, content) == issues


GOOD = {"__metadata__": LISTED, "embeddings": entry()}
DATA = VALUES.tobytes()


def test_a_header_written_by_hand_is_read(tmp_path):
    assert read(tmp_path, by_hand(GOOD, DATA)).matrix.tolist() == MATRIX
    padded = json.dumps(GOOD).encode() + b"    "
    assert read(tmp_path, by_hand(padded, DATA)).matrix.tolist() == MATRIX


@pytest.mark.parametrize(
    ("header", "data"),
    [
        (GOOD, DATA[:-1]),
        (GOOD, DATA + b"\0"),
        ({**GOOD, "embeddings": entry(start=1, stop=25)}, DATA + b"\0"),
        ({**GOOD, "embeddings": entry(stop=23)}, DATA),
        ({**GOOD, "embeddings": entry(start=24, stop=0)}, DATA),
        ({**GOOD, "embeddings": entry(start=-24, stop=0)}, DATA),
        ({**GOOD, "embeddings": entry(start=1 << 70, stop=(1 << 70) + 24)}, DATA),
        ({**GOOD, "embeddings": entry(shape=(-2, -3))}, DATA),
        ({**GOOD, "embeddings": entry(shape=(2, 3.0))}, DATA),
        ({**GOOD, "embeddings": entry(shape=(True, 6))}, DATA),
        ({**GOOD, "embeddings": entry(shape=(1,) * 100 + (2, 3))}, DATA),
        ({**GOOD, "embeddings": entry(shape=6)}, DATA),
        ({**GOOD, "embeddings": entry(dtype=["F32"])}, DATA),
        ({**GOOD, "embeddings": entry(dtype=32)}, DATA),
        ({**GOOD, "embeddings": [1]}, DATA),
        ({**GOOD, "embeddings": {"dtype": "F32", "shape": [2, 3]}}, DATA),
        ({**GOOD, "embeddings": {**entry(), "data_offsets": [0]}}, DATA),
        ({**GOOD, "ids": entry("I64", (2,), 8, 24)}, DATA),
        ({**GOOD, "ids": entry("I64", (2,), 0, 16)}, DATA),
        ({"__metadata__": [], "embeddings": entry()}, DATA),
        ({"__metadata__": {"ids": ["b", "a"]}, "embeddings": entry()}, DATA),
        (b'{"embeddings":{},"embeddings":{}}', b""),
        (b"{" + b" " * 50, DATA),
        (b"{\xff}", DATA),
        (b'{"a":' + b"[" * 30_000, DATA),
        (b'{"a":{"dtype":"F32","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,0]}}', DATA),
    ],
)
def test_a_header_that_contradicts_itself_or_the_file_is_refused(tmp_path, header, data):
    assert found(tmp_path, by_hand(header, data)) == [("corrupted", None, None)]


@pytest.mark.parametrize("length", [10**6, 2**39])
def test_a_header_longer_than_the_file_is_refused_unread(tmp_path, length):
    content = length.to_bytes(8, "little") + b'{"embeddings": 1}'
    assert found(tmp_path, content) == [("corrupted", None, None)]


def test_a_header_longer_than_ids_can_need_is_refused_unread(tmp_path):
    spec = EmbeddingSpec(n_dims=50_000, sample_ids=("a", "b"))
    content = by_hand(b"{" + b" " * 200_000 + b"}", b"")
    assert found(tmp_path, content, spec) == [("corrupted", None, None)]


def test_a_header_that_is_no_object_is_refused():
    with pytest.raises(TypeError, match="no JSON object"):
        read_safetensors_header(io.BytesIO(by_hand([], b"")), limit_bytes=100)


def test_large_tensors_cross_the_reader_s_blocks_without_a_seam(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((4000, 150)).astype(ml_dtypes.bfloat16)
    rows = rng.permutation(4000)
    spec = EmbeddingSpec(n_dims=150, sample_ids=tuple(map(str, range(4000))))
    content = packed(embeddings=values[rows], ids=rows)
    np.testing.assert_array_equal(read(tmp_path, content, spec).matrix, values.astype(np.float32))
