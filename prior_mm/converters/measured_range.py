"""The gray values of a sample of images, by bit depth and view: a warning where they leave most of the scale unused."""
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import PixelRange, read_radiograph

SAMPLE = 32
_HIGH, _DARK, _BRIGHT = 99.5, 0.3, 0.9
_STEP = 4  # pixels: a sixteenth of an image tells its percentiles


def measure_range(images: Iterable[tuple[Path, str]], pixel_range: PixelRange | None) -> Iterator[str]:
    """Read some images, and say what their values are.

    Args:
        images: Path and view of each; those that cannot be read are passed over, for the converter lists them.
        pixel_range: As the images will be read.

    Yields:
        A line for each bit depth and view; and a warning with the mend for a group whose brightest values are dark, or
        whose darkest are bright.
    """
    groups: dict[tuple[int, str], list[np.ndarray]] = defaultdict(list)
    for path, view in images:
        try:
            image = read_radiograph(path, pixel_range=pixel_range)
        except ImageError:
            continue
        full = np.iinfo(image.dtype).max
        values = image[::_STEP, ::_STEP] / full
        groups[8 * image.dtype.itemsize, view].append(np.array([*np.percentile(values, [100 - _HIGH, 50, _HIGH]),
                                                                image.max()]))
    for (bits, view), found in sorted(groups.items()):
        low, middle, high = np.median([row[:3] for row in found], axis=0)
        yield (f'{len(found)} {bits}-bit images ({view}): gray values {low:.2f}, {middle:.2f} and {high:.2f} of white '
               f'(percentiles {100 - _HIGH:g}, 50 and {_HIGH:g}, medians).')
        largest = int(max(row[3] for row in found))
        used = max(9, largest.bit_length())
        if high < _DARK:
            fits = bits == 16 and used < 16
            mend = f'--bits {used} (no value needs more), or ' if fits else ''
            yield (f'WARNING: of these {bits}-bit images white is hardly used (the largest value is {largest:,} of '
                   f'{2**bits - 1:,}), so a model would see them nearly black. Convert again with {mend}--percentile '
                   '0.5 (each image from its own darkest to its brightest).')
        elif low > _BRIGHT:
            yield (f'WARNING: these {bits}-bit images are nearly white throughout. Look at some; --percentile 0.5 '
                   'scales each from its own darkest to its brightest.')
