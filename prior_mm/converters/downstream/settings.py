"""What a user chooses when a supervised data set is converted."""
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from prior_mm.datasets.images import PixelRange

from ..range_options import range_said
from .list_names import read_list_names
from .split_lists import read_split_lists
from .splits import SHARES, Splits, draw_splits


@dataclass(frozen=True)
class DownstreamSettings:
    """Choices that all converters have.

    Attributes:
        root: Folder of the data set.
        image_root: What image paths count from; the folder of the data set by default.
        output: Folder that ``annotations/`` and ``masks/`` are written to; the folder of the data set by default.
        split_dir: Folder of published lists; ``None`` draws the splits.
        list_names: Tables that translate the lists' names, see :func:`.list_names.read_list_names`.
        allow_overlap: Whether lists may share images, see :func:`.splits.read_split_lists`.
        shares: Percent of the images by split that is drawn.
        percents: Of the smaller sets of training labels.
        seed: Of all that is drawn.
        check_images: Whether the images are looked for.
        short_side: Pixels of the short side of the copies that are written; ``None`` writes none.
        workers: Processes that look at images; one a core by default.
        pixel_range: How images are scaled as they are read, here for copies, or in training.
    """
    root: Path
    image_root: Path
    output: Path
    split_dir: Path | None = None
    shares: Mapping[str, float] = field(default_factory=lambda: dict(SHARES))
    percents: tuple[float, ...] = (1., 10.)
    seed: int = 0
    check_images: bool = True
    short_side: int | None = None
    workers: int | None = None
    pixel_range: PixelRange | None = None
    list_names: tuple[Path, ...] = ()
    allow_overlap: bool = False

    @property
    def data_root(self) -> Path:
        """What the paths in the annotation files count from."""
        return self.image_root if self.short_side is None else self.output

    @property
    def annotations(self) -> Path:
        """Folder of the annotation files."""
        return self.output / 'annotations'

    @property
    def range_said(self) -> dict[str, Any]:
        """What annotation files say of :attr:`pixel_range`."""
        return range_said(self.pixel_range, self.short_side)

    def with_seed(self, seed: int) -> 'DownstreamSettings':
        """The same with another seed."""
        return replace(self, seed=seed)

    def problems(self) -> list[str]:
        """What is missing of what was given, a line each, with its mend."""
        found = []
        if not self.root.is_dir():
            found.append(f'the folder {self.root} does not exist. Give the folder of the data set')
        if self.image_root != self.root and not self.image_root.is_dir():
            found.append(f'--image-root: there is no folder {self.image_root}. Check the path')
        if self.split_dir is not None:
            lists = [] if not self.split_dir.is_dir() else sorted(self.split_dir.glob('*.txt'))
            if not lists:
                found.append(f'--split-dir: {self.split_dir} holds no lists. Wanted is a folder with train.txt, '
                             'val.txt and test.txt, an id a line')
        return found

    def splits(self, labels: Mapping[str, frozenset[str]], patients: Mapping[str, str], table: Path) -> Splits:
        """The splits of a data set, by lists or drawn.

        Args:
            labels: Findings of each image.
            patients: The patient of each image.
            table: Where the images' ids come from.

        Raises:
            TableError: If the lists contradict the table or each other.
        """
        if self.split_dir is not None:
            return self.read_lists(labels, table)
        return draw_splits(labels, patients, self.shares, self.percents, self.seed)

    def read_lists(self, labels: Mapping[str, frozenset[str]], table: Path) -> Splits:
        """The splits by the published lists.

        Args:
            labels: Findings of each image.
            table: Where the images' ids come from.

        Raises:
            ValueError: If no lists are given.
            TableError: If they contradict the table or each other.
        """
        if self.split_dir is None:
            raise ValueError('the published lists are missing; give their folder as --split-dir')
        return read_split_lists(self.split_dir, labels, self.percents, self.seed, table,
                                read_list_names(self.list_names), self.allow_overlap)
