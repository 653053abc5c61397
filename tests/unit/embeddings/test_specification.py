"""Specification, facts and limits."""

import hashlib
import json

import numpy as np
import pytest

from probeboard.embeddings import (
    EmbeddingFacts,
    EmbeddingSpec,
    InvalidEmbeddings,
    Issue,
    IssueCode,
    read_embeddings,
    widest_encoding_bytes,
)


@pytest.mark.parametrize(
    "fields",
    [
        {"n_dims": 0, "sample_ids": ("a",)},
        {"n_dims": 1, "sample_ids": ()},
        {"n_dims": 1, "sample_ids": ("a", "")},
        {"n_dims": 1, "sample_ids": ("a", "a")},
        {"n_dims": 1, "sample_ids": ("a",), "strip_suffixes": ("",)},
    ],
)
def test_a_specification_that_makes_no_sense_is_refused(fields):
    with pytest.raises(ValueError, match=r"must|cannot"):
        EmbeddingSpec(**fields)


def test_the_widest_way_to_write_a_table_stays_within_the_limit(tmp_path):
    spec = EmbeddingSpec(n_dims=50, sample_ids=tuple(f"sample-{n:04}" for n in range(200)))
    widest = '"-1.2345678901234567e-308"'
    header = ",".join(f'"{name}"' for name in ["id", *range(50)])
    rows = [",".join([f'"{sample}"', *[widest] * 50]) for sample in spec.sample_ids]
    path = tmp_path / "upload"
    path.write_bytes("\r\n".join([header, *rows, ""]).encode())
    assert path.stat().st_size <= widest_encoding_bytes(spec) < 2 * path.stat().st_size
    assert read_embeddings(path, spec).facts.duplicate_rows == 199


def test_the_digest_is_of_the_values_and_not_of_the_file(tmp_path):
    spec = EmbeddingSpec(n_dims=2, sample_ids=("a", "b"))
    path = tmp_path / "upload"
    path.write_text("id,1,0\nb,4,3\na,2,1\n")
    expected = hashlib.sha256(np.array([[1, 2], [3, 4]], "<f4").tobytes()).hexdigest()
    assert read_embeddings(path, spec).sha256 == expected


@pytest.mark.parametrize("n_dims", [7, 8, 100_001])
def test_facts_describe_the_matrix(tmp_path, n_dims):
    rng = np.random.default_rng(n_dims)
    matrix = rng.integers(-3, 4, (6, n_dims)).astype(np.float32)
    matrix[:, 2] = 5
    matrix[4] = matrix[1]
    matrix[5] = matrix[0][::-1]  # same sum of bits, another row
    matrix[5, 2], matrix[5, -3] = matrix[5, -3], matrix[5, 2]
    path = tmp_path / "upload"
    with path.open("wb") as file:
        np.savez(file, ids=np.arange(6), embeddings=matrix)
    spec = EmbeddingSpec(n_dims=n_dims, sample_ids=tuple("012345"))
    facts = read_embeddings(path, spec).facts
    assert facts.min == matrix.min()
    assert facts.max == 5
    assert facts.zero_fraction == pytest.approx((matrix == 0).mean(), abs=1e-12)
    assert facts.constant_columns == (matrix == matrix[0]).all(axis=0).sum()
    assert facts.duplicate_rows == 6 - len(np.unique(matrix, axis=0))
    assert EmbeddingFacts.from_dict(json.loads(json.dumps(facts.to_dict()))) == facts


def test_issues_survive_json():
    issue = Issue(IssueCode.NAN, "the value is NaN", row=3, column="17")
    assert Issue.from_dict(json.loads(json.dumps(issue.to_dict()))) == issue
    assert str(InvalidEmbeddings((issue,), 1)) == "nan, row 3, column 17: the value is NaN"
