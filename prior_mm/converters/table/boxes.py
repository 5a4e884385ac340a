"""Boxes of a table: a list in a column, a row a box, or a COCO file beside it."""
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..csv_tables import TableError
from ..downstream.look import Size
from ..downstream.masks import Box
from .any_table import Row
from .columns import Columns, other_spelling, plain
from .pair_files import pair_files
from .table_images import TableImage

_BY_SIZE = (('x', 'y', 'width', 'height'), ('x', 'y', 'w', 'h'), ('xmin', 'ymin', 'width', 'height'))
_BY_CORNERS = (('xmin', 'ymin', 'xmax', 'ymax'), ('x1', 'y1', 'x2', 'y2'))
_LIST = re.compile(r'(?:b?boxes|bbox)(\d{2,5})?')


@dataclass(frozen=True)
class BoxOptions:
    """Where boxes are read from; nothing is guessed but the names of columns.

    Attributes:
        column: Holds a list ``[[class, x, y, width, height], ...]`` as JSON.
        columns: Four of a box a row: x, y, width, height; or of corners, see below. The class is that of the row's
            names of findings.
        corners: Whether the latter two are the far corner.
        coco: A COCO file; its images are found by their names, see :func:`.pair_files`.
        pixels: Long side of the images that boxes (and run lengths) are for; 0 for those that are there.
    """
    column: str | None = None
    columns: tuple[str, ...] = ()
    corners: bool = False
    coco: Path | None = None
    pixels: int = 0

    def __bool__(self) -> bool:
        return bool(self.column or self.columns or self.coco)

    def describe(self) -> str:
        """A line that says where boxes come from."""
        where = self.column or ', '.join(self.columns) or str(self.coco)
        size = f', in pixels of images whose long side has {self.pixels}' if self.pixels else ''
        return f'  boxes      {where}{" (corners)" if self.corners else ""}{size}'


@dataclass(frozen=True)
class TableBoxes:
    """Boxes of all images of a table.

    Attributes:
        classes: Names of what they enclose, in order.
        of: Class and box by image, in pixels of images of :attr:`sizes`.
        sizes: Of the images that the boxes are for, where a COCO file says so.
        pixels: See :class:`BoxOptions`.
    """
    classes: tuple[str, ...]
    of: Mapping[str, list[tuple[str, Box]]]
    sizes: Mapping[str, Size] = field(default_factory=dict)
    pixels: int = 0

    def scaled(self, image: str, original: Size, used: Size) -> list[tuple[int, Box]]:
        """Number of the class, and box in pixels of the file that is used.

        Raises:
            ValueError: If a box lies outside of the image; the message says how large both are.
        """
        meant = self.sizes.get(image) or scaled_size(original, self.pixels)
        found = []
        for name, box in self.of.get(image, []):
            if name not in self.classes:
                continue
            if min(box.x, box.y) < 0 or box.x + box.width > meant.width + 1 or box.y + box.height > meant.height + 1:
                raise ValueError(f'{image}: the box of {name}, {box.width:g} x {box.height:g} px at {box.x:g}, '
                                 f'{box.y:g}, is not within {meant.width} x {meant.height} px. Are the boxes for '
                                 'images of another size? Give its long side with --pixels')
            across, down = used.width / meant.width, used.height / meant.height
            right, bottom = min(box.x + box.width, meant.width), min(box.y + box.height, meant.height)
            found.append((self.classes.index(name), Box(box.x * across, box.y * down, (right - box.x) * across,
                                                        (bottom - box.y) * down)))
        return found


def scaled_size(size: Size, long_side: int) -> Size:
    """A size enlarged or shrunk to a long side; 0 leaves it."""
    scale = long_side / max(size) if long_side else 1
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def guess_boxes(header: Sequence[str], given: BoxOptions) -> BoxOptions:
    """What the user said, or columns that are called as boxes are; ``boxes_1024`` also says the long side."""
    if given:
        return given
    for name in header:
        if match := _LIST.fullmatch(plain(name)):
            return BoxOptions(name, pixels=given.pixels or int(match[1] or 0))
    by_name = {plain(name): name for name in reversed(header)}
    for names in (*_BY_SIZE, *_BY_CORNERS):
        if all(name in by_name for name in names):
            return BoxOptions(None, tuple(by_name[name] for name in names), names in _BY_CORNERS, None, given.pixels)
    return given


