"""Data sets with one finding and its place in the image (RSNA, SIIM): class lists and masks."""
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from prior_mm.datasets.errors import ImageError

from ..annotation_files import write_annotations
from ..layout_error import LayoutError
from ..mimic_layout import is_said_to_be_synthetic
from .image_files import image_size, index_images
from .masks import MaskWriter
from .settings import DownstreamSettings
from .splits import Splits
from .tally import Dropped, Tally
from .written_files import progress_bar, source_hashes, write_whole

CLASSIFICATION = 'prior_mm.classification/1'
SEGMENTATION = 'prior_mm.segmentation/1'


@dataclass(frozen=True)
class BinaryDataset:
    """A table of images with and without a finding.

    Attributes:
        name: Of the data set.
        finding: Name of the finding.
        table: The file that the labels come from.
        has_finding: By image id, in the order of the table.
        draw_mask: Mask of an image with the finding, uint8 (pixels, pixels).
        image_folder: The images are in it, at any depth, or in ``image_root`` if it has none of this name.
        pixels: Height and width that boxes or run lengths are for.
        positives_only: Whether detection and segmentation leave images without the finding out.
        with_masks: Whether masks are written.
        other_sources: Further files that the labels or patients come from.
    """
    name: str
    finding: str
    table: Path
    has_finding: Mapping[str, bool]
    draw_mask: Callable[[str], np.ndarray]
    image_folder: str
    pixels: int = 1024
    positives_only: bool = False
    with_masks: bool = True
    other_sources: tuple[Path, ...] = ()

    def labels(self) -> dict[str, frozenset[str]]:
        """Findings of each image, as splits are stratified by them."""
        return {image: frozenset([self.finding] if found else []) for image, found in self.has_finding.items()}

    def shown(self, images: 'Iterable[KeptImage]') -> 'list[KeptImage]':
        """Those that detection and segmentation take."""
        return [image for image in images if image.positive or not self.positives_only]


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


def find_kept_images(data: BinaryDataset, settings: DownstreamSettings, splits: Splits,
                     console: Console) -> tuple[list[KeptImage], Tally]:
    """Look which images of the table are there, in a split, and of the size that the table is for.

    Raises:
        LayoutError: If none is there.
        ValueError: If an image is of another size than boxes or run lengths are for, or two have one name.
    """
    folder = settings.image_root / data.image_folder
    folder = folder if folder.is_dir() else settings.image_root
    tally, kept = Tally((data.finding, f'no {data.finding}')), []
    found = index_images(settings.image_root, folder, settings.output / 'masks') if settings.check_images else {}
    if settings.check_images and not any(image in found for image in data.has_finding):
        example = next(iter(data.has_finding))
        raise LayoutError([f'images: none of {len(data.has_finding):,} that {data.table} names is in {folder}, such as '
                           f'{example}.dcm. Give --image-root, or --no-images to convert the labels alone'])
    for image in sorted(found.keys() - data.has_finding.keys()):
        tally.drop('', Dropped.NOT_IN_TABLE, found[image])
    with progress_bar(console, 'images') as progress:
        for image in progress.track(data.has_finding, description='looking for images'):
            split, path = splits.of.get(image, ''), found.get(image, '')
            if not split:
                tally.drop('', Dropped.NOT_IN_SPLIT, image)
                continue
            if not settings.check_images:
                path = f'{data.image_folder}/{image}.dcm'
            elif not path or not (settings.image_root / path).stat().st_size:
                tally.drop(split, Dropped.MISSING, path or image)
                continue
            else:
                try:
                    _check_size(settings.image_root / path, data)
                except ImageError as error:
                    tally.drop(split, Dropped.UNREADABLE, str(error))
                    continue
            positive = data.has_finding[image]
            tally.keep(split, [data.finding if positive else f'no {data.finding}'])
            kept.append(KeptImage(image, path, split, positive))
    tally.check_not_empty()
    return kept, tally


def common_metainfo(data: BinaryDataset, settings: DownstreamSettings, splits: Splits, tally: Tally, split: str,
                    schema: str, classes: tuple[str, ...], images: int) -> dict[str, Any]:
    """What each annotation file says of itself; ``images`` is the number of those in it."""
    options = dict(splits.origin, positives_only=data.positives_only and schema != CLASSIFICATION, pixels=data.pixels)
    return dict(schema=schema, dataset=data.name, split=split, classes=list(classes),
                synthetic=is_said_to_be_synthetic(settings.root), images_checked=settings.check_images,
                sources=source_hashes([data.table, *splits.files, *data.other_sources]), options=options,
                images=images, summary=tally.summary(split))


def write_binary(data: BinaryDataset, settings: DownstreamSettings, splits: Splits, kept: list[KeptImage],
                 tally: Tally, console: Console) -> None:
    """Write the masks, then the class lists and the segmentation's lists, and the lists of ids at the end.

    Raises:
        OSError: If they cannot be written.
    """
    if data.with_masks:
        _write_masks(data, settings, kept, console)
    for split in splits.names:
        images = [image for image in kept if image.split == split]
        _write(settings.annotations / f'classification/{split}.json',
               common_metainfo(data, settings, splits, tally, split, CLASSIFICATION,
                               (f'no {data.finding}', data.finding), len(images)),
               [dict(img_path=image.path, gt_label=int(image.positive), image_id=image.image_id) for image in images])
        if not data.with_masks:
            continue
        shown = data.shown(images)
        _write(settings.annotations / f'segmentation/{split}.json',
               common_metainfo(data, settings, splits, tally, split, SEGMENTATION, ('background', data.finding),
                               len(shown)),
               [dict(img_path=image.path, seg_map_path=_mask_name(image), image_id=image.image_id,
                     gt_label=int(image.positive)) for image in shown])
        listed = settings.annotations / f'segmentation/{split}.txt'
        if shown:
            write_whole(listed, ''.join(f'{_stem(image.path)}\n' for image in shown).encode())
        else:
            listed.unlink(missing_ok=True)
    splits.write(settings.annotations / 'splits')


def _write(path: Path, metainfo: dict[str, Any], entries: list[dict]) -> None:
    if entries:
        write_annotations(path, metainfo, (json.dumps(entry, ensure_ascii=False) for entry in entries))
    else:
        path.unlink(missing_ok=True)  # an older one would be taken for this conversion's


def _write_masks(data: BinaryDataset, settings: DownstreamSettings, kept: Iterable[KeptImage],
                 console: Console) -> None:
    writer, shown = MaskWriter(settings.output / 'masks', data.pixels), data.shown(kept)
    with progress_bar(console, 'masks') as progress:
        for image in progress.track(shown, description='writing masks'):
            writer.write(_mask_name(image), data.draw_mask(image.image_id) if image.positive else None)


def _check_size(path: Path, data: BinaryDataset) -> None:
    width, height = image_size(path)
    if (width, height) != (data.pixels, data.pixels):
        raise ValueError(f'{path}: {width} x {height} px, but {data.table} is taken to be for {data.pixels} x '
                         f'{data.pixels}. Give the original images, or --pixels {height} if table and images are both '
                         'made for that')


def _stem(path: str) -> str:
    return path[:path.rindex('.')]


def _mask_name(image: KeptImage) -> str:
    return f'{_stem(image.path)}.png'
