"""Masks of findings: drawn, checked, and written as PNG files of 0 and 1, as MMSegmentation reads class numbers."""
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from prior_mm.files.whole_files import write_whole


class MaskError(ValueError):
    """A mask that is none, or holds other values than 0 and 1; the message says which, and the mend."""


class Box(NamedTuple):
    """A box in pixels, from its upper left corner."""
    x: float
    y: float
    width: float
    height: float


def boxes_to_mask(boxes: Iterable[Box], height: int, width: int) -> np.ndarray:
    """uint8 (height, width), 1 within any of the boxes; a box of 2 pixels from 3 covers the pixels 3 and 4."""
    mask = np.zeros((height, width), np.uint8)
    for x, y, across, down in boxes:
        left, top, right, bottom = (int(round(value)) for value in (x, y, x + across, y + down))
        mask[max(top, 0):max(bottom, 0), max(left, 0):max(right, 0)] = 1
    return mask


def check_mask(mask: np.ndarray, name: str) -> None:
    """Make sure that a mask holds nothing but 0 and 1: MMSegmentation takes 255 for "ignore", without a word.

    Args:
        mask: As read.
        name: Stands in the message.

    Raises:
        MaskError: If it holds other values, or is no uint8 of two dimensions.
    """
    if mask.ndim != 2 or mask.dtype != np.uint8:
        raise MaskError(f'{name}: a mask is 8-bit gray, this one has the shape {mask.shape} and the type {mask.dtype}. '
                        'Write it anew with the converter')
    if mask.size and mask.max() > 1:
        found = np.unique(mask).tolist()
        mend = 'divide by 255' if found in ([0, 255], [255]) else 'write it anew with the converter'
        raise MaskError(f'{name}: the mask holds the values {found[:8]}, wanted are 0 and 1 only: {mend}')


def mask_to_png(mask: np.ndarray, name: str) -> bytes:
    """A PNG file; it is decoded again, to be sure of what is in it.

    Raises:
        MaskError: See :func:`check_mask`.
    """
    check_mask(mask, name)
    done, encoded = cv2.imencode('.png', mask, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    read = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if done else None
    if read is None or not np.array_equal(read, mask):
        raise MaskError(f'{name}: the PNG file does not hold the mask. Is OpenCV installed as it should be?')
    return encoded.tobytes()


def read_mask(path: Path) -> np.ndarray:
    """Read a mask, uint8 (H, W), and check it.

    Raises:
        MaskError: If it is no image, or see :func:`check_mask`.
        OSError: If it cannot be opened.
    """
    mask = cv2.imdecode(np.frombuffer(path.read_bytes() or b'\0', np.uint8), cv2.IMREAD_UNCHANGED)
    if mask is None:
        raise MaskError(f'{path}: no image, or a damaged one. Write it anew with the converter')
    check_mask(mask, str(path))
    return mask


class MaskWriter:
    """Writes masks; those without a finding, most of them, are encoded once.

    Args:
        folder: Where to.
        pixels: Height and width of all masks.
    """

    def __init__(self, folder: Path, pixels: int) -> None:
        self._folder = folder
        self._empty = mask_to_png(np.zeros((pixels, pixels), np.uint8), 'an empty mask')

    def write(self, name: str, mask: np.ndarray | None) -> None:
        """Write one.

        Args:
            name: Path below the folder.
            mask: uint8 (pixels, pixels), or ``None`` for an empty one.

        Raises:
            MaskError: See :func:`check_mask`.
            OSError: If it cannot be written.
        """
        write_whole(self._folder / name, self._empty if mask is None else mask_to_png(mask, name))
