"""NPZ: what is accepted, and what is said about the rest."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
IDS = np.array(["b", "a"])
VALUES = np.array([[4, 5, 6], [1, 2, 3]])
MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def packed(save=np.savez, **arrays) -> bytes:
    buffer = io.BytesIO()
    save(buffer, **arrays)
    return buffer.getvalue()


def npy(array=None, *, header: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    if header is not None:
        padded = header.ljust(118) + b"\n"
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded
    np.lib.format.write_array(buffer, array)
    return buffer.getvalue()


def archive(compression=zipfile.ZIP_STORED, **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def read(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    path = tmp_path / "upload"
    path.write_bytes(content)
    return read_embeddings(path, spec)


def found(tmp_path: Path, content: bytes, spec: EmbeddingSpec = SPEC):
    with pytest.raises(InvalidEmbeddings) as refusal:
        read(tmp_path, content, spec)
    return [(issue.code.value, issue.row, issue.column) for issue in refusal.value.issues]


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", ">f4", ">f8", "i1", "u1", "i2", "i4", "i8", "u8"]
)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_every_number_type_and_memory_order_gives_the_same_matrix(tmp_path, dtype, order, save):
    values = np.asarray(VALUES.astype(dtype), order=order)
    embeddings = read(tmp_path, packed(save, ids=IDS, embeddings=values))
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.facts.format == "npz"
    assert embeddings.facts.dtype == np.dtype(dtype).name


@pytest.mark.parametrize(
    ("ids", "samples"),
    [
        (np.array([b"b", b"a"]), ("a", "b")),
        (np.array(["ü", "a"]), ("a", "ü")),
        (np.array(["ü".encode(), b"a"]), ("a", "ü")),
        (np.array([7, 3]), ("3", "7")),
    ],
)
def test_ids_may_be_text_bytes_or_integers(tmp_path, ids, samples):
    spec = EmbeddingSpec(n_dims=3, sample_ids=samples)
    assert read(tmp_path, packed(ids=ids, embeddings=VALUES), spec).matrix.tolist() == MATRIX


def test_large_arrays_cross_the_reader_s_blocks_without_a_seam(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((4000, 150))
    order = rng.permutation(4000)
    spec = EmbeddingSpec(n_dims=150, sample_ids=tuple(map(str, range(4000))))
    for layout in "CF":
        content = packed(ids=order, embeddings=np.asarray(values[order], order=layout))
        matrix = read(tmp_path, content, spec).matrix
        np.testing.assert_array_equal(matrix, values.astype(np.float32))


@pytest.mark.parametrize(
    ("arrays", "issues"),
    [
        ({"ids": IDS}, [("missing_column", None, None)]),
        ({"embeddings": VALUES}, [("missing_id_column", None, None)]),
        (
            {"ids": IDS, "embeddings": VALUES, "labels": IDS},
            [("unknown_column", None, "labels.npy")],
        ),
        ({"ids": IDS.astype(object), "embeddings": VALUES}, [("pickled", None, None)]),
        ({"ids": IDS, "embeddings": VALUES.astype(object)}, [("pickled", None, None)]),
        ({"ids": IDS[:, None], "embeddings": VALUES}, [("wrong_type", None, None)]),
        ({"ids": np.array([1.5, 2]), "embeddings": VALUES}, [("wrong_type", None, None)]),
        ({"ids": IDS[:0], "embeddings": VALUES[:0]}, [("no_rows", None, None)]),
        (
            {"ids": np.array([b"\xff", b"a"]), "embeddings": VALUES},
            [("wrong_encoding", None, None)],
        ),
        ({"ids": np.arange(2000), "embeddings": VALUES}, [("too_many_rows", None, None)]),
        ({"ids": IDS, "embeddings": VALUES[0]}, [("wrong_type", None, None)]),
        ({"ids": IDS, "embeddings": VALUES + 0j}, [("wrong_type", None, None)]),
        ({"ids": IDS, "embeddings": VALUES > 2}, [("wrong_type", None, None)]),
        ({"ids": IDS, "embeddings": IDS[:, None]}, [("wrong_type", None, None)]),
        ({"ids": IDS, "embeddings": VALUES[:1]}, [("ragged_row", None, None)]),
        ({"ids": IDS, "embeddings": VALUES[:, :0]}, [("wrong_dimension", None, None)]),
        ({"ids": IDS, "embeddings": VALUES[:, :2]}, [("wrong_dimension", None, None)]),
        (
            {"ids": np.array(["a", "a"]), "embeddings": VALUES},
            [("duplicate_id", 2, "id"), ("missing_id", None, None)],
        ),
        (
            {"ids": IDS, "embeddings": VALUES * 1e38},
            [("overflow", 1, "0"), ("overflow", 1, "1"), ("overflow", 1, "2")],
        ),
        (
            {"ids": IDS, "embeddings": np.array([[1, 2, np.nan], [1, -np.inf, 3]])},
            [("nan", 1, "2"), ("infinite", 2, "1")],
        ),
        (
            {"ids": IDS, "embeddings": np.array([[1, 2, np.nan], [1, -np.inf, 3]], order="F")},
            [("infinite", 2, "1"), ("nan", 1, "2")],
        ),
    ],
)
def test_wrong_arrays_are_refused_by_name(tmp_path, arrays, issues):
    got = found(tmp_path, packed(**arrays))
    assert sorted(map(str, got)) == sorted(map(str, issues))


def test_short_vectors_are_padded_when_the_challenge_says_so(tmp_path):
    spec = EmbeddingSpec(n_dims=5, sample_ids=("a", "b"), zero_pad=True)
    embeddings = read(tmp_path, packed(ids=IDS, embeddings=VALUES), spec)
    assert embeddings.matrix.tolist() == [[1, 2, 3, 0, 0], [4, 5, 6, 0, 0]]


def test_an_array_that_declares_more_than_its_archive_holds_is_refused_unread(tmp_path):
    bomb = npy(header=b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1000000000000)}")
    assert found(tmp_path, archive(ids=npy(IDS), embeddings=bomb)) == [("corrupted", None, None)]


@pytest.mark.parametrize("member", ["ids", "embeddings"])
def test_an_array_of_zeros_that_unpacks_to_more_than_can_be_needed_is_refused(tmp_path, member):
    good = {"ids": npy(IDS), "embeddings": npy(VALUES)}
    bomb = {"ids": np.zeros(2, "U100000"), "embeddings": np.zeros((2, 100_000))}[member]
    content = archive(zipfile.ZIP_DEFLATED, **{**good, member: npy(bomb)})
    assert len(content) < 10_000
    assert found(tmp_path, content) == [("too_large", None, None)]


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_unpack_without_a_bound_are_refused(tmp_path, compression):
    content = archive(compression, ids=npy(IDS), embeddings=npy(VALUES))
    assert found(tmp_path, content) == [("unknown_format", None, None)]


@pytest.mark.parametrize(
    "header",
    [
        b"not a header",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 'x')}",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 3)}",
        b"{'descr': 'nonsense', 'fortran_order': False, 'shape': (2, 3)}",
        b"{'descr': [('a', '<f8')], 'fortran_order': False}",
        b"(" * 110,
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path, header):
    content = archive(ids=npy(IDS), embeddings=npy(header=header))
    assert found(tmp_path, content) == [("corrupted", None, None)]


def test_an_unknown_version_of_the_array_format_is_refused(tmp_path):
    content = archive(ids=npy(IDS), embeddings=b"\x93NUMPY\x09\x00" + bytes(200))
    assert found(tmp_path, content) == [("corrupted", None, None)]
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, VALUES, version=(2, 0))
    content = archive(ids=npy(IDS), embeddings=buffer.getvalue())
    assert read(tmp_path, content).matrix.tolist() == MATRIX


def test_a_flipped_bit_is_found_by_the_checksum(tmp_path):
    content = bytearray(packed(ids=IDS, embeddings=VALUES.astype(np.float32)))
    at = content.index(np.float32(5).tobytes())
    content[at] ^= 1
    assert found(tmp_path, bytes(content)) == [("corrupted", None, None)]


def test_an_archive_that_ends_early_is_refused(tmp_path):
    content = packed(ids=IDS, embeddings=VALUES)
    assert found(tmp_path, content[:-30]) == [("corrupted", None, None)]
    assert found(tmp_path, content[:4]) == [("corrupted", None, None)]


def test_an_archive_of_many_members_is_refused_before_they_are_listed(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for number in range(1200):
            file.writestr(str(number), b"")
    spec = EmbeddingSpec(n_dims=3, sample_ids=tuple(map(str, range(2000))))
    assert found(tmp_path, buffer.getvalue(), spec) == [("too_large", None, None)]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_two_members_of_one_name_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for _ in range(2):
            file.writestr("ids.npy", npy(IDS))
    assert found(tmp_path, buffer.getvalue()) == [("duplicate_column", None, None)]


def test_an_archive_of_other_things_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("embeddings.csv", "id,0\n")
    assert found(tmp_path, buffer.getvalue()) == [
        ("missing_id_column", None, None),
        ("unknown_column", None, "embeddings.csv"),
    ]
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    assert found(tmp_path, empty.getvalue()) == [("missing_id_column", None, None)]
