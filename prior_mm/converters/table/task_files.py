"""The annotation files of a table for each supervised task, by one set of splits."""
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from prior_mm.datasets.downstream_schemas import SEGMENTATION
from prior_mm.datasets.errors import ImageError
from prior_mm.files.whole_files import write_whole
from prior_mm.protocols import OWN

from ..annotation_files import LEFT_OUT
from ..downstream.box_files import BoxedImage, write_detection
from ..downstream.labelled_files import LabelledImage, write_classification, write_entries, write_zero_shot
from ..downstream.look import LookedAt
from ..downstream.masks import mask_to_png
from ..downstream.protocol_repeats import Repeat
from ..downstream.settings import DownstreamSettings
from ..downstream.subsets import nested_subsets
from ..downstream.tally import Dropped, Tally
from ..downstream.written_files import progress_bar
from .boxes import TableBoxes
from .columns import Columns
from .masks import TableMasks
from .table_images import TableImage

#: What is counted of the images beside findings.
A_BOX, A_MASK = 'a box', 'a mask'


@dataclass(frozen=True)
class TableDataset:
    """A table that was read, and what was seen of its images.

    Attributes:
        name: Of the data set.
        table: The file.
        columns: What its columns are.
        classes: The findings.
        images: By id, in the order of the table.
        taken: Those of the views that are wanted.
        seen: The files.
        metainfo: What each annotation file says of itself.
        boxes: Of all images, if the table has any.
        masks: Of all images, if the table has any.
    """
    name: str
    table: Path
    columns: Columns
    classes: tuple[str, ...]
    images: dict[str, TableImage]
    taken: dict[str, TableImage]
    seen: LookedAt
    metainfo: dict[str, Any]
    boxes: TableBoxes | None = None
    masks: TableMasks | None = None

    def labelled(self, image: TableImage) -> LabelledImage:
        """An image that can be used, as class lists take it."""
        patient = image.patient if self.columns.patient else ''
        return LabelledImage(image.image_id, self.seen.paths[image.image_id], image.labels, patient)

    def boxed(self, image: LabelledImage, number: int) -> BoxedImage | None:
        """An image with its boxes; None where nothing is boxed although a label names a class of boxes."""
        assert self.boxes is not None  # it is called for tables with boxes
        found = self.boxes.scaled(image.image_id, self.seen.original_sizes[image.image_id],
                                  self.seen.sizes[image.image_id])
        shown = {name for name, label in zip(self.classes, image.labels, strict=True) if label}  # or not known to be
        if not found and shown & set(self.boxes.classes):
            return None
        return BoxedImage(number, image.image_id, image.path, self.seen.sizes[image.image_id], found)


def draw_masks(data: TableDataset, settings: DownstreamSettings, console: Console) -> dict[str, bool | str]:
    """Write the masks, which all sets of splits share.

    Returns:
        By image whether anything is in its mask, or what is wrong with it.
    """
    if data.masks is None:
        return {}
    drawn: dict[str, bool | str] = {}
    with progress_bar(console, 'masks') as progress:
        for image in progress.track([name for name in data.seen.sizes if data.masks.has(name)],
                                    description='writing masks'):
            path = settings.output / 'masks' / mask_path(data.seen.paths[image])
            try:
                mask = data.masks.draw(image, data.seen.original_sizes[image], data.seen.sizes[image])
                write_whole(path, mask_to_png(mask, image))
                drawn[image] = bool(mask.any())
            except ImageError as error:
                drawn[image] = str(error)
    return drawn


def mask_path(path: str) -> str:
    """Path of an image's mask, below the folder of masks."""
    return f'{path.rpartition(".")[0]}.png'


