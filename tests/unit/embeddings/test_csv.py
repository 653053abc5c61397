"""CSV: what is accepted, and what is said about the rest."""

import csv
import gzip
import io
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, IssueCode, read_embeddings

# Without the time in the file, so that the names of the tests are the same in every process.
gzipped = partial(gzip.compress, mtime=0)
SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
GOOD = "id,0,1,2\nb,4,5,6\na,1,2,3\n"
MATRIX = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.fixture
def write(tmp_path: Path):
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "upload"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def found(path: Path, spec: EmbeddingSpec = SPEC) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(InvalidEmbeddings) as refusal:
        read_embeddings(path, spec)
    assert refusal.value.total >= len(refusal.value.issues) > 0
    return [(issue.code.value, issue.row, issue.column) for issue in refusal.value.issues]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.removesuffix("\n"),
        GOOD + "\n\n",
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace(",", ", "),
        'id,0,1,2\n"b",4,5,6\n"a",1,2,3\n',
        '"id","0","1","2"\n"b","4","5","6"\n"a","1","2","3"\n',
        "id,2,0,1\nb,6,4,5\na,3,1,2\n",
        "2,id,0,1\n6,b,4,5\n3,a,1,2\n",
        "id,1,2,3\nb,4,5,6\na,1,2,3\n",
        "id,0,1,2\nb,+4.,.5e1,600E-2\na,1e0,2.000,0003\n",
        gzipped(GOOD.encode()),
        gzipped(GOOD[:9].encode()) + gzipped(GOOD[9:].encode()),
        gzipped(GOOD.encode()) + b"\0" * 512,
        pa.compress(GOOD.encode(), codec="zstd", asbytes=True),
    ],
)
def test_every_usual_way_to_write_a_table_gives_the_same_matrix(write, content):
    embeddings = read_embeddings(write(content), SPEC)
    assert embeddings.matrix.tolist() == MATRIX
    assert embeddings.matrix.dtype == np.float32
    assert embeddings.matrix.flags.c_contiguous
    assert embeddings.sha256 == read_embeddings(write(GOOD), SPEC).sha256


@pytest.mark.parametrize(
    ("content", "format", "notes"),
    [
        (GOOD, "csv", ()),
        ("\ufeff" + GOOD, "csv", ("a byte order mark was skipped",)),
        ("id,2,0,1\nb,6,4,5\na,3,1,2\n", "csv", ("columns were reordered",)),
        ("id,1,2,3\nb,4,5,6\na,1,2,3\n", "csv", ("columns are numbered from 1",)),
        (gzipped(GOOD.encode()), "csv.gz", ()),
        (pa.compress(GOOD.encode(), codec="zstd", asbytes=True), "csv.zst", ()),
    ],
)
def test_the_facts_tell_how_the_file_differed_from_the_plainest_one(write, content, format, notes):
    facts = read_embeddings(write(content), SPEC).facts
    assert (facts.format, facts.dtype, facts.notes) == (format, "text", notes)
    assert (facts.n_rows, facts.n_dims, facts.min, facts.max) == (2, 3, 1.0, 6.0)


def test_a_suffix_is_stripped_once_and_the_number_of_ids_is_noted(write):
    spec = EmbeddingSpec(n_dims=1, sample_ids=("a", "b.zip"), strip_suffixes=(".zip", ".zarr.zip"))
    embeddings = read_embeddings(write("id,0\na.zarr.zip,1\nb.zip,2\n"), spec)
    assert embeddings.matrix.tolist() == [[1.0], [2.0]]
    assert embeddings.facts.notes == ("stripped '.zarr.zip' from 1 ids",)


def test_short_vectors_are_padded_only_when_the_challenge_says_so(write):
    path = write("id,0\na,1\nb,2\n")
    padding = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"), zero_pad=True)
    embeddings = read_embeddings(path, padding)
    assert embeddings.matrix.tolist() == [[1, 0, 0], [2, 0, 0]]
    assert embeddings.facts.notes == ("zero-padded from 1 to 3 dimensions",)
    assert found(path) == [("wrong_dimension", None, None)]


