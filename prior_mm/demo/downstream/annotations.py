"""The real annotations that films are drawn for: RSNA's boxes and SIIM's masks, scaled to the demo's size."""
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prior_mm.converters.downstream.rsna import TABLE, read_boxes
from prior_mm.converters.downstream.run_lengths import decode_run_lengths, encode_run_lengths
from prior_mm.converters.downstream.siim import read_run_lengths

from ..carried import find_carried
from ..files import digest
from ..regions import BoxPixels

#: Height and width that the real boxes and run lengths are for.
REAL_PIXELS = 1024


@dataclass(frozen=True)
class RealAnnotations:
    """What the films show at its real place.

    Attributes:
        boxes: RSNA: boxes of 1024 px images by image, none for those without pneumonia.
        run_lengths: SIIM: run lengths of 1024 px images by image, a text a row, none for those without pneumothorax.
    """

    boxes: Mapping[str, list[BoxPixels]]
    run_lengths: Mapping[str, list[str]]


def load_real_annotations() -> RealAnnotations:
    """The label files of RSNA and SIIM that the package torchxrayvision carries.

    Raises:
        FileNotFoundError: If it is not installed; the message says how to.
    """
    archive = find_carried('kaggle_stage_2_train_labels.csv.zip', 'the boxes of RSNA')
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(archive) as file:
        boxes = read_boxes(Path(file.extract(TABLE, folder)))
    run_lengths = read_run_lengths(find_carried('siim-pneumothorax-train-rle.csv.gz', 'the masks of SIIM'))
    return RealAnnotations({image: [*found] for image, found in boxes.items()}, run_lengths)


def shuffled(ids: 'list[str]', seed: int) -> list[str]:
    """Ids in an order that depends on the seed and on nothing else."""
    return sorted(ids, key=lambda image: digest(f'{seed} {image}'))


def scale_box(box: BoxPixels, size: int) -> BoxPixels:
    """A box of a 1024 px image, for one of ``size`` pixels; exact, since 1024 is a power of two."""
    x, y, width, height = (value * size / REAL_PIXELS for value in box)
    return x, y, width, height


def scale_run_lengths(texts: 'list[str]', size: int) -> list[str]:
    """Run lengths for ``size`` pixels: a pixel is within where half of it is, or, if none is, any of it."""
    scaled = []
    for text in texts:
        mask = decode_run_lengths(text, REAL_PIXELS, REAL_PIXELS)
        places = np.arange(size * 4) * REAL_PIXELS // (size * 4)
        counts = mask[places][:, places].reshape(size, 4, size, 4).sum(axis=(1, 3))
        small = counts >= 8 if (counts >= 8).any() else counts > 0
        if small.any() and (coded := encode_run_lengths(small)) not in scaled:
            scaled.append(coded)
    return scaled


def decode_all(texts: 'tuple[str, ...]', size: int) -> np.ndarray:
    """What any of several run lengths covers, bool (size, size)."""
    mask = np.zeros((size, size), bool)
    for text in texts:
        mask |= decode_run_lengths(text, size, size) > 0
    return mask
