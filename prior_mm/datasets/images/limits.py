"""What a radiograph may measure, checked in the header before any pixel is decoded."""
from prior_mm.datasets.errors import ImageError

MAX_PIXELS = 2**26
"""Pixels at most (8192 x 8192): detectors have some 20 million; a small file can unpack to many gigabytes."""
MIN_SIDE = 16
"""Pixels of the short side at least: below it is a placeholder, not a radiograph."""


def check_size(height: int, width: int) -> None:
    """Refuse images that are too large to decode or too small to mean anything.

    Raises:
        ImageError: If the size in pixels is out of bounds.
    """
    if height * width > MAX_PIXELS:
        raise ImageError(f'its header says {width} x {height} px, more than the {MAX_PIXELS} that are decoded. '
                         'Resize it, or leave it out of the annotation file')
    if min(height, width) < MIN_SIDE:
        raise ImageError(f'it is {width} x {height} px, too small for a radiograph (short side at least {MIN_SIDE}). '
                         'Fetch the file again, or leave it out of the annotation file')