@pytest.mark.parametrize(
    ("content", "issues"),
    [
        ("", [("empty_file", None, None)]),
        (gzipped(b""), [("empty_file", None, None)]),
        ("id,0,1,2\n", [("no_rows", None, None)]),
        ("id,0,1,2", [("no_rows", None, None)]),
        ("0,1,2\n1,2,3\n", [("missing_id_column", None, None)]),
        ("<html>\n", [("missing_id_column", None, None)]),
        ("id,id,0,1,2\na,a,1,2,3\n", [("duplicate_column", None, None)]),
        ('"id,0,1,2\na,1,2,3\n', [("bad_quoting", None, None)]),
        (b"id,0,1,2,\xff\na,1,2,3\n", [("wrong_encoding", None, None)]),
        ("id;0;1;2\na;1;2;3\n", [("wrong_delimiter", None, None)]),
        ("id\t0\t1\t2\na\t1\t2\t3\n", [("wrong_delimiter", None, None)]),
        (GOOD.encode("utf-16"), [("wrong_encoding", None, None)]),
        (GOOD.encode("utf-16-le"), [("wrong_encoding", None, None)]),
        (GOOD.encode("utf-16-be"), [("wrong_encoding", None, None)]),
        (GOOD.replace("5", "\0"), [("nul_byte", None, None)]),
        (GOOD + " " * 5000 + "\0", [("nul_byte", None, None)]),
        (GOOD.replace("5", "\x01"), [("unknown_format", None, None)]),
        (b"\xff\xd8\xff\xe0JFIF", [("unknown_format", None, None)]),
        (gzipped(b"\x89PNG\r\n"), [("unknown_format", None, None)]),
        (gzipped(gzipped(GOOD.encode())), [("unknown_format", None, None)]),
        (b"\x80\x04\x95", [("unknown_format", None, None)]),
        (gzipped(GOOD.encode())[:-9], [("corrupted", None, None)]),
        (gzipped(GOOD.encode()) + b"junk", [("corrupted", None, None)]),
        (gzipped(b"id")[:12], [("corrupted", None, None)]),
        (gzipped(b"") * 1100, [("too_large", None, None)]),
        (pa.compress(GOOD.encode(), codec="zstd", asbytes=True)[:-3], [("corrupted", None, None)]),
        ("id,0,1,2\n" + "\n" * 3000, [("too_many_rows", None, None)]),
        ("id,0,1,2\na," + "1" * 70_000, [("too_large", None, None)]),
    ],
)
def test_a_file_that_cannot_be_read_on_is_refused_at_once(write, content, issues):
    assert found(write(content)) == issues


@pytest.mark.parametrize(
    ("header", "issues"),
    [
        ("id,0,1", [("wrong_dimension", None, None)]),
        ("id,0,1,2,3", [("wrong_dimension", None, None)]),
        ("id", [("wrong_dimension", None, None)]),
        ("id,0,2", [("missing_column", None, "1")]),
        ("id,0,1,7", [("wrong_dimension", None, None), ("missing_column", None, "2")]),
        ("id,0,1,1,2", [("duplicate_column", None, "1")]),
        ("id,0,1,2,", [("empty_column", None, "")]),
        (",id,0,1,2", [("empty_column", None, "")]),
        ("id,0,1,2,label", [("unknown_column", None, "label")]),
        ("id,0,1,02", [("unknown_column", None, "02"), ("wrong_dimension", None, None)]),
    ],
)
def test_a_wrong_header_is_reported_and_the_rows_are_still_checked(write, header, issues):
    cells = header.split(",")
    rows = [
        ",".join(name if name == "id" else "9" for name in cells).replace("id", sample)
        for sample in "ab"
    ]
    rows[1] = rows[1].replace("9", "nan", 1)
    expected = list(issues)
    if "9" in rows[0]:
        first = next(name for name in cells if name != "id")
        expected.append(("nan", 2, first))
    assert found(write("\n".join([header, *rows]))) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("nan", "nan"),
        ("NaN", "nan"),
        ("-nan", "nan"),
        ("inf", "infinite"),
        ("-Infinity", "infinite"),
        ("1e39", "overflow"),
        ("-3.5e38", "overflow"),
        ("1e400", "overflow"),
        ("", "empty_value"),
        ("  ", "empty_value"),
        ("null", "empty_value"),
        ("N/A", "empty_value"),
        ("x", "not_numeric"),
        ("0x1p3", "not_numeric"),
        ("1_000", "not_numeric"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "not_numeric"),
        ("1 2", "not_numeric"),
        ("1e", "not_numeric"),
        ("--1", "not_numeric"),
        ("+-nan", "not_numeric"),
        ("nan(1)", "not_numeric"),
        ("# 1", "not_numeric"),
        ("True", "not_numeric"),
    ],
)
def test_a_cell_without_a_finite_number_is_named_by_row_and_column(write, cell, code):
    assert found(write(f"id,0,1,2\nb,4,5,6\na,1,{cell},3\n")) == [(code, 2, "1")]


