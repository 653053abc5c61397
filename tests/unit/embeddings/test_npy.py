"""NPY and the ids beside it: what is accepted, and what is said about the rest."""

import io
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from probeboard.embeddings import (
    EmbeddingSpec,
    InvalidEmbeddings,
    read_embeddings,
    widest_ids_bytes,
)

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
VALUES = np.array([[4, 5, 6], [1, 2, 3]])
MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def saved(values) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def read(tmp_path: Path, content: bytes, ids: bytes | None = b"b\na\n", spec=SPEC):
    upload, ids_path = tmp_path / "upload", tmp_path / "ids"
    upload.write_bytes(content)
    if ids is None:
        return read_embeddings(upload, spec)
    ids_path.write_bytes(ids)
    return read_embeddings(upload, spec, ids_path)


def found(tmp_path: Path, content: bytes, ids: bytes | None = b"b\na\n", spec=SPEC):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(tmp_path, content, ids, spec)
    return [(issue.code.value, issue.row, issue.column) for issue in refusal.value.issues]


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", ">f2", ">f4", ">f8", "i1", "u1", "i2", ">u2", "i4", "i8", ">u8"]
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_number_type_byte_order_and_memory_order_gives_the_same_matrix(
    tmp_path, dtype, order
):
    embeddings = read(tmp_path, saved(np.asarray(VALUES.astype(dtype), order=order)))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.format == "npy"
    assert embeddings.facts.dtype == np.dtype(dtype).name
    assert embeddings.facts.bytes_per_sample == 3 * np.dtype(dtype).itemsize


@pytest.mark.parametrize(
    "ids",
    [
        b"b\na",
        b"b\r\na\r\n\r\n",
        b"\xef\xbb\xbfid\nb\na\n",
        b'id,site\n"b",north\n"a","so,uth"\n',
        b'"id"\n"b"\n"a"\n',
    ],
)
def test_ids_are_lines_or_the_first_column_of_a_csv(tmp_path, ids):
    assert read(tmp_path, saved(VALUES), ids).matrix.tolist() == MATRIX


def test_a_line_without_a_header_is_an_id_with_its_commas(tmp_path):
    spec = EmbeddingSpec(n_dims=3, sample_ids=("a,1", "b"))
    assert read(tmp_path, saved(VALUES), b"b\na,1", spec).matrix.tolist() == MATRIX


@pytest.mark.parametrize("ids", [b"b\nid", b"id\nb\nid"])
def test_a_sample_may_be_called_id(tmp_path, ids):
    spec = EmbeddingSpec(n_dims=3, sample_ids=("id", "b"))
    assert read(tmp_path, saved(VALUES), ids, spec).matrix.tolist() == MATRIX
    first = read(tmp_path, saved(VALUES), b"id\nb\n", spec)
    assert first.matrix.tolist() == MATRIX[::-1]


def test_suffixes_are_stripped_from_ids_beside_an_array_too(tmp_path):
    spec = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"), strip_suffixes=(".zip",))
    embeddings = read(tmp_path, saved(VALUES), b"b.zip\na.zip", spec)
    assert embeddings.facts.notes == ("stripped '.zip' from 2 ids",)


def test_an_array_without_ids_is_told_how_to_give_them(tmp_path):
    assert found(tmp_path, saved(VALUES), None) == [("missing_id_column", None, None)]
    with pytest.raises(InvalidEmbeddings, match="one id a line"):
        read(tmp_path, saved(VALUES), None)


def test_ids_beside_a_file_that_names_its_samples_itself_are_refused(tmp_path):
    csv = b"id,0,1,2\na,1,2,3\nb,4,5,6\n"
    assert found(tmp_path, csv, b"a\nb") == [("unwanted_ids", None, None)]


