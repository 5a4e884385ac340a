"""Writing annotation files, entry by entry; they appear under their names only when they are complete."""
import csv
import json
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from prior_mm.files.whole_files import whole_file

#: The table of what was left out, and why, beside the annotation files.
LEFT_OUT = 'left_out.csv'


def write_annotations(path: Path, metainfo: dict[str, Any], entries: Iterable[str]) -> None:
    """Write ``{"metainfo": ..., "data_list": [...]}``, an entry a line.

    Args:
        path: The file; one of this name is replaced at the end, not before.
        metainfo: What the schema asks for.
        entries: JSON text of each entry.

    Raises:
        OSError: If it cannot be written.
    """
    with whole_file(path, 'w', encoding='utf-8') as file:
        file.write(f'{{"metainfo": {json.dumps(metainfo, ensure_ascii=False, indent=1)},\n"data_list": [')
        separator = '\n'
        for entry in entries:
            file.write(separator + entry)
            separator = ',\n'
        file.write('\n]}\n')


def write_left_out(path: Path, rows: Iterable[Sequence[str]],
                   columns: Sequence[str] = ('study_id', 'split', 'reason', 'detail')) -> int:
    """Write the table of what was left out; with nothing in it, none is left there.

    Args:
        path: A ``.csv`` file.
        rows: Its lines.
        columns: Its columns.

    Returns:
        Their number.

    Raises:
        OSError: If it cannot be written.
    """
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        path.unlink(missing_ok=True)
        return 0
    with whole_file(path, 'w', encoding='utf-8', errors='replace', newline='') as file:
        writer, count = csv.writer(file), 0
        writer.writerow(columns)
        for row in chain([first], rows):
            writer.writerow(row)
            count += 1
    return count