@pytest.mark.parametrize(
    ("rows", "issues"),
    [
        ("a,1,2,3\n", [("missing_id", None, None)]),
        ("a,1,2,3\nb,1,2,3\na,1,2,3\n", [("duplicate_id", 3, "id")]),
        ("a,1,2,3\nb,1,2,3\nc,1,2,3\n", [("unknown_id", 3, "id")]),
        ("a,1,2,3\nb,1,2,3\n,1,2,3\n", [("unknown_id", 3, "id")]),
        ("a,1,2,3\nB,1,2,3\n", [("unknown_id", 2, "id"), ("missing_id", None, None)]),
        ("a,1,2,3\nb,1,2\n", [("ragged_row", 2, None)]),
        ("a,1,2,3\nb,1,2,3,4\n", [("ragged_row", 2, None)]),
        ("a,1,2\nb,1,2,3,4\n", [("ragged_row", 1, None), ("ragged_row", 2, None)]),
        ("a,1,2,3\nb\n", [("ragged_row", 2, None)]),
        ('a,1,2,3\nb,1,2,"3\n', [("bad_quoting", 2, None)]),
        (b"a,1,2,3\nb,1,2,\xff\n", [("wrong_encoding", 2, None), ("not_numeric", 2, "2")]),
        (b"a,1,2,3\nb,1,2,3\n\xff,1,2,3\n", [("wrong_encoding", 3, None), ("unknown_id", 3, "id")]),
    ],
)
def test_a_wrong_row_is_named_by_its_number(write, rows, issues):
    rows = rows if isinstance(rows, bytes) else rows.encode()
    assert found(write(b"id,0,1,2\n" + rows)) == issues


def test_an_id_is_a_duplicate_after_its_suffix_is_stripped(write):
    spec = EmbeddingSpec(n_dims=1, sample_ids=("a",), strip_suffixes=(".zip",))
    assert found(write("id,0\na,1\na.zip,1\n"), spec) == [("duplicate_id", 2, "id")]


def test_an_id_may_hold_commas_and_quotes_if_it_is_quoted(write):
    spec = EmbeddingSpec(n_dims=1, sample_ids=("a,b", 'say "a"'))
    text = io.StringIO()
    csv.writer(text).writerows([["id", "0"], ['say "a"', 2], ["a,b", 1]])
    assert read_embeddings(write(text.getvalue()), spec).matrix.tolist() == [[1], [2]]


def test_all_faults_are_counted_and_the_first_hundred_are_told(write):
    ids = tuple(f"s{number}" for number in range(500))
    rows = "".join(f"{sample},nan\n" for sample in ids)
    spec = EmbeddingSpec(n_dims=1, sample_ids=ids)
    with pytest.raises(InvalidEmbeddings) as refusal:
        read_embeddings(write("id,0\n" + rows), spec)
    assert (len(refusal.value.issues), refusal.value.total) == (100, 500)
    assert str(refusal.value) == "nan, row 1, column 0: the value is NaN (and 499 more)"


def test_faults_of_all_kinds_are_found_in_one_pass(write):
    codes = [code for code, _, _ in found(write("id,0,1,2\na,1,nan,3\nz,1,2,x\na,1,2\n"))]
    assert sorted(codes) == sorted(
        ["nan", "not_numeric", "ragged_row", "unknown_id", "duplicate_id", "missing_id"]
    )


@pytest.mark.parametrize(
    "row",
    [
        '"a","1,5","2"',
        'a,"1,5",2',
        '"a","1","2,3"',
        "a,1 2,3",
        "a,1, 2 3",
    ],
)
def test_a_comma_or_blank_inside_a_cell_never_makes_two_cells(write, row):
    spec = EmbeddingSpec(n_dims=3, sample_ids=("a",))
    assert found(write(f"id,0,1,2\n{row}\n"), spec) == [("ragged_row", 1, None)]


def test_numbers_may_be_padded_to_columns_of_a_fixed_width(write):
    spec = EmbeddingSpec(n_dims=2, sample_ids=("a",))
    for row in ("a,      1.5,  -2.25", "a,1.5 ,-2.25   ", "a,1.5" + " " * 99 + ",\t-2.25"):
        assert read_embeddings(write(f"id,0,1\n{row}\n"), spec).matrix.tolist() == [[1.5, -2.25]]


def test_long_tables_cross_the_reader_s_blocks_without_a_seam(write):
    rng = np.random.default_rng(0)
    ids = tuple(f"s{number}" for number in range(3000))
    matrix = rng.standard_normal((3000, 40)).astype(np.float32)
    order = rng.permutation(3000)
    text = "id," + ",".join(map(str, range(40))) + "\n"
    for row in order:
        # one line in a thousand takes the reader's slow way
        values = [repr(float(value)) for value in matrix[row]]
        values[0] = values[0] if row % 1000 else f'"{values[0]}"'
        text += f"{ids[row]},{','.join(values)}\n"
    embeddings = read_embeddings(write(text), EmbeddingSpec(n_dims=40, sample_ids=ids))
    np.testing.assert_array_equal(embeddings.matrix, matrix)


def test_a_missing_file_is_the_caller_s_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_embeddings(tmp_path / "none", SPEC)


def test_every_code_is_its_own_name():
    assert all(code.name.lower() == code.value for code in IssueCode)
