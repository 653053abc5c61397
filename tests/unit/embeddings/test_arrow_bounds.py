"""Arrow IPC that says little and asks for much: refused before PyArrow follows it."""

import io
import struct

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings
from probeboard.embeddings.flatbuffer import FlatTable

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
# Room for files of a few megabytes.
ROOMY = EmbeddingSpec(n_dims=3, sample_ids=tuple(map(str, range(50_000))))
FORMS = pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])


def written(table: pa.Table, new=pa.ipc.new_stream, *, rows=None, **options) -> bytes:
    buffer = io.BytesIO()
    with new(buffer, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
    return buffer.getvalue()


def table_of(ids) -> pa.Table:
    return pa.table({"id": ids, **{str(dim): np.zeros(len(ids)) for dim in range(3)}})


def found(tmp_path, content: bytes, spec: EmbeddingSpec = SPEC):
    path = tmp_path / "upload"
    path.write_bytes(content)
    with pytest.raises(InvalidEmbeddings) as refusal:
        read_embeddings(path, spec)
    return [issue.code.value for issue in refusal.value.issues]


@FORMS
@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_zeros_that_unpack_to_more_than_can_be_needed_are_refused(tmp_path, new, compression):
    zeros = pa.array([[0] * 4_000_000, []], pa.list_(pa.int8()))
    content = written(pa.table({"id": ["a", "b"], "x": zeros}), new, compression=compression)
    assert len(content) < 20_000
    assert found(tmp_path, content) == ["too_large"]


@FORMS
def test_a_buffer_that_declares_more_than_it_packs_is_refused(tmp_path, new):
    packed = written(table_of([str(n) for n in range(900)]), new, compression="zstd")
    at = packed.index(struct.pack("<q", 900 * 8))
    for declared in (1 << 40, 1 << 62):
        lie = packed[:at] + struct.pack("<q", declared) + packed[at + 8 :]
        assert found(tmp_path, lie, ROOMY) == ["too_large"]
    lie = packed[:at] + struct.pack("<q", -7) + packed[at + 8 :]
    assert found(tmp_path, lie, ROOMY) == ["corrupted"]


def test_a_dictionary_of_zeros_is_refused_like_a_batch(tmp_path):
    ids = pa.array(["\0" * 4_000_000, "b"]).dictionary_encode()
    content = written(table_of(ids), compression="zstd")
    assert len(content) < 20_000
    assert found(tmp_path, content) == ["too_large"]


def test_one_long_id_seen_from_many_rows_is_refused(tmp_path):
    spec = EmbeddingSpec(n_dims=300, sample_ids=tuple(map(str, range(500))))
    view = struct.pack("<i4sii", 50_000, b"xxxx", 0, 0)
    buffers = [None, pa.py_buffer(view * 900), pa.py_buffer(b"x" * 50_000)]
    ids = pa.Array.from_buffers(pa.string_view(), 900, buffers)
    content = written(pa.table({"id": ids, "embedding": [[0]] * 900}))
    assert len(content) < 100_000
    assert found(tmp_path, content, spec)[0] == "too_large"


def test_more_rows_or_batches_than_can_be_needed_are_refused(tmp_path):
    spec = EmbeddingSpec(n_dims=300, sample_ids=("a", "b"))
    nothing = pa.nulls(10_000)
    assert found(tmp_path, written(pa.table({"id": nothing, "0": nothing})), spec) == [
        "too_many_rows"
    ]
    buffer = io.BytesIO()
    empty = pa.record_batch({"id": pa.nulls(0)})
    with pa.ipc.new_stream(buffer, empty.schema) as writer:
        for _ in range(2100):
            writer.write_batch(empty)
    assert found(tmp_path, buffer.getvalue(), spec) == ["too_many_rows"]


def test_more_columns_than_can_be_needed_are_refused(tmp_path):
    schema = pa.schema([(str(number), pa.null()) for number in range(11_000)])
    content = written(schema.empty_table())
    assert found(tmp_path, content, ROOMY) == ["corrupted"]
    nested = pa.schema([(str(n), pa.struct([("x", pa.null())] * 30)) for n in range(400)])
    assert found(tmp_path, written(nested.empty_table()), ROOMY) == ["wrong_dimension"]


def test_types_nested_too_deep_are_refused(tmp_path):
    kind = pa.int8()
    for _ in range(40):
        kind = pa.list_(kind)
    content = written(pa.schema([("id", pa.string()), ("x", kind)]).empty_table())
    assert found(tmp_path, content, ROOMY) == ["corrupted"]


def test_a_schema_longer_than_any_honest_one_is_refused(tmp_path):
    table = table_of(["a", "b"]).replace_schema_metadata({"x": "x" * 1_200_000})
    assert found(tmp_path, written(table), ROOMY) == ["corrupted"]


@FORMS
def test_a_text_to_which_many_pointers_lead_counts_each_time(tmp_path, new):
    metadata = {"long": "x" * 100_000, **{str(number): "" for number in range(500)}}
    table = table_of(["a", "b"]).replace_schema_metadata(metadata)
    content = bytearray(written(table, new))
    # The schema is the first message of a stream, and in the footer of a file.
    if new is pa.ipc.new_stream:
        begin, length = 8, struct.unpack("<i", content[4:8])[0]
        schema = FlatTable.root(bytes(content[begin : begin + length])).table(2)
    else:
        length = struct.unpack("<i", content[-10:-6])[0]
        begin = len(content) - 10 - length
        schema = FlatTable.root(bytes(content[begin : begin + length])).table(1)
    at, entries = schema._vector(2, 4)
    places = [at + 4 * entry for entry in range(entries)]
    targets = [place + schema._unpack(struct.Struct("<I"), place) for place in places]
    pairs = schema.tables(2, most=1000)
    long = targets[max(range(entries), key=lambda entry: pairs[entry].text_bytes(1))]
    for place in places:
        if long > place:
            struct.pack_into("<I", content, begin + place, long - place)
    assert found(tmp_path, bytes(content), ROOMY) == ["too_large"]
