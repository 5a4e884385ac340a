"""Data sets with one finding and its place in the image (RSNA, SIIM): which images are there, and which are kept."""
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console

from prior_mm.datasets.errors import ImageError

from ..layout_error import LayoutError
from .image_files import image_size, index_images
from .protocol_repeats import Repeat
from .settings import DownstreamSettings
from .tally import Dropped, Tally
from .written_files import progress_bar


@dataclass(frozen=True)
class BinaryOptions:
    """Choices that data sets with one finding have.

    Attributes:
        table: The labels; found in the data set's folder by default.
        patients: Table of image_id and patient_id, or ``None``.
        pixels: Height and width of the images that boxes or run lengths are for.
        positives_only: Whether detection and segmentation leave out images without the finding.
        with_masks: Whether masks are written.
    """
    table: Path | None = None
    patients: Path | None = None
    pixels: int = 1024
    positives_only: bool = False
    with_masks: bool = True


@dataclass(frozen=True)
class BinaryDataset:
    """A table of images with and without a finding.

    Attributes:
        name: Of the data set.
        key: Its name in protocols.
        finding: Name of the finding.
        table: The file that the labels come from.
        has_finding: By image id, in the order of the table.
        draw_mask: Mask of an image with the finding, uint8 (pixels, pixels).
        image_folder: The images are in it, at any depth, or in ``image_root`` if it has none of this name.
        options: Of the user.
        patients: The patient of each image, where it is known.
        more_images: A folder beside it that holds the other images that a table may name, the challenge's test set.
    """
    name: str
    key: str
    finding: str
    table: Path
    has_finding: Mapping[str, bool]
    draw_mask: Callable[[str], np.ndarray]
    image_folder: str
    options: BinaryOptions
    patients: Mapping[str, str] = field(default_factory=dict)
    more_images: str = ''

    def labels(self) -> dict[str, frozenset[str]]:
        """Findings of each image, as splits are stratified by them."""
        return {image: frozenset([self.finding] if found else []) for image, found in self.has_finding.items()}

    def shown(self, images: 'Iterable[KeptImage]') -> 'list[KeptImage]':
        """Those that detection and segmentation take."""
        return [image for image in images if image.positive or not self.options.positives_only]


@dataclass(frozen=True)
class KeptImage:
    """An image of an annotation file.

    Attributes:
        image_id: As in the table.
        path: Relative to the image root.
        split: Name of its annotation file.
        positive: Whether it has the finding.
    """
    image_id: str
    path: str
    split: str
    positive: bool


@dataclass(frozen=True)
class FoundImages:
    """What was seen of the images.

    Attributes:
        paths: Of those that can be used, relative to the image root, by id.
        faults: Why others cannot be, with an example for the summary.
        strangers: Paths of images that the table does not name.
    """
    paths: dict[str, str] = field(default_factory=dict)
    faults: dict[str, tuple[Dropped, str]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)


def look_at_images(data: BinaryDataset, settings: DownstreamSettings, wanted: Collection[str],
                   console: Console) -> FoundImages:
    """Look which images are there and of the size that the table is for, each once however many splits there are.

    Args:
        data: The table.
        settings: Folders, and whether images are looked for at all.
        wanted: Ids of those in any split.
        console: For the progress bar.

    Raises:
        LayoutError: If none of the table's images is there.
        ValueError: If an image is of another size than boxes or run lengths are for, or two have one name.
    """
    folder = settings.image_root / data.image_folder
    folder = folder if folder.is_dir() else settings.image_root
    found = index_images(settings.image_root, folder, settings.output / 'masks') if settings.check_images else {}
    more = settings.image_root / data.more_images
    if settings.check_images and folder != settings.image_root and data.more_images and more.is_dir():
        others = index_images(settings.image_root, more, settings.output / 'masks')
        found = {**{image: path for image, path in others.items() if image in data.has_finding}, **found}
    if settings.check_images and not any(image in found for image in data.has_finding):
        example = next(iter(data.has_finding))
        raise LayoutError([f'images: none of {len(data.has_finding):,} that {data.table} names is in {folder}, such as '
                           f'{example}.dcm. Give --image-root, or --no-images to convert the labels alone'])
    seen = FoundImages(strangers=[found[image] for image in sorted(found.keys() - data.has_finding.keys())])
    with progress_bar(console, 'images') as progress:
        for image in progress.track(data.has_finding, description='looking for images'):
            path = found.get(image, '')
            if image not in wanted:
                continue
            if not settings.check_images:
                seen.paths[image] = f'{data.image_folder}/{image}.dcm'
            elif not path or not (settings.image_root / path).stat().st_size:
                seen.faults[image] = Dropped.MISSING, path or image
            else:
                try:
                    _check_size(settings.image_root / path, data)
                    seen.paths[image] = path
                except ImageError as error:
                    seen.faults[image] = Dropped.UNREADABLE, str(error)
    return seen


def keep_images(data: BinaryDataset, repeat: Repeat, seen: FoundImages) -> tuple[list[KeptImage], Tally]:
    """The images of a set of splits that can be used, and what became of the others.

    Raises:
        ValueError: If nothing is kept.
    """
    tally, kept = Tally((data.finding, f'no {data.finding}')), []
    for path in seen.strangers:
        tally.drop('', Dropped.NOT_IN_TABLE, path)
    for image, positive in data.has_finding.items():
        if repeat.positives_only and not positive:
            tally.drop('', Dropped.NEGATIVE, image)
            continue
        splits = repeat.splits.all_of(image)
        if not splits:
            tally.drop('', Dropped.NOT_IN_SPLIT, image)
        for split in splits:  # several where lists overlap
            if image in seen.faults:
                tally.drop(split, *seen.faults[image])
                continue
            tally.keep(split, [data.finding if positive else f'no {data.finding}'])
            kept.append(KeptImage(image, seen.paths[image], split, positive))
    tally.check_not_empty()
    return kept, tally


def _check_size(path: Path, data: BinaryDataset) -> None:
    width, height = image_size(path)
    pixels = data.options.pixels
    if (width, height) != (pixels, pixels):
        raise ValueError(f'{path}: {width} x {height} px, but {data.table} is taken to be for {pixels} x '
                         f'{pixels}. Give the original images, or --pixels {height} if table and images are both '
                         'made for that')
