"""Tables with a vector a row, as Parquet files that pandas, Polars and DuckDB read."""
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from prior_mm.files.whole_files import whole_file

_META = b'prior_mm'
_ROWS = 8192  # of a group, which is the least that is read of a column


def write_table(path: Path, columns: dict[str, Sequence], vectors: dict[str, np.ndarray], meta: dict[str, Any],
                mapped: bool = False) -> None:
    """Write a table, whole or not at all.

    Args:
        path: The file.
        columns: Texts, numbers or lists of texts, by name.
        vectors: float32 (N, D), by name.
        meta: What is to be known of it; plain data.
        mapped: Also write the vectors beside it (:func:`mapped_file`), in a form that a search need not read in first.
    """
    import pyarrow
    from pyarrow import parquet
    arrays = {name: pyarrow.array(values) for name, values in columns.items()}
    for name, rows in vectors.items():
        flat = pyarrow.array(np.ascontiguousarray(rows, np.float32).reshape(-1))
        arrays[name] = pyarrow.FixedSizeListArray.from_arrays(flat, rows.shape[1])
    table = pyarrow.table(arrays).replace_schema_metadata({_META: json.dumps(meta).encode()})
    for name in vectors:  # never those of one table beside another
        mapped_file(path, name).unlink(missing_ok=True)
    with whole_file(path) as file:
        # Numbers of this kind do not shrink, and are read ten times as fast as they are.
        parquet.write_table(table, file, compression='NONE', use_dictionary=False, row_group_size=_ROWS)
    for name, rows in vectors.items() if mapped else ():
        with whole_file(mapped_file(path, name)) as file:
            np.save(file, np.ascontiguousarray(rows, np.float32))


def mapped_file(path: Path, name: str) -> Path:
    """Where the vectors of a table stand once more, as NumPy maps them into memory."""
    return path.with_name(f'{path.stem}_{name}.npy')


class StoredTable:
    """What :func:`write_table` wrote, opened: columns are read when they are asked for, without a copy of the file.

    Args:
        path: The file.

    Attributes:
        meta: What is to be known of it.
        names: Of its columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table, or damaged; so do the methods.
    """

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet
        if not path.is_file():
            raise FileNotFoundError(f'there is no {path}: `prior-mm index` and `prior-mm embed` write such tables')
        self.path = path
        with self._readable():
            self._file = parquet.ParquetFile(path, memory_map=True)
            schema = self._file.schema_arrow
            self.meta: dict[str, Any] = json.loads((schema.metadata or {})[_META])
            self._widths = {field.name: field.type.list_size for field in schema if hasattr(field.type, 'list_size')}
            counts = [self._file.metadata.row_group(group).num_rows for group in range(self._file.num_row_groups)]
            self._starts = np.cumsum([0, *counts])
            self.names: list[str] = schema.names
            self._columns = [name for name in self.names if name not in self._widths]

    def vectors(self, name: str) -> np.ndarray:
        """Vectors, float32 (N, D); mapped into memory where they were written so."""
        mapped = mapped_file(self.path, name)
        with self._readable():
            if mapped.is_file():
                vectors = np.load(mapped, mmap_mode='r', allow_pickle=False)
                if vectors.dtype != np.float32 or vectors.shape != (self._starts[-1], self._widths[name]):
                    raise ValueError(f'{mapped.name} is of another table')
                return np.asarray(vectors)
            column = self._file.read([name]).column(name)
            parts = [chunk.flatten().to_numpy() for chunk in column.chunks]
            return (np.concatenate(parts) if len(parts) != 1 else parts[0]).reshape(-1, self._widths[name])

    def rows(self, places: Sequence[int]) -> list[dict[str, Any]]:
        """Rows by their places, without the vectors."""
        groups = np.searchsorted(self._starts, places, side='right') - 1
        with self._readable():
            read = {group: self._file.read_row_group(group, self._columns) for group in set(groups.tolist())}
            return [read[group].slice(place - self._starts[group], 1).to_pylist()[0]
                    for group, place in zip(groups.tolist(), places, strict=True)]

    def read(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """All columns, as lists, and all vectors."""
        with self._readable():
            columns = self._file.read(self._columns).to_pydict()
        return columns, {name: self.vectors(name) for name in self._widths}

    @contextmanager
    def _readable(self) -> Iterator[None]:
        import pyarrow
        try:
            yield
        except (pyarrow.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{self.path} is no table of `prior-mm index` or `prior-mm embed`, or damaged '
                             f'({str(error).splitlines()[0]}). Make it anew') from None


def read_table(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, Any]]:
    """Read all that :func:`write_table` wrote.

    Returns:
        Its columns, as lists; its vectors, float32 (N, D); and its ``meta``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table, or damaged.
    """
    stored = StoredTable(path)
    return (*stored.read(), stored.meta)
