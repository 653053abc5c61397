"""Convert embeddings from NeuCo-Bench's CSV (`id,0,1,…`) to the smaller, faster float32 Parquet.

    python csv_to_parquet.py embeddings.csv embeddings.parquet

Needs NumPy and PyArrow. The numbers do not change: a value is rounded to float32 once, as the
server does with a CSV. Ids stay text. The result is read back and compared before the script ends.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq


def read_csv(source: Path) -> pa.Table:
    """Return ids as strings and every other column, in numeric order, as float32."""
    as_text = pa.csv.ConvertOptions(column_types={"id": pa.string()})
    table = pa.csv.read_csv(source, convert_options=as_text)
    dimensions = sorted((name for name in table.column_names if name != "id"), key=int)
    columns = [table["id"], *(table[name].cast(pa.float64()) for name in dimensions)]
    fields = [("id", pa.string()), *((name, pa.float32()) for name in dimensions)]
    narrow = [columns[0], *(pa.array(np.float32(column.to_numpy())) for column in columns[1:])]
    return pa.table(narrow, schema=pa.schema(fields))


def main(source: Path, target: Path) -> None:
    """Write `target` and make sure that it holds what `source` said."""
    table = read_csv(source)
    # Embeddings hardly repeat a value: a dictionary would only add to the file.
    pq.write_table(table, target, compression="zstd", compression_level=19, use_dictionary=False)
    if not pq.read_table(target).equals(table):
        raise SystemExit(f"{target} does not hold the values of {source}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
