"""Rows of a CSV file, plain or gzipped, with its faults told by line."""
import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from prior_mm.files.text_files import no_text, open_text

_LONGEST = 2**20  # characters of a line; a small gzip file can unpack to one without an end


class TableError(ValueError):
    """A CSV file that is damaged or lacks what is needed; the message names file, line and mend."""


def read_rows(path: Path, columns: Sequence[str], others: bool = False,
              delimiter: str = ',') -> Iterator[tuple[int, dict[str, str]]]:
    """Read a table row by row.

    Args:
        path: A ``.csv`` file, UTF-8 with or without a byte order mark, UTF-16 or UTF-32 with one; or gzipped, whatever
            its name says.
        columns: Names that must be there; they are found in any case and with blanks around them.
        others: Whether the other columns are given, too, by the names in the file.
        delimiter: What stands between the values.

    Yields:
        Number of the line, 1 for the header's, and the values by column, without blanks around them.

    Raises:
        TableError: If a column is missing, a row is too short or too long, or the file is damaged or cut short.
        OSError: If it cannot be opened; the message names the file and the mend.
    """
    try:
        with open_text(path, newline='') as file:
            reader = csv.reader(_lines(file), delimiter=delimiter)
            header = [name.strip() for name in next(reader, [])]
            wanted = _places(path, header, columns, others)
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise TableError(f'{path}, line {reader.line_num}: {len(row)} values, but {len(header)} columns. '
                                     'Fetch the file again; it may be cut short')
                yield reader.line_num, {name: row[place].strip() for name, place in wanted}
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f'{path}: the gzip file is damaged or cut short ({error}). Fetch it again') from None
    except OSError as error:
        raise OSError(f'{path}: cannot be read ({error.strerror or error}). Check the path and the rights of the '
                      'file') from None
    except UnicodeError as error:
        raise TableError(f'{path}: {no_text(error)}') from None
    except csv.Error as error:
        raise TableError(f'{path}: no CSV file ({error}). Fetch it again') from None


def read_lines(path: Path) -> list[str]:
    """Lines of a list, in the encodings of :func:`read_rows`.

    Raises:
        TableError: If it is no text.
        OSError: If it cannot be opened.
    """
    try:
        with open_text(path) as file:
            return file.read().splitlines()
    except UnicodeError as error:
        raise TableError(f'{path}: {no_text(error)}') from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f'{path}: the gzip file is damaged or cut short ({error}). Fetch it again') from None


def one_table(found: Sequence[Path], option: str) -> Path | None:
    """The one table of its kind, of those that were found; ``None`` if there is none.

    The same rows may lie there twice, plain and gzipped: the plain file is read then.

    Args:
        found: The files.
        option: How the user names the right one, for the message.

    Raises:
        TableError: If two of them are not the same table; the message names both.
    """
    plain_first = sorted(found, key=lambda path: (path.suffix == '.gz', path.name))
    for other in plain_first[1:]:
        if _content(other) != _content(plain_first[0]):
            raise TableError(f'{plain_first[0]} and {other} are two tables of one kind, and not the same. Give the '
                             f'right one with {option}, or take the other away')
    return plain_first[0] if plain_first else None


def _content(path: Path) -> str:
    """A hash of what a table says, whether it is gzipped or not."""
    digest = hashlib.sha256()
    try:
        with path.open('rb') as raw:
            zipped = raw.read(2) == b'\x1f\x8b'
        with (gzip.open if zipped else open)(path, 'rb') as file:
            while block := file.read(_LONGEST):
                digest.update(block.replace(b'\r', b''))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f'{path}: the gzip file is damaged or cut short ({error}). Fetch it again') from None
    except OSError as error:
        raise OSError(f'{path}: cannot be read ({error.strerror or error}). Check the path and the rights of the '
                      'file') from None
    return digest.hexdigest()


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(_LONGEST):
        if len(line) == _LONGEST:
            raise csv.Error('a line has no end')
        yield line


def _places(path: Path, header: list[str], columns: Sequence[str], others: bool) -> list[tuple[str, int]]:
    by_name = {name.lower(): place for place, name in reversed(list(enumerate(header)))}
    missing = [name for name in columns if name.lower() not in by_name]
    if missing:
        raise TableError(f'{path} lacks the column{"s" * (len(missing) > 1)} {", ".join(missing)}; it has '
                         f'{", ".join(header[:20]) or "nothing in its first line"}. Is it the right file?')
    names = [name.lower() for name in header]
    twice = sorted({name for name in names if name and names.count(name) > 1
                    and (others or name in map(str.lower, columns))})
    if twice:
        raise TableError(f'{path} has the column {twice[0]} {names.count(twice[0])} times, and nothing says which one '
                         'counts. Rename or remove the others')
    wanted = [(name, by_name[name.lower()]) for name in columns]
    taken = {place for _, place in wanted}
    return wanted + [(name, place) for place, name in enumerate(header) if others and place not in taken]
