"""Writing annotation files, entry by entry; they appear under their names only when they are complete."""
import json
import os
from collections.abc import Iterable
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