def read_boxes(table: Path, images: Mapping[str, TableImage], columns: Columns, options: BoxOptions,
               classes: Sequence[str] | None, others: Iterable[str] = ()) -> TableBoxes:
    """Read the boxes of all images.

    Args:
        table: For messages.
        images: Of the table.
        columns: Names of findings are the classes of boxes that stand a row each.
        options: Where to read.
        classes: Those to keep; None keeps all.
        others: What else the table names, such as lateral views: a COCO file's images of them are theirs.

    Raises:
        TableError: If boxes are none, there is not one, or a class has two spellings; the message names the file.
        ValueError: If an image of a COCO file may be two of the table, or two are one.
    """
    sizes: dict[str, Size] = {}
    if options.coco:
        of, sizes = _read_coco(options.coco, images, others)
    else:
        of = {name: _of_image(table, image, columns, options) for name, image in images.items()}
    names = sorted({name for boxes in of.values() for name, _ in boxes})
    kept = tuple(names) if classes is None else tuple(name for name in classes if name in names)
    if classes is not None and (problem := other_spelling(names, classes)):
        raise TableError(f'{options.coco or table}, boxes: {problem}')
    if not kept:
        others = f' of {", ".join(classes)}; there are those of {", ".join(names)}' if classes and names else ''
        raise TableError(f'{options.coco or table}: there is no box{others}')
    return TableBoxes(kept, of, sizes, options.pixels)


def _of_image(table: Path, image: TableImage, columns: Columns, options: BoxOptions) -> list[tuple[str, Box]]:
    boxes: list[tuple[str, Box]] = []
    for row in image.rows:
        found = _of_list(table, row, options.column) if options.column else \
            _of_row(table, row, columns.names, options.columns, options.corners)
        boxes += [item for item in found if item not in boxes]
    return boxes


def _of_list(table: Path, row: Row, column: str) -> list[tuple[str, Box]]:
    if not (text := row.values.get(column, '')):
        return []
    try:
        return [(str(name), _box(values)) for name, *values in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        raise TableError(f'{table}, line {row.line}: {column} is {text[:80]!r}; wanted is a list of [class, x, y, '
                         'width, height] as JSON') from None


def _of_row(table: Path, row: Row, names: str | None, columns: Sequence[str], corners: bool) -> list[tuple[str, Box]]:
    texts = [row.values.get(name, '') for name in columns]
    if not any(texts):
        return []
    try:
        x, y, right, bottom = map(float, texts)
        box = _box([x, y, right - x, bottom - y] if corners else [x, y, right, bottom])
    except ValueError:
        raise TableError(f'{table}, line {row.line}: {", ".join(columns)} are {", ".join(texts)}; wanted are a box, or '
                         'nothing') from None
    return [((row.values.get(names, '') if names else '') or 'finding', box)]


def _read_coco(path: Path, images: Collection[str],
               others: Iterable[str]) -> tuple[dict[str, list[tuple[str, Box]]], dict[str, Size]]:
    try:
        content = json.loads(path.read_bytes())
        categories = {item['id']: str(item['name']) for item in content['categories']}
        files = {item['id']: (str(item['file_name']), Size(int(item['width']), int(item['height'])))
                 for item in content['images']}
        found = [(files[item['image_id']][0], categories[item['category_id']], _box(item['bbox']))
                 for item in content['annotations']]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TableError(f'{path}: no COCO file of boxes ({type(error).__name__}: {error}). Wanted are images, '
                         'categories and annotations with bbox') from None
    paired = pair_files(images, [file for file, _ in files.values()], others, path)
    if not paired:
        raise TableError(f'{path} names none of the images of the table, such as {next(iter(images), "none")}; folders '
                         'count, too. Let file_name agree with the table')
    owner = {file: image for image, file in paired.items()}
    of: dict[str, list[tuple[str, Box]]] = {}
    for file, name, box in found:
        of.setdefault(owner.get(file, ''), []).append((name, box))
    return of, {owner[file]: size for file, size in files.values() if file in owner}


def _box(values: Sequence[float]) -> Box:
    box = Box(*map(float, values))
    if not all(map(math.isfinite, box)) or min(box.width, box.height) <= 0:
        raise ValueError('no box')
    return box
