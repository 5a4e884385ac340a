"""SIIM-ACR pneumothorax: run lengths to masks and class lists."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from ..csv_tables import TableError, read_rows
from .binary_files import convert_binary, convert_binary_by_protocols
from .binary_images import BinaryDataset, BinaryOptions
from .image_files import is_image_id
from .layout import find_table
from .protocol_repeats import Written, missing_lists
from .run_lengths import EMPTY, RunLengthError, decode_run_lengths
from .settings import DownstreamSettings
from .splits import Splits, read_patients
from .tally import Tally

DATASET = 'siim'  # as protocols call it
FINDING = 'pneumothorax'
TABLE, IMAGES = 'train-rle.csv', 'dicom-images-train'
_PAGE = 'kaggle.com/c/siim-acr-pneumothorax-segmentation'


def read_run_lengths(path: Path, pixels: int = 1024) -> dict[str, list[str]]:
    """Run lengths of each image, an item a row, none for those without a pneumothorax.

    Args:
        path: Table with ImageId and EncodedPixels (with or without blanks around), one or several rows an image.
        pixels: Height and width of the images.

    Raises:
        TableError: If run lengths are broken, or an image is with and without them; the message names file, line and
            mend.
    """
    texts: dict[str, list[str]] = {}
    for line, row in read_rows(path, ('ImageId', 'EncodedPixels')):
        image, text = row['ImageId'], row['EncodedPixels']
        if not is_image_id(image):
            raise TableError(f'{path}, line {line}: ImageId {image!r} cannot be the name of a file. Fetch it again')
        try:
            decode_run_lengths(text, pixels, pixels)
        except RunLengthError as error:
            raise TableError(f'{path}, line {line}: EncodedPixels of {image}: {error}. Fetch the file again, or give '
                             'the size of the images that it is for with --pixels') from None
        known = texts.get(image)
        if known is not None and (text == EMPTY or not known or text in known):
            raise TableError(f'{path}, line {line}: {image} is there with {EMPTY} and another row, or twice with the '
                             'same run lengths. Remove one of the lines')
        texts.setdefault(image, []).extend([] if text == EMPTY else [text])
    if not texts:
        raise TableError(f'{path} holds no row. Fetch it again')
    return texts


def draw_mask(texts: list[str], pixels: int = 1024) -> np.ndarray:
    """What any of several run lengths covers, uint8 (pixels, pixels) of 0 and 1.

    Raises:
        RunLengthError: If one is broken.
    """
    mask = np.zeros((pixels, pixels), np.uint8)
    for text in texts:
        mask |= decode_run_lengths(text, pixels, pixels)
    return mask


def convert_siim(settings: DownstreamSettings, options: BinaryOptions, console: Console) -> tuple[Tally, Splits]:
    """Write all annotation files of SIIM, by one set of splits.

    Raises:
        LayoutError: If parts are missing; the message lists all.
        TableError: If the table or a list is faulty.
        ValueError: If nothing can be kept, or images are of another size than the run lengths are for.
        OSError: If files cannot be written.
    """
    return convert_binary(_read(settings, options), settings, console)


def convert_siim_by_protocols(settings: DownstreamSettings, options: BinaryOptions, protocols: Sequence[str],
                              console: Console) -> list[Written]:
    """Write the annotation files of SIIM for each repeat of some protocols; images are looked at once.

    Args:
        settings: Folders and lists; its shares and seed are not used.
        options: Its ``positives_only`` must be False: the protocols say who takes part.
        protocols: Their names.
        console: For the progress bars.

    Raises:
        LayoutError: If parts are missing, lists among them; the message lists all.
        TableError: If the table or a list is faulty.
        ValueError: See :func:`convert_siim`, or if a protocol says nothing of SIIM.
        OSError: If files cannot be written.
    """
    data = _read(settings, options, missing_lists(settings, protocols, DATASET))
    return convert_binary_by_protocols(data, settings, protocols, console)


def _read(settings: DownstreamSettings, options: BinaryOptions, missing: Sequence[str] = ()) -> BinaryDataset:
    table = find_table(settings, options.table, (TABLE, f'{TABLE}.gz', 'stage_2_train.csv'), _PAGE, options.patients,
                       missing)
    texts = read_run_lengths(table, options.pixels)
    return BinaryDataset(
        name='siim-pneumothorax', key=DATASET, finding=FINDING, table=table, image_folder=IMAGES, options=options,
        has_finding={image: bool(rows) for image, rows in texts.items()},
        draw_mask=lambda image: draw_mask(texts[image], options.pixels),
        patients=read_patients(options.patients, texts) if options.patients else {})
