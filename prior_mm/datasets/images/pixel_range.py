"""What stands for white where a file does not say so: 12 bits in a PNG of 16, or each image's own range."""
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from prior_mm.datasets.errors import AnnotationError, ImageError

#: Where ``metainfo`` names the range that resized copies were written with, and are not scaled by again.
COPIED = 'copied_with_pixel_range'


@dataclass(frozen=True)
class PixelRange:
    """How pixels are scaled as they are read; annotation files name it as ``metainfo.pixel_range``.

    Attributes:
        bits: Those that 16-bit PNG and TIFF files use, 9 to 15: ``2**bits - 1`` is white. Other files stay as they are.
        percentile: Of each image, whatever its format: this one is black, and 100 less it is white. One of the two.

    Raises:
        ValueError: If it is not so.
    """
    bits: int | None = None
    percentile: float | None = None

    def __post_init__(self) -> None:
        if (self.bits is None) == (self.percentile is None):
            raise ValueError('a pixel range is told by bits or by a percentile, by one of the two')
        if self.bits is not None and not (type(self.bits) is int and 8 < self.bits < 16):
            raise ValueError(f'bits must be a whole number from 9 to 15, they are {self.bits!r}')
        if self.percentile is not None and not 0 <= self.percentile < 50:
            raise ValueError(f'the percentile must lie in [0, 50), it is {self.percentile!r}')

    def scale(self, image: np.ndarray, raster: bool) -> np.ndarray:
        """Scale an image.

        Args:
            image: uint8 or uint16, (H, W).
            raster: Whether it comes from a PNG or TIFF file, and not from a DICOM, which tells its range.

        Returns:
            uint16, (H, W), or the image as it is.

        Raises:
            ImageError: If values need more than the bits.
        """
        if self.percentile is not None:
            low, high = np.percentile(image, [self.percentile, 100 - self.percentile])
            return image if high <= low else _full_scale((image - np.float32(low)) / np.float32(high - low))
        assert self.bits is not None  # one of the two is given
        if image.dtype != np.uint16 or not raster:
            return image
        white = 2**self.bits - 1
        if (largest := int(image.max())) > white:
            raise ImageError(f'its values reach {largest}, more than the {self.bits} bits of pixel_range hold. Convert '
                             'the data again, with other --bits or without')
        return _full_scale(image / np.float32(white))

    def describe(self) -> dict[str, float]:
        """As annotation files have it."""
        return {'bits': self.bits} if self.bits is not None else {'percentile': float(self.percentile or 0)}


def read_pixel_range(metainfo: Mapping, key: str = 'pixel_range') -> PixelRange | None:
    """The pixel range that an annotation file tells; ``None`` if its images' files tell theirs.

    Args:
        metainfo: Of the annotation file.
        key: Where it stands.

    Raises:
        AnnotationError: If it is none.
    """
    described = metainfo.get(key)
    if described is None:
        return None
    try:
        return PixelRange(**described)
    except (TypeError, ValueError) as error:
        raise AnnotationError(f'metainfo.{key} must be {{"bits": 12}} or {{"percentile": 0.5}}, say, it is '
                              f'{described!r} ({error})') from None


def range_of_originals(metainfo: Mapping) -> PixelRange | None:
    """The pixel range of the films that an annotation file was made of, also if it lists copies, which are scaled.

    Raises:
        AnnotationError: If it is none.
    """
    return read_pixel_range(metainfo) or read_pixel_range(metainfo, COPIED)


def _full_scale(share: np.ndarray) -> np.ndarray:
    return (np.clip(share, 0., 1.) * np.float32(65535.) + np.float32(0.5)).astype(np.uint16)
