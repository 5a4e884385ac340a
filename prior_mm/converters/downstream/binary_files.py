"""Class lists, segmentation lists and masks of data sets with one finding (RSNA, SIIM)."""
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from prior_mm.datasets.downstream_schemas import CLASSIFICATION, SEGMENTATION
from prior_mm.files.whole_files import write_whole

from ..annotation_files import LEFT_OUT, write_annotations
from ..mimic_layout import is_said_to_be_synthetic
from .binary_images import BinaryDataset, KeptImage, keep_images, look_at_images
from .look import print_range
from .masks import MaskWriter
from .protocol_repeats import Repeat, Written, protocol_repeats
from .settings import DownstreamSettings
from .splits import Splits
from .tally import Tally
from .written_files import progress_bar, source_hashes

#: Writes what a data set has beyond class lists and masks.
WriteMore = Callable[[Repeat, list[KeptImage], Tally], None]


def convert_binary(data: BinaryDataset, settings: DownstreamSettings, console: Console,
                   write_more: WriteMore = lambda repeat, kept, tally: None) -> tuple[Tally, Splits]:
    """Write all files by one set of splits.

    Args:
        data: The table.
        settings: Folders, splits, and whether images are looked for.
        console: For the progress bars.
        write_more: Called before the lists of ids are written.

    Raises:
        LayoutError: If no image is there.
        ValueError: If nothing can be kept, a list is faulty, or images are of another size than the table is for.
        OSError: If files cannot be written.
    """
    splits = settings.splits(data.labels(), data.patients, data.table)
    (_, tally), = _write_repeats(data, settings, [Repeat(splits)], console, write_more)
    return tally, splits


def convert_binary_by_protocols(data: BinaryDataset, settings: DownstreamSettings, protocols: Sequence[str],
                                console: Console,
                                write_more: WriteMore = lambda repeat, kept, tally: None) -> list[Written]:
    """Write the files of each repeat of some protocols; images are looked at once, and masks written once.

    Args:
        data: The table; its option ``positives_only`` is False, for the protocols say who takes part.
        settings: Folders, lists, and whether images are looked for; its shares and seed are not used.
        protocols: Their names.
        console: For the progress bars.
        write_more: Called for each repeat before its lists of ids are written.

    Raises:
        ValueError: If a protocol says nothing of the data set, or see :func:`convert_binary`.
        LayoutError: See :func:`convert_binary`.
        OSError: See :func:`convert_binary`.
    """
    repeats = protocol_repeats(settings, protocols, data.key, data.labels(), data.patients, data.table)
    return _write_repeats(data, settings, repeats, console, write_more)


def common_metainfo(data: BinaryDataset, settings: DownstreamSettings, repeat: Repeat, tally: Tally, split: str,
                    schema: str, classes: tuple[str, ...], images: int) -> dict[str, Any]:
    """What each annotation file says of itself; ``images`` is the number of those in it."""
    positives_only = repeat.positives_only or (data.options.positives_only and schema != CLASSIFICATION)
    options = dict(repeat.splits.origin, positives_only=positives_only, pixels=data.options.pixels)
    return dict(schema=schema, dataset=data.name, split=split, **repeat.metainfo, classes=list(classes),
                synthetic=is_said_to_be_synthetic(settings.root), images_checked=settings.check_images,
                **settings.range_said, **_said_of_overlap(repeat.splits),
                sources=source_hashes([data.table, *repeat.splits.files, *settings.list_names,
                                       *filter(None, [data.options.patients])]),
                options=options, images=images, summary=tally.summary(split))


def _write_repeats(data: BinaryDataset, settings: DownstreamSettings, repeats: Sequence[Repeat], console: Console,
                   write_more: WriteMore) -> list[Written]:
    """The masks of all sets of splits come first, then the lists that name them."""
    console.print(f'Read: {data.table}', markup=False, highlight=False, soft_wrap=True)
    seen = look_at_images(data, settings, {image for repeat in repeats for image in repeat.splits.of}, console)
    print_range([(path, 'frontal') for path in seen.paths.values()], settings, console)
    sets = [(repeat, *keep_images(data, repeat, seen)) for repeat in repeats]
    if data.options.with_masks:
        masked = {image.image_id: image for repeat, kept, _ in sets if 'segmentation' in repeat.tasks
                  for image in data.shown(kept)}
        _write_masks(data, settings, masked.values(), console)
    for repeat, kept, tally in sets:
        _write_lists(data, settings, repeat, kept, tally)
        write_more(repeat, kept, tally)
        repeat.splits.write(repeat.annotations(settings) / 'splits')
        tally.write_faults(repeat.annotations(settings) / LEFT_OUT)
    return [(repeat, tally) for repeat, _, tally in sets]


def _write_lists(data: BinaryDataset, settings: DownstreamSettings, repeat: Repeat, kept: list[KeptImage],
                 tally: Tally) -> None:
    folder = repeat.annotations(settings)
    for split in repeat.splits.names:
        images = [image for image in kept if image.split == split]
        if 'classification' in repeat.tasks:
            _write(folder / f'classification/{split}.json',
                   common_metainfo(data, settings, repeat, tally, split, CLASSIFICATION,
                                   (f'no {data.finding}', data.finding), len(images)),
                   [dict(img_path=image.path, gt_label=int(image.positive), image_id=image.image_id)
                    for image in images])
        if 'segmentation' not in repeat.tasks or not data.options.with_masks:
            continue
        shown = data.shown(images)
        _write(folder / f'segmentation/{split}.json',
               common_metainfo(data, settings, repeat, tally, split, SEGMENTATION, ('background', data.finding),
                               len(shown)),
               [dict(img_path=image.path, seg_map_path=_mask_name(image), image_id=image.image_id,
                     gt_label=int(image.positive)) for image in shown])
        listed = folder / f'segmentation/{split}.txt'
        if shown:
            write_whole(listed, ''.join(f'{_stem(image.path)}\n' for image in shown).encode())
        else:
            listed.unlink(missing_ok=True)


def _write(path: Path, metainfo: dict[str, Any], entries: list[dict]) -> None:
    if entries:
        write_annotations(path, metainfo, (json.dumps(entry, ensure_ascii=False) for entry in entries))
    else:
        path.unlink(missing_ok=True)  # an older one would be taken for this conversion's


def _write_masks(data: BinaryDataset, settings: DownstreamSettings, images: Iterable[KeptImage],
                 console: Console) -> None:
    writer = MaskWriter(settings.output / 'masks', data.options.pixels)
    with progress_bar(console, 'masks') as progress:
        for image in progress.track(list(images), description='writing masks'):
            writer.write(_mask_name(image), data.draw_mask(image.image_id) if image.positive else None)


def _said_of_overlap(splits: Splits) -> dict[str, Any]:
    """How many images are in two splits, by pair; nothing where none is, as it should be."""
    return dict(overlap=splits.origin['overlap']) if splits.origin.get('overlap') else {}


def _stem(path: str) -> str:
    return path[:path.rindex('.')]


def _mask_name(image: KeptImage) -> str:
    return f'{_stem(image.path)}.png'
