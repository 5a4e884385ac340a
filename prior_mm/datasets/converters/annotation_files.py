"""Writing annotation files, entry by entry; they appear under their names only when they are complete."""
import csv
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any


def write_annotations(path: Path, metainfo: dict[str, Any], entries: Iterable[str]) -> None:
    """Write ``{"metainfo": ..., "data_list": [...]}``, an entry a line.

    Args:
        path: The file; one of this name is replaced at the end, not before.
        metainfo: What the schema asks for.
        entries: JSON text of each entry.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix('.part')  # the same each time, so that what a killed run left is replaced
    try:
        with unfinished.open('w', encoding='utf-8') as file:
            file.write(f'{{"metainfo": {json.dumps(metainfo, ensure_ascii=False, indent=1)},\n"data_list": [')
            separator = '\n'
            for entry in entries:
                file.write(separator + entry)
                separator = ',\n'
            file.write('\n]}\n')
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_left_out(path: Path, rows: Iterable[Sequence[str]]) -> int:
    """Write the table of what was left out; with nothing in it, none is left there.

    Args:
        path: A ``.csv`` file, with the columns study_id, split, reason and detail.
        rows: Its lines.

    Returns:
        Their number.

    Raises:
        OSError: If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, count = path.with_suffix('.part'), 0
    try:
        with unfinished.open('w', encoding='utf-8', errors='replace', newline='') as file:
            writer = csv.writer(file)
            writer.writerow(('study_id', 'split', 'reason', 'detail'))
            for row in rows:
                writer.writerow(row)
                count += 1
        if count:
            os.replace(unfinished, path)
        else:
            path.unlink(missing_ok=True)
    finally:
        unfinished.unlink(missing_ok=True)
    return count
