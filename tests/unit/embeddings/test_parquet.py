"""Parquet: what is accepted, and what is said about the rest."""

import base64
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
IDS = ["b", "a"]
VALUES = [[4, 5, 6], [1, 2, 3]]
MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
COLUMNS = {"id": IDS, "0": [4.0, 1.0], "1": [5.0, 2.0], "2": [6.0, 3.0]}


def packed(table: pa.Table | dict, **options) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), buffer, **options)
    return buffer.getvalue()


def read(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return read_embeddings(path, spec)


def found(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(tmp_path, content, spec)
    return [(issue.code.value, issue.row, issue.column) for issue in refusal.value.issues]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64(), pa.int8(), pa.uint8()])
@pytest.mark.parametrize("shape", ["columns", "list", "large_list", "fixed"])
@pytest.mark.parametrize("row_group_size", [1, 2])
def test_every_number_type_and_shape_gives_the_same_matrix(tmp_path, kind, shape, row_group_size):
    if shape == "columns":
        typed = {name: pa.array(COLUMNS[name], kind) for name in "012"}
        table = pa.table({"id": IDS, **typed})
    else:
        kinds = {
            "list": pa.list_(kind),
            "large_list": pa.large_list(kind),
            "fixed": pa.list_(kind, 3),
        }
        table = pa.table({"id": IDS, "embedding": pa.array(VALUES, kinds[shape])})
    embeddings = read(tmp_path, packed(table, row_group_size=row_group_size))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.format == "parquet"
    assert embeddings.facts.dtype == np.dtype(kind.to_pandas_dtype()).name


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "brotli", "lz4", "zstd"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_every_compression_is_read(tmp_path, compression, version):
    content = packed(COLUMNS, compression=compression, data_page_version=version)
    assert read(tmp_path, content).matrix.tolist() == MATRIX


@pytest.mark.parametrize(
    ("ids", "samples"),
    [
        (pa.array(IDS, pa.large_string()), ("a", "b")),
        (pa.array(IDS, pa.string_view()), ("a", "b")),
        (pa.array(IDS).dictionary_encode(), ("a", "b")),
        (pa.array([7, 3]), ("3", "7")),
        (pa.array([7, 3], pa.uint8()), ("3", "7")),
    ],
)
def test_ids_may_be_text_or_integers(tmp_path, ids, samples):
    spec = EmbeddingSpec(n_dims=3, sample_ids=samples)
    assert read(tmp_path, packed({**COLUMNS, "id": ids}), spec).matrix.tolist() == MATRIX


def test_what_terratorch_exports_is_read(tmp_path):
    joint = {
        "timestamp": [1, 2],
        "crs": ["EPSG:4326", "EPSG:4326"],
        "file_id": IDS,
        "embedding": pa.array(VALUES, pa.list_(pa.float64())),
    }
    embeddings = read(tmp_path, packed(joint))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.notes == ("ignored columns: timestamp, crs",)
    neuco = dict(zip(["id", "1", "2", "3"], COLUMNS.values(), strict=True))
    embeddings = read(tmp_path, packed(neuco))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.notes == ("columns are numbered from 1",)


def test_columns_of_different_types_and_orders_are_put_in_numeric_order(tmp_path):
    table = {"2": [6, 3], "0": [4.0, 1.0], "id": IDS, "1": pa.array([5, 2], pa.int8())}
    embeddings = read(tmp_path, packed(table))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.dtype == "mixed"
    assert embeddings.facts.notes == ("columns were reordered",)


def test_large_tables_cross_the_reader_s_blocks_without_a_seam(tmp_path):
    rng = np.random.default_rng(2)
    values = rng.standard_normal((6000, 300))
    order = rng.permutation(6000)
    spec = EmbeddingSpec(n_dims=300, sample_ids=tuple(map(str, range(6000))))
    ids = pa.array(order)
    flat = {"id": ids, **{str(dim): values[order, dim] for dim in range(300)}}
    lists = {"id": ids, "x": pa.FixedSizeListArray.from_arrays(values[order].ravel(), 300)}
    for table in (flat, lists):
        matrix = read(tmp_path, packed(table, row_group_size=2500), spec).matrix
        np.testing.assert_array_equal(matrix, values.astype(np.float32))


