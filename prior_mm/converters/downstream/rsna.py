"""RSNA pneumonia (Kaggle, stage 2): boxes to COCO files, class lists and masks."""
import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from prior_mm.datasets.downstream_schemas import DETECTION

from ..csv_tables import TableError, read_rows
from .binary_files import common_metainfo, convert_binary, convert_binary_by_protocols
from .binary_images import BinaryDataset, BinaryOptions, KeptImage
from .box_files import BoxedImage, write_detection
from .image_files import is_image_id
from .layout import find_table
from .look import Size
from .masks import Box, boxes_to_mask
from .protocol_repeats import Repeat, Written, missing_lists
from .settings import DownstreamSettings
from .splits import Splits, read_patients
from .tally import Tally

DATASET = 'rsna'  # as protocols call it
FINDING = 'pneumonia'
TABLE, IMAGES, TEST_IMAGES = 'stage_2_train_labels.csv', 'stage_2_train_images', 'stage_2_test_images'
_PAGE = 'kaggle.com/c/rsna-pneumonia-detection-challenge'


def read_boxes(path: Path, pixels: int = 1024) -> dict[str, list[Box]]:
    """Boxes of each image, none for those without pneumonia.

    Args:
        path: Table with patientId, x, y, width, height and Target, a row a box.
        pixels: Height and width of the images.

    Raises:
        TableError: If a row is none of both, a box lies outside, or an image is with and without boxes; the message
            names file, line and mend.
    """
    boxes: dict[str, list[Box]] = {}
    for line, row in read_rows(path, ('patientId', 'x', 'y', 'width', 'height', 'Target')):
        place, image = f'{path}, line {line}', row['patientId']
        if not is_image_id(image):
            raise TableError(f'{place}: patientId {image!r} cannot be the name of a file. Fetch the table again')
        box = _box(place, row, pixels)
        known = boxes.get(image)
        if known is not None and (box is None or not known):
            raise TableError(f'{place}: {image} is there with a box and with Target 0, or twice with Target 0. Remove '
                             'one of the lines')
        if known is not None and box in known:
            raise TableError(f'{place}: the same box of {image} is there twice. Remove one of the two lines')
        boxes.setdefault(image, []).extend([] if box is None else [box])
    if not boxes:
        raise TableError(f'{path} holds no row. Fetch it again')
    return boxes


def convert_rsna(settings: DownstreamSettings, options: BinaryOptions, console: Console) -> tuple[Tally, Splits]:
    """Write all annotation files of RSNA, by one set of splits.

    Raises:
        LayoutError: If parts are missing; the message lists all.
        TableError: If the table or a list is faulty.
        ValueError: If nothing can be kept, or images are of another size than the boxes are for.
        OSError: If files cannot be written.
    """
    data, boxes = _read(settings, options)
    return convert_binary(data, settings, console, partial(_write_detection, data, settings, boxes))


def convert_rsna_by_protocols(settings: DownstreamSettings, options: BinaryOptions, protocols: Sequence[str],
                              console: Console) -> list[Written]:
    """Write the annotation files of RSNA for each repeat of some protocols; images are looked at once.

    Args:
        settings: Folders and lists; its shares and seed are not used.
        options: Its ``positives_only`` must be False: the protocols say who takes part.
        protocols: Their names.
        console: For the progress bars.

    Raises:
        LayoutError: If parts are missing, lists among them; the message lists all.
        TableError: If the table or a list is faulty.
        ValueError: See :func:`convert_rsna`, or if a protocol says nothing of RSNA.
        OSError: If files cannot be written.
    """
    data, boxes = _read(settings, options, missing_lists(settings, protocols, DATASET))
    return convert_binary_by_protocols(data, settings, protocols, console,
                                       partial(_write_detection, data, settings, boxes))


def _read(settings: DownstreamSettings, options: BinaryOptions,
          missing: Sequence[str] = ()) -> tuple[BinaryDataset, dict[str, list[Box]]]:
    table = find_table(settings, options.table, (TABLE, f'{TABLE}.gz'), _PAGE, options.patients, missing)
    boxes = read_boxes(table, options.pixels)
    return BinaryDataset(
        name='rsna-pneumonia', key=DATASET, finding=FINDING, table=table, image_folder=IMAGES, options=options,
        has_finding={image: bool(found) for image, found in boxes.items()},
        draw_mask=lambda image: boxes_to_mask(boxes[image], options.pixels, options.pixels),
        patients=read_patients(options.patients, boxes) if options.patients else {}, more_images=TEST_IMAGES), boxes


def _box(place: str, row: Mapping[str, str], pixels: int) -> Box | None:
    texts = [row[name] for name in ('x', 'y', 'width', 'height')]
    if row['Target'] == '0' and not any(texts):
        return None
    try:
        box = Box(*map(float, texts))
    except ValueError:
        box = Box(*[math.nan] * 4)
    if row['Target'] != '1' or not all(map(math.isfinite, box)):
        raise TableError(f'{place}: x, y, width, height, Target are {", ".join([*texts, row["Target"]])}; wanted are '
                         'four numbers and Target 1, or nothing and Target 0')
    if min(box.x, box.y) < 0 or min(box.width, box.height) <= 0 or max(box.x + box.width, box.y + box.height) > pixels:
        raise TableError(f'{place}: the box of {box.width:g} x {box.height:g} px at {box.x:g}, {box.y:g} is not within '
                         f'{pixels} x {pixels} px. Are the boxes for images of another size? Give it with --pixels')
    return box


def _write_detection(data: BinaryDataset, settings: DownstreamSettings, boxes: Mapping[str, list[Box]], repeat: Repeat,
                     kept: list[KeptImage], tally: Tally) -> None:
    numbers = {image: number for number, image in enumerate(boxes, 1)}  # the same whatever is dropped
    size = Size(data.options.pixels, data.options.pixels)
    for split in repeat.splits.names if 'detection' in repeat.tasks else ():
        shown = data.shown(image for image in kept if image.split == split)
        path = repeat.annotations(settings) / f'detection/{split}.json'
        write_detection(path, common_metainfo(data, settings, repeat, tally, split, DETECTION, (FINDING, ), len(shown)),
                        (FINDING, ), [BoxedImage(numbers[image.image_id], image.image_id, image.path, size,
                                                 [(0, box) for box in boxes[image.image_id]]) for image in shown])
