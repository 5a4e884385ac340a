"""Small copies of large radiographs, so that training does not decode 2500 x 3000 px each time."""
import hashlib
import json
import os
from functools import cache
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from prior_mm.datasets import images
from prior_mm.datasets.images import PixelRange, fit_short_side, read_radiograph

_QUALITY = 95


def resized_path(image: str, short_side: int, pixel_range: PixelRange | None = None) -> str:
    """Path of the copy of an image, relative to where copies are kept: those of another pixel range lie elsewhere."""
    scaled = [] if pixel_range is None else [f'{name}{value:g}' for name, value in pixel_range.describe().items()]
    folder = '_'.join(['resized', str(short_side), *scaled])
    return str(PurePosixPath(folder) / PurePosixPath(image).with_suffix('.jpg'))


def write_resized(source: Path, target: Path, short_side: int, pixel_range: PixelRange | None = None) -> None:
    """Write an 8-bit gray JPEG whose short side has ``short_side`` pixels; a smaller image keeps its size.

    A copy that is there is kept if it says that it is of this source (its size and time), these options and this code,
    or if the source is gone. It appears under its name only when it is complete.

    Raises:
        ImageError: If the source cannot be read.
        OSError: If the copy cannot be written.
    """
    key = _key(source, short_side, pixel_range)
    if target.is_file() and (not source.exists() or _key_of(target) == key):
        return
    image = fit_short_side(read_radiograph(source, short_side, pixel_range), short_side)
    if image.dtype == np.uint16:
        image = ((image.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(f'.{os.getpid()}.part')
    try:
        Image.fromarray(image).save(unfinished, format='JPEG', quality=_QUALITY, comment=key)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _key(source: Path, short_side: int, pixel_range: PixelRange | None) -> bytes:
    """What decides on a copy's pixels; it stands in the copy, as a comment."""
    try:
        status = source.stat()
    except OSError:
        return b''  # reading it will say so
    return json.dumps(dict(source=[status.st_size, status.st_mtime_ns], code=_code(), short_side=short_side,
                           pixel_range=pixel_range and pixel_range.describe())).encode()


def _key_of(copy: Path) -> bytes:
    try:
        with Image.open(copy) as opened:
            return bytes(opened.info.get('comment', b''))
    except (OSError, ValueError, SyntaxError):  # what a crash of the machine left
        return b''


@cache
def _code() -> str:
    sources = sorted([Path(__file__), *Path(images.__file__).parent.glob('*.py')])
    return hashlib.sha256(b''.join(source.read_bytes() for source in sources)).hexdigest()[:16]