def test_short_vectors_are_padded_when_the_challenge_says_so(tmp_path):
    spec = EmbeddingSpec(n_dims=5, sample_ids=("a", "b"), zero_pad=True)
    assert read(tmp_path, packed(COLUMNS), spec).matrix.tolist() == [
        [1, 2, 3, 0, 0],
        [4, 5, 6, 0, 0],
    ]


@pytest.mark.parametrize(
    ("changes", "issues"),
    [
        ({"id": None}, [("missing_id_column", None, None)]),
        ({"id": [1.5, 2.5]}, [("wrong_type", None, None)]),
        ({"id": ["a", None]}, [("unknown_id", 2, "id"), ("missing_id", None, None)]),
        (
            {"id": pa.array([1, None])},
            [
                ("unknown_id", 1, "id"),
                ("unknown_id", 2, "id"),
                ("missing_id", None, None),
                ("missing_id", None, None),
            ],
        ),
        ({"id": ["a", "a"]}, [("duplicate_id", 2, "id"), ("missing_id", None, None)]),
        ({"id": ["a", "x"]}, [("unknown_id", 2, "id"), ("missing_id", None, None)]),
        ({"2": None}, [("wrong_dimension", None, None)]),
        ({"1": None}, [("missing_column", None, "1")]),
        ({"3": [1, 2]}, [("wrong_dimension", None, None)]),
        ({"label": [1, 2]}, [("unknown_column", None, "label")]),
        ({"label": ["x", "y"]}, [("unknown_column", None, "label")]),
        ({"1": ["x", "y"]}, [("wrong_type", None, "1")]),
        ({"1": [True, False]}, [("wrong_type", None, "1")]),
        ({"1": [1.0, None]}, [("empty_value", 2, "1")]),
        ({"1": [1.0, float("nan")]}, [("nan", 2, "1")]),
        ({"1": [float("-inf"), 1.0]}, [("infinite", 1, "1")]),
        ({"1": [1e39, 1.0]}, [("overflow", 1, "1")]),
        ({"1": [1e39, 1.0], "3": [1, 2]}, [("wrong_dimension", None, None), ("overflow", 1, "1")]),
    ],
)
def test_wrong_columns_and_cells_are_refused_by_name(tmp_path, changes, issues):
    table = {name: column for name, column in {**COLUMNS, **changes}.items() if column is not None}
    assert found(tmp_path, packed(table)) == issues


@pytest.mark.parametrize(
    ("lists", "issues"),
    [
        ([[1, 2, 3], [1, 2]], [("ragged_row", 2, None)]),
        ([[1, 2, 3], None], [("ragged_row", 2, None)]),
        ([[1, 2, 3], []], [("ragged_row", 2, None)]),
        ([[1, 2], [1, 2]], [("wrong_dimension", None, None)]),
        (
            [[1], [1, 2, 3]],
            [("ragged_row", 1, None)],
        ),
        ([[], []], [("ragged_row", 1, None), ("ragged_row", 2, None)]),
        ([[1, 2, 3], [1, None, 3]], [("empty_value", 2, "1")]),
        ([[1, 2, float("nan")], [1, 2, 3]], [("nan", 1, "2")]),
    ],
)
def test_wrong_lists_are_refused_by_row(tmp_path, lists, issues):
    table = {"id": IDS, "embedding": pa.array(lists, pa.list_(pa.float32()))}
    got = found(tmp_path, packed(table))
    assert got == issues


