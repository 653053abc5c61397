"""Arrow IPC, file and stream: what is accepted, and what is said about the rest."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
IDS = ["b", "a"]
VALUES = np.array([[4, 5, 6], [1, 2, 3]], np.float64)
MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
COLUMNS = {str(dim): VALUES[:, dim] for dim in range(3)}
FORMS = pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])


def written(table: pa.Table, new=pa.ipc.new_file, *, rows: int | None = None, **options) -> bytes:
    buffer = io.BytesIO()
    with new(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return buffer.getvalue()


def lists(values, kind=None) -> pa.Table:
    return pa.table({"id": IDS, "embedding": pa.array(values, kind or pa.list_(pa.float32()))})


def read(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return read_embeddings(path, spec)


def found(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(tmp_path, content, spec)
    return [(issue.code.value, issue.row, issue.column) for issue in refusal.value.issues]


@FORMS
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("rows", [1, 2])
def test_columns_and_lists_give_the_same_matrix(tmp_path, new, compression, rows):
    for table in (
        pa.table({"id": IDS, **COLUMNS}),
        pa.table({**dict(reversed(COLUMNS.items())), "id": IDS}),
        lists(VALUES.tolist()),
        lists(VALUES.tolist(), pa.large_list(pa.float64())),
        lists(VALUES.tolist(), pa.list_(pa.float16(), 3)),
        lists(VALUES.tolist(), pa.fixed_shape_tensor(pa.int8(), [3]).storage_type),
    ):
        content = written(table, new, rows=rows, compression=compression)
        embeddings = read(tmp_path, content)
        assert embeddings.matrix.tolist() == MATRIX
        assert embeddings.facts.format == "arrow"


@pytest.mark.parametrize(
    "ids",
    [
        pa.array(IDS, pa.large_string()),
        pa.array(IDS, pa.string_view()),
        pa.array(IDS).dictionary_encode(),
        pa.array(IDS, pa.large_string()).dictionary_encode(),
    ],
)
def test_ids_may_be_text_of_every_kind(tmp_path, ids):
    assert read(tmp_path, written(pa.table({"id": ids, **COLUMNS}))).matrix.tolist() == MATRIX


def test_ids_may_be_integers(tmp_path):
    spec = EmbeddingSpec(n_dims=3, sample_ids=("3", "7"))
    content = written(pa.table({"id": [7, 3], **COLUMNS}))
    assert read(tmp_path, content, spec).matrix.tolist() == MATRIX


def test_a_dictionary_may_grow_from_batch_to_batch(tmp_path):
    buffer = io.BytesIO()
    schema = pa.schema({"id": pa.dictionary(pa.int8(), pa.string()), "0": pa.int8()})
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)
    with pa.ipc.new_stream(buffer, schema, options=options) as writer:
        for texts, places in ((["x"], [0]), (["x", "y"], [1]), (["z"], [0])):
            ids = pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), texts)
            writer.write_batch(pa.record_batch([ids, pa.array([7], pa.int8())], schema=schema))
    spec = EmbeddingSpec(n_dims=1, sample_ids=("x", "y", "z"))
    assert read(tmp_path, buffer.getvalue(), spec).matrix.tolist() == [[7.0]] * 3


def test_a_column_of_tensors_is_one_of_lists(tmp_path):
    storage = pa.array(VALUES.tolist(), pa.list_(pa.float64(), 3))
    tensors = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float64(), [3]), storage)
    content = written(pa.table({"id": IDS, "embedding": tensors}))
    assert read(tmp_path, content).matrix.tolist() == MATRIX


def test_columns_beside_lists_are_ignored_with_a_note(tmp_path):
    seen = pa.array([0, 1], pa.timestamp("s", "Europe/Berlin"))
    union = pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array([1, 2])])
    table = lists(VALUES.tolist()).append_column("seen", seen).append_column("union", union)
    embeddings = read(tmp_path, written(table))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.notes == ("ignored columns: seen, union",)


@pytest.mark.parametrize("options", [{"use_legacy_format": True}, {"metadata_version": "V4"}])
def test_older_versions_of_the_file_are_read(tmp_path, options):
    if "metadata_version" in options:
        options = {"metadata_version": pa.ipc.MetadataVersion.V4}
    content = written(pa.table({"id": IDS, **COLUMNS}), **options)
    assert read(tmp_path, content).matrix.tolist() == MATRIX


@FORMS
@pytest.mark.parametrize(
    ("n_rows", "batch_rows", "compression"),
    [(1000, 7, "lz4"), (1000, 499, None), (4000, None, "zstd")],  # the last unpacks to 19 MB
)
def test_large_tables_cross_the_reader_s_blocks_without_a_seam(
    tmp_path, new, n_rows, batch_rows, compression
):
    rng = np.random.default_rng(1)
    values = rng.integers(-9, 9, (n_rows, 600)).astype(np.float64)
    order = rng.permutation(n_rows)
    spec = EmbeddingSpec(n_dims=600, sample_ids=tuple(map(str, range(n_rows))))
    table = pa.table({"id": order, **{str(dim): values[order, dim] for dim in range(600)}})
    content = written(table, new, rows=batch_rows, compression=compression)
    np.testing.assert_array_equal(read(tmp_path, content, spec).matrix, values)
    flat = pa.FixedSizeListArray.from_arrays(values[order].ravel(), 600)
    content = written(pa.table({"id": order, "embedding": flat}), new, rows=batch_rows)
    np.testing.assert_array_equal(read(tmp_path, content, spec).matrix, values)


@FORMS
@pytest.mark.parametrize(
    ("table", "issues"),
    [
        (pa.table(COLUMNS), [("missing_id_column", None, None)]),
        (pa.table({"id": [1.5, 2.5], **COLUMNS}), [("wrong_type", None, None)]),
        (pa.table({"id": IDS, **COLUMNS, "x": IDS}), [("unknown_column", None, "x")]),
        (pa.table({"id": IDS, **COLUMNS, "2": IDS}), [("wrong_type", None, "2")]),
        (pa.table({"id": IDS, "0": [1, 2]}), [("wrong_dimension", None, None)]),
        (pa.table({"id": IDS, **COLUMNS}).slice(0, 0), [("no_rows", None, None)]),
        (pa.table({"id": [None, "b"], **COLUMNS}), [("unknown_id", 1, "id")]),
        (
            pa.table({"id": IDS, **COLUMNS, "1": pa.array([None, 2.0])}),
            [("empty_value", 1, "1")],
        ),
        (
            pa.table({"id": IDS, **COLUMNS, "1": [np.nan, 1e39]}),
            [("nan", 1, "1"), ("overflow", 2, "1")],
        ),
        (lists([[1, 2, 3], [4, None, 6]]), [("empty_value", 2, "1")]),
        (lists([[1, 2, 3], [4]], pa.list_(pa.int8())), [("ragged_row", 2, None)]),
        (lists([[1, 2], [3, 4]]), [("wrong_dimension", None, None)]),
        (lists([[], []]), [("wrong_dimension", None, None)]),
        (lists([None, [1, 2, 3]]), [("ragged_row", 1, None)]),
        (lists([None, None]), [("ragged_row", 1, None), ("ragged_row", 2, None)]),
        (lists([IDS, IDS], pa.list_(pa.string())), [("wrong_type", None, None)]),
    ],
)
def test_wrong_tables_are_refused_by_name(tmp_path, new, table, issues):
    got = found(tmp_path, written(table, new))
    assert [issue for issue in got if issue[0] != "missing_id"] == issues


@pytest.mark.parametrize(
    "table", [lists(VALUES.tolist()), pa.table({"id": IDS, **COLUMNS})], ids=["lists", "columns"]
)
def test_an_empty_batch_before_the_others_is_passed_over(tmp_path, table):
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as writer:
        writer.write_batch(pa.RecordBatch.from_pylist([], table.schema))
        writer.write_table(table)
    assert read(tmp_path, buffer.getvalue()).matrix.tolist() == MATRIX


def test_a_file_that_ends_early_is_refused(tmp_path):
    content = written(pa.table({"id": IDS, **COLUMNS}))
    for end in (9, len(content) // 2, len(content) - 1):
        assert found(tmp_path, content[:end]) == [("corrupted", None, None)]
    stream = written(pa.table({"id": IDS, **COLUMNS}), pa.ipc.new_stream)
    for end in (6, 100, len(stream) - 20):
        assert found(tmp_path, stream[:end]) == [("corrupted", None, None)]


def test_tensors_of_arrow_are_refused(tmp_path):
    sink = pa.BufferOutputStream()
    pa.ipc.write_tensor(pa.Tensor.from_numpy(VALUES), sink)
    assert found(tmp_path, sink.getvalue().to_pybytes()) == [("unknown_format", None, None)]


def test_version_1_of_feather_is_called_by_its_name(tmp_path):
    with pytest.raises(InvalidEmbeddings, match="Feather"):
        read(tmp_path, b"FEA1" + bytes(100))
