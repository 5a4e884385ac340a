"""Boxes on images of NIH ChestX-ray14: its own list, and those of ChestX-Det10. Neither has phrases."""
import json
from collections.abc import Iterator
from pathlib import Path

from ..csv_tables import TableError, read_lines, read_rows
from ..downstream.masks import Box
from .ms_cxr import read_json
from .phrase import PROMPT, GroundedPhrase, PhraseError, check_box, united

#: Height and width of all images of the collection.
PIXELS = 1024


def read_nih(path: Path, prompt: str = PROMPT) -> list[GroundedPhrase]:
    """Phrases for the boxes of ``BBox_List_2017.csv``, or of a table with the column ``boxes_1024``.

    Args:
        path: The table. ``boxes_1024`` holds JSON, a list of finding, x, y, width and height.
        prompt: What a phrase reads, with ``{finding}`` in it.

    Raises:
        TableError: If the table is damaged, or a row has no numbers.
        PhraseError: If a box does not lie on its image.
    """
    own = 'boxes_1024' not in ''.join(read_lines(path)[:1])
    return united(_from_own_list(path, prompt) if own else _from_column(path, prompt))


def _from_own_list(path: Path, prompt: str) -> Iterator[GroundedPhrase]:
    names = ('Image Index', 'Finding Label', 'Bbox [x', 'y', 'w', 'h]')  # commas stand between the brackets, too
    for line, row in read_rows(path, names):
        place = f'{path}, line {line}'
        yield _phrase(place, row['Image Index'], row['Finding Label'], [row[name] for name in names[2:]], prompt)


def _from_column(path: Path, prompt: str) -> Iterator[GroundedPhrase]:
    for line, row in read_rows(path, ('Image Index', 'boxes_1024')):
        place = f'{path}, line {line}'
        try:
            boxes = json.loads(row['boxes_1024'] or '[]')
            rows = [(finding, box) for finding, *box in boxes]
        except (ValueError, TypeError):
            raise TableError(f'{place}: boxes_1024 must be a JSON list of [finding, x, y, w, h]') from None
        for finding, box in rows:
            yield _phrase(place, row['Image Index'], finding, box, prompt)


def read_chestx_det10(path: Path, split: str, prompt: str = PROMPT) -> list[GroundedPhrase]:
    """Phrases for ``train.json`` or ``test.json`` of ChestX-Det10; its boxes go from corner to corner.

    Args:
        path: The file: a list of ``file_name``, ``syms`` and ``boxes`` (x1, y1, x2, y2).
        split: Which it is.
        prompt: What a phrase reads, with ``{finding}`` in it.

    Raises:
        PhraseError: If it is of another form.
    """
    found = []
    content = read_json(path)
    for number, item in enumerate(content if isinstance(content, list) else [content]):
        place = f'{path}, entry {number}'
        try:
            rows = [(finding, (x1, y1, x2 - x1, y2 - y1))
                    for finding, (x1, y1, x2, y2) in zip(item['syms'], item['boxes'], strict=True)]
            name = item['file_name']
        except (KeyError, TypeError, ValueError):
            raise PhraseError(f'{place}: wanted are file_name, and as many boxes of four numbers as syms. Is it the '
                              'right file?') from None
        found += [_phrase(place, name, finding, box, prompt, split) for finding, box in rows]
    return united(found)


def _phrase(place: str, name: str, finding: str, box, prompt: str, split: str = '') -> GroundedPhrase:
    try:
        numbers = Box(*map(float, box))
    except (TypeError, ValueError):
        raise TableError(f'{place}: the box must be four numbers, it is {box}') from None
    return GroundedPhrase(name, prompt.format(finding=finding.lower()), finding,
                          (check_box(place, numbers, PIXELS, PIXELS), ), PIXELS, PIXELS, name.split('_')[0], split)
