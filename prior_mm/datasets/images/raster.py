"""JPEG and PNG, by Pillow: it refuses files that are cut short, where OpenCV 4 returns them half gray."""
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from prior_mm.datasets.errors import ImageError

from .limits import MAX_PIXELS, check_size


def read_raster(source: Path | bytes, kind: str, short_side: int | None) -> np.ndarray:
    """Read a JPEG, PNG or TIFF file as gray.

    16-bit gray files keep their 16 bits; colour PNGs of 16 bits keep the upper 8. An EXIF orientation is obeyed.

    Args:
        source: The file, or what is in it.
        kind: ``'JPEG'``, ``'PNG'`` or ``'TIFF'``; no other decoder is tried.
        short_side: See :func:`.reader.read_radiograph`.

    Returns:
        uint8 or uint16, (H, W).

    Raises:
        ImageError: If the size is out of bounds.
        Exception: What Pillow raises on damaged files.
    """
    if kind == 'TIFF' and not isinstance(source, bytes):
        source = source.read_bytes()  # Pillow 12 maps files into memory, with the wrong rows if they lie on their side
    try:
        image = Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=(kind,))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f'its header says more pixels than the {MAX_PIXELS} that are decoded. Resize it, or leave it '
                         'out of the annotation file') from error
    with image:
        check_size(image.height, image.width)
        if kind == 'JPEG' and short_side:
            # libjpeg scales within its inverse cosine transform, and leaves colour undecoded for 'L'
            image.draft('L', (short_side, short_side))
        if getattr(image, 'n_frames', 1) > 1:
            raise ImageError('it holds several images, a radiograph is one. Export the one that is meant')
        image.load()
        upright = ImageOps.exif_transpose(image) if 'exif' in image.info else image
        if upright.mode == 'F':
            raise ImageError('its pixels are floating point numbers, of which nothing says what is white. Convert it '
                             'to whole ones')
        if upright.mode.startswith('I'):
            values = np.asarray(upright)
            if values.min() < 0 or values.max() > 65535:
                raise ImageError(f'its values, {values.min()} to {values.max()}, are none of 16 bits. Scale them to '
                                 '0 to 65535')
            values = values.astype(np.uint16)
            # TIFF's WhiteIsZero, which Pillow obeys for 8 bits alone
            return 65535 - values if kind == 'TIFF' and getattr(image, 'tag_v2', {}).get(262) == 0 else values
        return np.asarray(upright.convert('L'))
