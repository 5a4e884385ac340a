"""The rows of a table in whichever format people keep theirs: CSV, TSV, JSON lines, Parquet."""
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prior_mm.files.text_files import open_text

from ..csv_tables import TableError, read_rows

#: Endings of what is taken for a table, gzipped or not.
SUFFIXES = ('.csv', '.tsv', '.tab', '.txt', '.jsonl', '.ndjson', '.parquet')
_DELIMITERS = (',', '\t', ';')
_LONGEST = 2**20  # characters of a line


class Row(NamedTuple):
    """A row.

    Attributes:
        line: Of the file, 1 for the header of a CSV file; in a Parquet file the row's number, from 1.
        values: Text by column, '' where there is nothing; lists and objects as JSON.
    """
    line: int
    values: dict[str, str]


def find_table(root: Path) -> Path:
    """The one table that lies in a folder.

    Raises:
        FileNotFoundError: If there is none, or several: the message names them.
    """
    found = sorted(path for path in root.glob('*') if path.is_file() and _suffix(path) in SUFFIXES[:3] + SUFFIXES[4:])
    if len(found) != 1:
        what = f'holds several tables, {", ".join(path.name for path in found[:5])}' if found else \
            f'holds no table ({", ".join(SUFFIXES[:3] + SUFFIXES[4:])}, gzipped or not)'
        raise FileNotFoundError(f'{root} {what}: name it with --table')
    return found[0]


def read_any_table(path: Path) -> tuple[list[str], list[Row]]:
    """Read a table whole.

    Args:
        path: Its ending says the format, with or without ``.gz``; ``.csv`` and ``.txt`` may have commas, semicolons or
            tabs between the values.

    Returns:
        The columns, and the rows.

    Raises:
        TableError: If it is damaged or empty; the message names file, line and mend.
        OSError: If it cannot be opened.
        ImportError: If it is a Parquet file, and pyarrow is not there.
    """
    if not path.is_file():
        raise FileNotFoundError(f'there is no table {path}. Check the path')
    read = {'.jsonl': _json_lines, '.ndjson': _json_lines, '.parquet': _parquet}.get(_suffix(path), _csv)
    rows = list(read(path))
    if not rows:
        raise TableError(f'{path} holds no row. Is it the right file?')
    columns = list(dict.fromkeys(name for row in rows for name in row.values)) if read is _json_lines else \
        list(rows[0].values)
    return columns, rows


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == '.gz' else path.suffix.lower()


def _csv(path: Path) -> Iterator[Row]:
    delimiter = '\t' if _suffix(path) in ('.tsv', '.tab') else _delimiter(path)
    for line, values in read_rows(path, (), others=True, delimiter=delimiter):
        yield Row(line, values)


def _delimiter(path: Path) -> str:
    """What stands most often in the first line."""
    try:
        with open_text(path) as file:
            first = file.readline(_LONGEST)
    except (OSError, EOFError, zlib.error, UnicodeError):
        return ','  # the reader of the rows says what is wrong
    return max(_DELIMITERS, key=first.count)


def _json_lines(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with open_text(path) as file:
            while line := file.readline(_LONGEST):
                number += 1
                if line.strip():
                    values = json.loads(line)
                    if not isinstance(values, dict):
                        raise ValueError('an object is wanted')
                    yield Row(number, {str(name): _text(value) for name, value in values.items()})
    except (ValueError, RecursionError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f'{path}, line {number or 1}: no JSON lines ({error}). Wanted is an object a line') from None


def _parquet(path: Path) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException, parquet  # a large package, for this one format
    except ImportError:
        raise ImportError(f'{path}: Parquet files are read by pyarrow, which is not there: pip install pyarrow, or '
                          'save the table as CSV') from None
    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches():
            for values in batch.to_pylist():
                number += 1
                yield Row(number, {name: _text(value) for name, value in values.items()})
    except ArrowException as error:
        raise TableError(f'{path}: no Parquet file, or a damaged one ({error}). Save it again') from None


def _text(value: object) -> str:
    """A value as a CSV file would hold it."""
    if value is None or value != value:  # NaN
        return ''
    if isinstance(value, bool):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value).strip()