def write_tasks(data: TableDataset, settings: DownstreamSettings, repeat: Repeat,
                drawn: Mapping[str, bool | str]) -> Tally:
    """Write the annotation files of a set of splits, its lists of ids, and what was left out.

    Args:
        data: The table.
        settings: Where to.
        repeat: The splits.
        drawn: Of :func:`draw_masks`.

    Raises:
        ValueError: If nothing is kept, or a box lies outside of its image.
        OSError: If files cannot be written.
    """
    folder = repeat.annotations(settings)
    tally = Tally((*data.classes, *([A_BOX] if data.boxes else []), *([A_MASK] if data.masks else [])))
    kept: dict[str, list[LabelledImage]] = {split: [] for split in repeat.splits.names}
    for name, image in data.images.items():
        split = repeat.splits.of.get(name, '')
        if name not in data.taken:
            tally.drop('', Dropped.LATERAL, name)
        elif not split:
            tally.drop('', Dropped.NOT_IN_SPLIT, name)
        elif name in data.seen.faults:
            tally.drop(split, *data.seen.faults[name])
        else:
            tally.keep(split, [*(found for found, label in zip(data.classes, image.labels, strict=True) if label == 1),
                               *([A_BOX] if data.boxes and data.boxes.of.get(name) else []),
                               *([A_MASK] if isinstance(drawn.get(name), bool) else [])])
            kept[split].append(data.labelled(image))
    tally.check_not_empty()
    numbers = {name: number for number, name in enumerate(data.images, 1)}  # the same whatever is dropped
    for split, members in kept.items():
        metainfo = dict(data.metainfo, split=split, **repeat.metainfo, options=dict(repeat.splits.origin),
                        summary=tally.summary(split))
        labelled = {member.image_id: frozenset(number for number, label in enumerate(member.labels) if label == 1)
                    for member in members}
        if data.classes:
            write_classification(folder / f'classification/{split}.json', metainfo, data.classes, members)
            if repeat.metainfo['protocol'] == OWN:
                write_zero_shot(folder / f'zero_shot/{split}.json', metainfo, data.classes, members)
            _write_shares(folder / 'classification', repeat, split,
                          {member.image_id: labelled[member.image_id] for member in members if member.known})
        if data.boxes and 'detection' in repeat.tasks:
            boxed = [found for member in members if member.image_id in data.seen.sizes
                     and (found := data.boxed(member, numbers[member.image_id]))]
            write_detection(folder / f'detection/{split}.json', metainfo, data.boxes.classes, boxed)
            _write_shares(folder / 'detection', repeat, split,
                          {image.image_id: frozenset(number for number, _ in image.boxes) for image in boxed})
        if data.masks:
            masked = {member.image_id: dict(
                img_path=member.path, seg_map_path=mask_path(member.path), image_id=member.image_id,
                gt_label=int(drawn[member.image_id])) for member in members
                if isinstance(drawn.get(member.image_id), bool)}
            write_entries(folder / f'segmentation/{split}.json', dict(
                schema=SEGMENTATION, **metainfo, classes=['background', data.masks.finding]), list(masked.values()))
            _write_shares(folder / 'segmentation', repeat, split,
                          {name: labelled[name] | {-int(drawn[name])} for name in masked})
            for member in members:
                if isinstance(fault := drawn.get(member.image_id), str):
                    tally.note(split, fault, 'mask cannot be used')
    repeat.splits.write(folder / 'splits')
    tally.write_faults(folder / LEFT_OUT)
    return tally


def _write_shares(folder: Path, repeat: Repeat, split: str, strata: Mapping[str, frozenset[int]]) -> None:
    """Write a task's smaller sets of labels, drawn from its own images; those of lists that were given are kept."""
    origin = repeat.splits.origin
    for name, listed in repeat.splits.subsets.items():
        of, _, percent = name.rpartition('_')
        if of != split or not strata:
            continue
        ids = [image for image in listed if image in strata]
        if 'label_percents' in origin:
            ids = nested_subsets(strata, [float(percent)], int(str(origin['seed'])))[float(percent)]
        write_whole(folder / f'{name}.txt', ''.join(f'{image}\n' for image in ids).encode())