@pytest.mark.parametrize(
    ("ids", "issues"),
    [
        (b"", [("empty_file", None, None)]),
        (b"\n\n", [("empty_file", None, None)]),
        (b"id\n", [("no_rows", None, None)]),
        (b"b\n", [("ragged_row", None, None)]),
        (b"b\na\nc", [("ragged_row", None, None)]),
        (b"b\nb", [("duplicate_id", 2, "id"), ("missing_id", None, None)]),
        (b"\nb", [("unknown_id", 1, "id"), ("missing_id", None, None)]),
        (b"b\n a", [("unknown_id", 2, "id"), ("missing_id", None, None)]),
        (b"\xff\na", [("wrong_encoding", None, None)]),
        ("b\na".encode("utf-16"), [("nul_byte", None, None)]),
        (b"b\0\na", [("nul_byte", None, None)]),
        (b"id\nb,1\na", [("ragged_row", 1, None)]),
        (b'id\n"b\na', [("bad_quoting", 1, None)]),
        (b"a\n" * 2000, [("too_many_rows", None, None)]),
        (b"a" * widest_ids_bytes(SPEC) + b"\nb", [("too_large", None, None)]),
        (saved(np.array(["b", "a"])), [("unknown_format", None, None)]),
    ],
)
def test_wrong_ids_are_refused_by_name(tmp_path, ids, issues):
    got = found(tmp_path, saved(VALUES), ids)
    assert [issue for issue in got if issue in issues] == issues


@pytest.mark.parametrize(
    ("values", "issues"),
    [
        (VALUES.astype(object), [("pickled", None, None)]),
        (VALUES.astype(ml_dtypes.bfloat16), [("wrong_type", None, None)]),
        (VALUES > 2, [("wrong_type", None, None)]),
        (VALUES + 0j, [("wrong_type", None, None)]),
        (VALUES.astype(np.longdouble), [("wrong_type", None, None)]),
        (VALUES.astype("M8[s]"), [("corrupted", None, None)]),
        (np.array(["b", "a"]), [("wrong_type", None, None)]),
        (np.array(1.0), [("wrong_type", None, None)]),
        (VALUES[0], [("wrong_type", None, None)]),
        (VALUES[None], [("wrong_type", None, None)]),
        (VALUES[:1], [("ragged_row", None, None)]),
        (VALUES[:, :0], [("wrong_dimension", None, None)]),
        (VALUES[:, :2], [("wrong_dimension", None, None)]),
        (np.ones((2, 13)), [("wrong_dimension", None, None)]),
        (VALUES * 1e38, [("overflow", 1, "0"), ("overflow", 1, "1"), ("overflow", 1, "2")]),
        (np.array([[1, 2, np.nan], [1, -np.inf, 3]]), [("nan", 1, "2"), ("infinite", 2, "1")]),
    ],
)
def test_wrong_arrays_are_refused_by_name(tmp_path, values, issues):
    assert found(tmp_path, saved(values)) == issues


def test_bfloat16_is_refused_with_a_way_to_keep_it(tmp_path):
    with pytest.raises(InvalidEmbeddings, match="bfloat16 as safetensors"):
        read(tmp_path, saved(VALUES.astype(ml_dtypes.bfloat16)))


def test_an_array_of_another_length_than_it_declares_is_refused(tmp_path):
    whole = saved(VALUES)
    for content in (whole[:-1], whole + b"\0", whole[:40]):
        assert found(tmp_path, content) == [("corrupted", None, None)]


def test_an_array_that_declares_more_than_can_be_needed_is_refused(tmp_path):
    content = saved(np.zeros((2, 10_000)))
    assert found(tmp_path, content) == [("too_large", None, None)]


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_cross_the_reader_s_blocks_without_a_seam(tmp_path, order):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((4000, 150))
    rows = rng.permutation(4000)
    spec = EmbeddingSpec(n_dims=150, sample_ids=tuple(map(str, range(4000))))
    content = saved(np.asarray(values[rows], order=order))
    matrix = read(tmp_path, content, "\n".join(map(str, rows)).encode(), spec).matrix
    np.testing.assert_array_equal(matrix, values.astype(np.float32))
