"""JPEG and PNG, by Pillow: it refuses files that are cut short, where OpenCV 4 returns them half gray."""
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from prior_mm.datasets.errors import ImageError

from .limits import MAX_PIXELS, check_size


def read_raster(path: Path, kind: str, short_side: int | None) -> np.ndarray:
    """Read a JPEG or PNG file as gray.

    16-bit gray PNGs keep their 16 bits; colour PNGs of 16 bits keep the upper 8. An EXIF orientation is obeyed.

    Args:
        path: The file.
        kind: ``'JPEG'`` or ``'PNG'``; no other decoder is tried.
        short_side: See :func:`.reader.read_radiograph`.

    Returns:
        uint8 or uint16, (H, W).

    Raises:
        ImageError: If the size is out of bounds.
        Exception: What Pillow raises on damaged files.
    """
    try:
        image = Image.open(path, formats=(kind,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f'its header says more pixels than the {MAX_PIXELS} that are decoded. Resize it, or leave it '
                         'out of the annotation file') from error
    with image:
        check_size(image.height, image.width)
        if kind == 'JPEG' and short_side:
            # libjpeg scales within its inverse cosine transform, and leaves colour undecoded for 'L'
            image.draft('L', (short_side, short_side))
        image.load()
        upright = ImageOps.exif_transpose(image) if 'exif' in image.info else image
        if upright.mode.startswith('I'):
            return np.clip(np.asarray(upright), 0, 65535).astype(np.uint16)
        return np.asarray(upright.convert('L'))
