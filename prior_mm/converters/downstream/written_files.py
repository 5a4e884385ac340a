"""COCO files, the hashes of the files that others were made of, and the bar while they are written."""
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from prior_mm.files.file_hash import sha256
from prior_mm.files.whole_files import write_whole


def write_coco(path: Path, info: dict[str, Any], images: list[dict], annotations: list[dict],
               categories: list[dict]) -> None:
    """Write a COCO file, an image and a box a line.

    Args:
        path: The file.
        info: What other annotation files carry as ``metainfo``.
        images: ``id``, ``file_name``, ``width``, ``height``.
        annotations: ``id``, ``image_id``, ``category_id``, ``bbox`` (x, y, width, height), ``area``, ``iscrowd``.
        categories: ``id``, ``name``.
    """
    def lines(items: list[dict]) -> str:
        return '[' + ','.join('\n' + json.dumps(item, ensure_ascii=False) for item in items) + '\n]'

    parts = dict(info=json.dumps(info, ensure_ascii=False, indent=1), categories=lines(categories),
                 images=lines(images), annotations=lines(annotations))
    write_whole(path, ('{' + ',\n'.join(f'"{name}": {text}' for name, text in parts.items()) + '}\n').encode())


def source_hashes(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files, in hexadecimal digits, by their names without folders: those are of one machine."""
    return {path.name: sha256(path) for path in paths}


def progress_bar(console: Console, what: str) -> Progress:
    """A bar that counts something, ``images`` say."""
    return Progress(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TextColumn(what),
                    TimeElapsedColumn(), TextColumn('left'), TimeRemainingColumn(elapsed_when_finished=False),
                    console=console, refresh_per_second=2)
