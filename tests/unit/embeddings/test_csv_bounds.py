"""CSV: what a hostile text may cost."""

import gzip
from pathlib import Path

import pytest

from probeboard.embeddings import EmbeddingSpec, InvalidEmbeddings, read_embeddings

SPEC = EmbeddingSpec(n_dims=3, sample_ids=("a", "b"))
GOOD = "id,0,1,2\nb,4,5,6\na,1,2,3\n"


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


def test_a_file_of_nothing_but_faults_is_not_read_to_its_end(write):
    ids = tuple(f"s{number}" for number in range(3000))
    spec = EmbeddingSpec(n_dims=100, sample_ids=ids)
    header = ",".join(["id", *map(str, range(100))])
    issues = found(write("\n".join([header, *(sample + ",x" * 100 for sample in ids)])), spec)
    assert issues[0] == ("too_many_issues", None, None)
    assert issues[1] == ("not_numeric", 1, "0")


def test_many_rows_too_many_end_the_reading(write):
    assert found(write(GOOD + "c,1,2,3\n" * 2000))[0] == ("too_many_rows", None, None)


def test_two_gigabytes_of_zeros_in_a_gzip_are_never_unpacked(write):
    zeros = gzip.compress(bytes(1 << 24)) * 128
    spec = EmbeddingSpec(n_dims=1024, sample_ids=tuple(map(str, range(13_000))))
    assert found(write(zeros), spec) == [("nul_byte", None, None)]
    text = gzip.compress(b"id,0\n") + gzip.compress(b" " * (1 << 24)) * 128
    assert found(write(text), spec)[0] == ("too_large", None, None)


def test_a_gzip_that_unpacks_to_more_than_an_honest_file_is_cut_off(write):
    bomb = gzip.compress(b"id,0,1,2\n" + b"a,1,2,3 " + b" " * 40_000 + b"\n" * 40_000)
    assert found(write(bomb)) == [("too_large", None, None)]


def test_a_file_that_is_too_large_is_not_opened(write):
    assert found(write(GOOD + " " * 100_000)) == [("too_large", None, None)]


def test_a_hostile_text_is_shortened_in_the_detail(write):
    path = write(f"id,0,1,2\n{'x' * 5000},1,2,{'y' * 5000}\n")
    with pytest.raises(InvalidEmbeddings) as refusal:
        read_embeddings(path, SPEC)
    assert all(len(issue.detail) < 200 for issue in refusal.value.issues)
