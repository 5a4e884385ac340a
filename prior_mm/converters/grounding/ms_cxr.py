"""MS-CXR (PhysioNet, 0.1 and 1.1.0): phrases of radiologists on images of MIMIC-CXR, as CSV or COCO JSON."""
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ..csv_tables import TableError, read_rows
from ..downstream.masks import Box
from .phrase import GroundedPhrase, PhraseError, check_box, united

PAGE = 'physionet.org/content/ms-cxr'
_COLUMNS = ('dicom_id', 'category_name', 'label_text', 'path', 'x', 'y', 'w', 'h', 'image_width', 'image_height')


def find_ms_cxr(root: Path) -> Path | None:
    """The file of annotations in a folder: CSV, which knows the splits, before JSON."""
    return next((path for ending in ('csv', 'json') for path in sorted(root.glob(f'MS_CXR*.{ending}'))), None)


def read_ms_cxr(path: Path) -> list[GroundedPhrase]:
    """Phrases with the boxes of all their rows.

    Args:
        path: ``MS_CXR_Local_Alignment_v*.csv`` or ``.json``; a ``split`` is taken where there is one.

    Raises:
        TableError: If the table is damaged.
        PhraseError: If a row is.
    """
    return united(_from_coco(path) if path.suffix == '.json' else _from_table(path))


def _from_table(path: Path) -> Iterator[GroundedPhrase]:
    for line, row in read_rows(path, _COLUMNS, others=True):
        place = f'{path}, line {line}'
        try:
            box, width, height = Box(*(float(row[name]) for name in 'xywh')), int(row['image_width']), \
                int(row['image_height'])
        except ValueError:
            raise TableError(f'{place}: x, y, w, h, image_width and image_height must be numbers. Fetch the file '
                             'again') from None
        yield _phrase(place, row['path'], row['label_text'], row['category_name'], box, width, height,
                      row.get('split', ''))


def _from_coco(path: Path) -> Iterator[GroundedPhrase]:
    content = read_json(path)
    try:
        images = {image['id']: image for image in content['images']}
        names = {category['id']: category['name'] for category in content['categories']}
        for number, item in enumerate(content['annotations']):
            image = images[item['image_id']]
            box, finding = Box(*map(float, item['bbox'])), names[item['category_id']]
            yield _phrase(f'{path}, annotation {number}', image['path'], item['label_text'], finding, box,
                          image['width'], image['height'], image.get('split', ''))
    except (KeyError, TypeError) as error:
        raise PhraseError(f'{path}: no COCO file of MS-CXR: {error!r} is missing or odd. Is it the right '
                          'file?') from None


def _phrase(place: str, path: str, text: str, finding: str, box: Box, width: int, height: int,
            split: str) -> GroundedPhrase:
    patient = next((part for part in PurePosixPath(path).parts if part[:1] == 'p' and len(part) > 3), path)
    return GroundedPhrase(path, ' '.join(text.split()), finding, (check_box(place, box, width, height), ), width,
                          height, patient, split)


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        PhraseError: If it is none.
    """
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise PhraseError(f'{path}: not JSON in UTF-8, or cut short ({error}). Fetch it again') from None