@pytest.mark.parametrize(
    ("columns", "issues"),
    [
        ({"x": pa.array([["u"], ["v"]])}, [("wrong_type", None, None)]),
        ({"x": pa.array([[[1]], [[2]]])}, [("wrong_type", None, None)]),
        ({"x": pa.array(VALUES), "y": pa.array(VALUES)}, [("unknown_column", None, None)]),
        (
            {
                "x": pa.array(VALUES, pa.list_(pa.int64(), 3)),
                "y": [1, 2],
                "z": pa.array(["u", "v"]),
            },
            None,
        ),
        (
            {"x": pa.array([[1] * 13, [2] * 13], pa.list_(pa.int64(), 13))},
            [("wrong_dimension", None, None)],
        ),
        ({"x": pa.array([[1] * 13, [2] * 13])}, [("too_large", None, None)]),
    ],
)
def test_one_column_of_lists_of_numbers_is_wanted(tmp_path, columns, issues):
    content = packed({"id": IDS, **columns})
    if issues is None:
        assert read(tmp_path, content).matrix.tolist() == MATRIX
    else:
        assert found(tmp_path, content) == issues


def test_columns_of_one_name_are_refused(tmp_path):
    for names in (["id", "0", "0", "1"], ["id", "id", "0", "1"]):
        table = pa.Table.from_arrays([pa.array(IDS)] * 4, names=names)
        assert found(tmp_path, packed(table))[0][0] == "duplicate_column"


def test_a_table_without_rows_is_refused(tmp_path):
    content = packed(pa.table(COLUMNS).slice(0, 0))
    assert found(tmp_path, content) == [("no_rows", None, None)]


def test_many_rows_too_many_are_refused_unread(tmp_path):
    table = {name: [column[0]] * 2000 for name, column in COLUMNS.items()}
    assert found(tmp_path, packed(table)) == [("too_many_rows", None, None)]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_a_long_id_repeated_by_a_dictionary_is_never_multiplied(tmp_path, kind):
    spec = EmbeddingSpec(n_dims=3, sample_ids=tuple(map(str, range(13_000))))
    repeated = pa.DictionaryArray.from_arrays(np.zeros(13_000, np.int32), ["x" * 1_000_000])
    zeros = {name: np.zeros(13_000) for name in "012"}
    # 13 GB if the dictionary were expanded, as Arrow's own schema beside it asks for.
    claimed = pa.schema([("id", kind), *((name, pa.float64()) for name in "012")])
    table, buffer = pa.table({"id": repeated, **zeros}), io.BytesIO()
    options = {"compression": "zstd", "store_schema": False}
    with pq.ParquetWriter(buffer, table.schema, **options) as writer:
        writer.write_table(table)
        schema = base64.b64encode(claimed.serialize()).decode()
        writer.add_key_value_metadata({"ARROW:schema": schema})
    assert pq.ParquetFile(buffer).schema_arrow.field("id").type == kind
    assert len(buffer.getvalue()) < 20_000
    assert found(tmp_path, buffer.getvalue(), spec)[0] == ("unknown_id", 1, "id")


def test_columns_that_unpack_to_more_than_can_be_needed_are_refused_unread(tmp_path):
    table = {**COLUMNS, "id": ["x" * 1_000_000, "a"]}
    content = packed(table, use_dictionary=False, compression="zstd", write_statistics=False)
    assert len(content) < 65_000
    assert found(tmp_path, content) == [("too_large", None, None)]


def test_a_file_that_ends_early_is_refused(tmp_path):
    content = packed(COLUMNS)
    for length in (4, 8, 100, len(content) - 4, len(content) - 1):
        assert found(tmp_path, content[:length]) == [("corrupted", None, None)]


def test_a_damaged_page_is_found_by_its_checksum(tmp_path):
    values = np.random.default_rng(0).standard_normal(2)
    options = {"use_dictionary": False, "compression": "none", "write_page_checksum": True}
    content = bytearray(packed({**COLUMNS, "1": values}, write_statistics=False, **options))
    content[content.index(values.tobytes())] ^= 1
    assert found(tmp_path, bytes(content)) == [("corrupted", None, None)]
