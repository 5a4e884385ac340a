"""Masks of a table's images: files that a column names, a folder of them, or run lengths."""
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_radiograph

from ..downstream.image_files import image_paths
from ..downstream.look import Size
from ..downstream.run_lengths import EMPTY, RunLengthError, decode_run_lengths
from .boxes import scaled_size
from .columns import plain
from .pair_files import pair_files
from .table_images import TableImage

_COMMON = ('mask', 'maskpath', 'maskfile', 'lungmask', 'segmappath', 'segmentation', 'encodedpixels', 'rle')
_RUNS = re.compile(r'-1|\d+( +\d+)+')


@dataclass(frozen=True)
class MaskOptions:
    """Where masks are read from.

    Attributes:
        column: Holds paths from the data set's folder, or run lengths.
        folder: Holds a mask for an image, under the image's name, whatever the ending; see :func:`.pair_files`.
        name: Of what the masks show; the column's or the folder's by default.
        absolute: Whether run lengths are pairs of a start, from 1, and a length; else gaps and lengths in turn, as
            SIIM's. Both go down the columns of the image.
        unmasked: Images without a mask: ``out`` leaves them out, ``empty`` takes them as showing nothing.
    """
    column: str | None = None
    folder: Path | None = None
    name: str = ''
    absolute: bool = False
    unmasked: str = 'out'

    def __bool__(self) -> bool:
        return bool(self.column or self.folder)

    @property
    def finding(self) -> str:
        """Name of the class."""
        return self.name or self.column or (self.folder.name if self.folder else '')

    def describe(self) -> str:
        """A line that says where masks come from."""
        return f'  masks      {self.column or self.folder}, of the class {self.finding!r}'


def guess_masks(header: list[str], given: MaskOptions) -> str | None:
    """The column of masks: what the user said, or one that is called as they are."""
    if given:
        return given.column
    return next((name for name in header if plain(name) in _COMMON), None)


class TableMasks:
    """Finds and draws the mask of an image.

    Args:
        root: What the column's paths count from.
        images: Of the table.
        options: See :class:`MaskOptions`.
        pixels: Long side of the images that run lengths are for; 0 for those that are there.
        others: What else the table names, such as lateral views: their masks are theirs.

    Raises:
        ValueError: If none of the folder's masks is of an image, or one may be of two, or two of one.
    """

    def __init__(self, root: Path, images: Mapping[str, TableImage], options: MaskOptions, pixels: int,
                 others: Iterable[str] = ()) -> None:
        self.finding = options.finding
        self._options, self._pixels = options, pixels
        self._sources: dict[str, list[str] | Path] = {}
        if (folder := options.folder) is not None:
            files = pair_files(images, image_paths(folder, folder), others, folder)
            if not files:
                raise ValueError(f'{folder}: no mask there is called as an image of the table, such as '
                                 f'{next(iter(images))}; folders count, too. Give the folder of the masks with '
                                 '--mask-dir, or write their paths into the table')
            self._sources.update((name, folder / file) for name, file in files.items())
        for name, image in images.items():
            cells = [cell for row in image.rows if options.column and (cell := row.values.get(options.column, ''))]
            if cells:
                self._sources[name] = cells if all(map(_RUNS.fullmatch, cells)) else root / cells[0]

    def folders(self, root: Path) -> set[Path]:
        """Folders of the masks below another one, in whose words: what is in them is no radiograph."""
        parents = {source.parent.resolve() for source in self._sources.values() if isinstance(source, Path)}
        if self._options.folder is not None:
            parents.add(self._options.folder.resolve())
        inner = root.resolve()
        return {root / parent.relative_to(inner) for parent in parents if inner in parent.parents}

    def has(self, image: str) -> bool:
        """Whether an image takes part: it has a mask, or may do without."""
        return image in self._sources or self._options.unmasked == 'empty'

    def draw(self, image: str, original: Size, used: Size) -> np.ndarray:
        """uint8 (height, width) of 0 and 1, of the size of the file that is used.

        Raises:
            ImageError: If the mask is missing, damaged, of another shape than the image, or of other values than
                0 and one more.
        """
        source = self._sources.get(image)
        if source is None:
            return np.zeros((used.height, used.width), np.uint8)
        if isinstance(source, Path):
            mask = _two_values(read_radiograph(source), source)
        else:
            size = scaled_size(original, self._pixels)
            try:
                mask = np.zeros((size.height, size.width), np.uint8)
                for cell in source:
                    mask |= decode_run_lengths(_relative(cell) if self._options.absolute else cell, *mask.shape)
            except RunLengthError as error:
                raise ImageError(f'{image}: {error} (--pixels gives the long side, --absolute-runs another '
                                 'kind)') from None
        if abs(mask.shape[0] / mask.shape[1] - original.height / original.width) > 0.02:
            raise ImageError(f'{image}: the mask has {mask.shape[1]} x {mask.shape[0]} px, the image '
                             f'{original.width} x {original.height}: they are not of one shape')
        return mask if mask.shape == (used.height, used.width) else \
            cv2.resize(mask, (used.width, used.height), interpolation=cv2.INTER_NEAREST_EXACT)


def _two_values(mask: np.ndarray, path: Path) -> np.ndarray:
    values = np.unique(mask).tolist()
    if len(values) > 2:
        raise ImageError(f'{path}: the mask holds the values {", ".join(map(str, values[:8]))}; wanted are two, of '
                         'what is shown and of all else. Save it without smoothing, as PNG')
    if values[0]:
        raise ImageError(f'{path}: the mask holds {" and ".join(map(str, values))} and no 0, which stands for all that '
                         'is not shown. Save it with 0 there')
    return (mask > 0).astype(np.uint8)


def _relative(runs: str) -> str:
    """Gaps and lengths of starts, from 1, and lengths."""
    if runs.strip() == EMPTY:
        return runs
    numbers = list(map(int, runs.split()))
    if len(numbers) % 2:
        raise RunLengthError(f'there are {len(numbers)} numbers; starts and lengths go in pairs')
    place, words = 1, []
    for start, length in sorted(zip(numbers[::2], numbers[1::2], strict=True)):
        if start < place:
            raise RunLengthError(f'the run at {start} begins before the one before it ends')
        words += [start - place, length]
        place = start + length
    return ' '.join(map(str, words))
