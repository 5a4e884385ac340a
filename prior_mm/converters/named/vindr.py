"""VinDr-CXR: films with boxes and findings by three radiologists each (training) or by five in agreement (test).

Nguyen et al., Scientific Data 2022. Read are the files of PhysioNet (``annotations/annotations_train.csv`` and so on,
15,000 and 3,000 DICOM files) or of Kaggle (``train.csv``, whose test set has no labels; then the splits are drawn).
"""
import math
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from ..csv_tables import TableError, read_rows
from ..downstream.masks import Box
from .run import NamedTable, find_file

#: The findings that Kaggle's table numbers, 0 to 13.
CLASSES = ('Aortic enlargement', 'Atelectasis', 'Calcification', 'Cardiomegaly', 'Consolidation', 'ILD', 'Infiltration',
           'Lung Opacity', 'Nodule/Mass', 'Other lesion', 'Pleural effusion', 'Pleural thickening', 'Pneumothorax',
           'Pulmonary fibrosis')
NOTHING = 'No finding'
_CORNERS = ('x_min', 'y_min', 'x_max', 'y_max')
_SAME = 0.5  # intersection over union from which two radiologists mean one thing


def read_vindr(root: Path, agree: int = 2) -> NamedTable:
    """Read what the radiologists marked.

    A finding is there if so many of a film's radiologists marked or named it. Boxes of one finding that overlap by half
    are one, their mean; it is kept if so many radiologists drew it. Of the test set, agreed already, all count.

    Args:
        root: Folder of the tables and the films.
        agree: How many of the three.

    Raises:
        LayoutError: If no table is there.
        TableError: If a table is damaged.
    """
    tables = {split: path for split in ('train', 'test')
              if (path := next(chain(root.glob(f'annotations_{split}.csv*'), root.glob(f'*/annotations_{split}.csv*')),
                               None))}
    if not tables:
        kaggle = find_file(root, None, ('train.csv', 'train.csv.gz', 'vinbigdata-train.csv.gz'), '--root', 'boxes')
        return NamedTable(_entries(kaggle, None, '', agree), CLASSES)
    entries = []
    for split, path in tables.items():
        labels = next(chain(path.parent.glob(f'image_labels_{split}.csv*')), None)
        entries += _entries(path, labels, split, agree if split == 'train' else 1)
    return NamedTable(entries, CLASSES)


def merge_boxes(boxes: Iterable[tuple[str, Box]], agree: int) -> list[Box]:
    """Boxes of one finding on one film, by radiologist: overlapping ones become one, kept if enough drew it."""
    groups: list[list[tuple[str, Box]]] = []
    for reader, box in boxes:
        group = next((group for group in groups if overlap(_mean(group), box) >= _SAME), None)
        if group is None:
            groups.append(group := [])
        group.append((reader, box))
    return [_mean(group) for group in groups if len({reader for reader, _ in group}) >= agree]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    both = max(width, 0.) * max(height, 0.)
    return both / (one.width * one.height + other.width * other.height - both)


def _mean(group: list[tuple[str, Box]]) -> Box:
    return Box(*(sum(values) / len(group) for values in zip(*(box for _, box in group), strict=True)))


def _entries(path: Path, labels: Path | None, split: str, agree: int) -> list[dict]:
    marked: dict[str, dict[str, list[tuple[str, Box]]]] = {}
    named: dict[str, dict[str, set[str]]] = {}
    for line, row in read_rows(path, ('image_id', 'class_name', *_CORNERS), others=True):
        lower = {name.lower(): value for name, value in row.items()}
        image, name, reader = row['image_id'], row['class_name'], lower.get('rad_id', 'agreed')
        found = named.setdefault(image, {})
        if name.lower() == NOTHING.lower():
            continue
        found.setdefault(name, set()).add(reader)
        marked.setdefault(image, {}).setdefault(name, []).append((reader, _box(path, line, row)))
    for _, row in read_rows(labels, ('image_id', ), others=True) if labels else ():
        lower = {name.lower(): value for name, value in row.items()}
        for name in CLASSES:
            if lower.get(name.lower(), '') in ('1', '1.0'):
                named.setdefault(row['image_id'], {}).setdefault(name, set()).add(lower.get('rad_id', 'agreed'))
        named.setdefault(row['image_id'], {})
    entries = []
    for image, found in named.items():
        shown = [name for name in CLASSES if len(found.get(name, ())) >= agree]
        boxes = [[name, *box] for name in shown for box in merge_boxes(marked.get(image, {}).get(name, ()), agree)]
        entries.append(dict(image=image, split=split, finding='|'.join(shown) or NOTHING, boxes=boxes))
    return entries


def _box(path: Path, line: int, row: dict[str, str]) -> Box:
    try:
        left, top, right, bottom = (float(row[name]) for name in _CORNERS)
        if not (math.isfinite(left + top + right + bottom) and left < right and top < bottom):
            raise ValueError
    except ValueError:
        raise TableError(f'{path}, line {line}: {", ".join(_CORNERS)} are {", ".join(row[name] for name in _CORNERS)}; '
                         'wanted are the corners of a box') from None
    return Box(left, top, right - left, bottom - top)
