"""Tables with a vector a row, as Parquet files that pandas, Polars and DuckDB read."""
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from prior_mm.files.whole_files import whole_file

_META = b'prior_mm'


def write_table(path: Path, columns: dict[str, Sequence], vectors: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    """Write a table, whole or not at all.

    Args:
        path: The file.
        columns: Texts, numbers or lists of texts, by name.
        vectors: float32 (N, D), by name.
        meta: What is to be known of it; plain data.
    """
    import pyarrow
    from pyarrow import parquet
    arrays = {name: pyarrow.array(values) for name, values in columns.items()}
    for name, rows in vectors.items():
        flat = pyarrow.array(np.ascontiguousarray(rows, np.float32).reshape(-1))
        arrays[name] = pyarrow.FixedSizeListArray.from_arrays(flat, rows.shape[1])
    table = pyarrow.table(arrays).replace_schema_metadata({_META: json.dumps(meta).encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        # Numbers of this kind do not shrink, and are read ten times as fast as they are.
        parquet.write_table(table, file, compression='NONE', use_dictionary=False)


def read_table(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, Any]]:
    """Read what :func:`write_table` wrote.

    Returns:
        Its columns, as lists; its vectors, float32 (N, D); and its ``meta``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table, or damaged.
    """
    import pyarrow
    from pyarrow import parquet
    if not path.is_file():
        raise FileNotFoundError(f'there is no {path}: `prior-mm index` and `prior-mm embed` write such tables')
    try:
        table = parquet.read_table(path)
        meta = json.loads((table.schema.metadata or {})[_META])
        columns, vectors = {}, {}
        for name in table.column_names:
            column = table.column(name)
            if pyarrow.types.is_fixed_size_list(column.type):
                width, parts = column.type.list_size, [chunk.flatten().to_numpy() for chunk in column.chunks]
                vectors[name] = (np.concatenate(parts) if len(parts) != 1 else parts[0]).reshape(-1, width)
            else:
                columns[name] = column.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path} is no table of `prior-mm index` or `prior-mm embed`, or damaged '
                         f'({str(error).splitlines()[0]}). Make it anew') from None
    return columns, vectors, meta
