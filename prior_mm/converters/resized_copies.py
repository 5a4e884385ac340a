"""Small copies of large radiographs, so that training does not decode 2500 x 3000 px each time."""
import os
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from prior_mm.datasets.images import PixelRange, fit_short_side, read_radiograph

_QUALITY = 95


def resized_path(image: str, short_side: int, pixel_range: PixelRange | None = None) -> str:
    """Path of the copy of an image, relative to where copies are kept: those of another pixel range lie elsewhere."""
    scaled = [] if pixel_range is None else [f'{name}{value:g}' for name, value in pixel_range.describe().items()]
    folder = '_'.join(['resized', str(short_side), *scaled])
    return str(PurePosixPath(folder) / PurePosixPath(image).with_suffix('.jpg'))


def write_resized(source: Path, target: Path, short_side: int, pixel_range: PixelRange | None = None) -> None:
    """Write an 8-bit gray JPEG whose short side has ``short_side`` pixels; a smaller image keeps its size.

    A copy that is there is kept: copies appear under their names only when they are complete.

    Raises:
        ImageError: If the source cannot be read.
        OSError: If the copy cannot be written.
    """
    if target.is_file():
        return
    image = fit_short_side(read_radiograph(source, short_side, pixel_range), short_side)
    if image.dtype == np.uint16:
        image = ((image.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f'.{os.getpid()}.part')
    try:
        Image.fromarray(image).save(unfinished, format='JPEG', quality=_QUALITY)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
