"""The counts of a Parquet footer, against PyArrow's, and footers that make no sense."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from probeboard.embeddings.parquet_footer import declared_values


def test_counts_are_those_of_pyarrow():
    file = io.BytesIO()
    table = pa.table({"id": ["a", "b", "c"], "x": [[1.0], [2.0, 3.0], []], "y": [1, 2, None]})
    pq.write_table(table, file, row_group_size=2, write_page_index=True)
    footer = pq.read_metadata(file)
    for leaf, name in enumerate(table.column_names):
        expected = sum(
            footer.row_group(group).column(leaf).num_values
            for group in range(footer.num_row_groups)
        )
        assert declared_values(file, name) == expected


@pytest.mark.parametrize(
    ("footer", "message"),
    [
        (b"\x1c" * 40, "too deep"),
        (b"\x1b\x00", "type 11"),
        (b"\x18\x7f", "ends before its end"),
        (b"\x16" + b"\xff" * 12, "64 bits"),
        (
            # row_groups: one; columns: one; meta_data: path ["x"], num_values -1
            b"\x49\x1c\x19\x1c\x3c\x39\x18\x01x\x26\x01\x00\x00\x00\x00",
            "negative",
        ),
    ],
)
def test_a_footer_that_makes_no_sense_is_refused(footer, message):
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    with pytest.raises(ValueError, match=message):
        declared_values(io.BytesIO(content), "x")


def test_a_footer_longer_than_its_file_is_refused():
    with pytest.raises(ValueError, match="a footer of"):
        declared_values(io.BytesIO(b"PAR1" + b"\xff" * 4 + b"PAR1"), "x")


def test_booleans_doubles_and_sets_are_passed_over():
    fields = b"\x11" + b"\x12" + b"\x13\x05" + b"\x17" + bytes(8) + b"\x1a\x21\x01\x02"
    footer = b"\x49\x0c" + b"\x06\xc8\x01\x02" + b"\x05\xca\x01\x02" + fields + b"\x00"
    content = b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1"
    assert declared_values(io.BytesIO(content), "x") == 0
