"""The values that a DICOM file stores: which bits hold them, and which of them are padding (PS3.5 8.1.1, PS3.3 C.7.6.3,
C.7.5.1.1.2)."""
from typing import Any

import numpy as np
import pydicom
from pydicom.pixels import pixel_array

from prior_mm.datasets.errors import ImageError

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_PADDING = {'u': 'Pixel', 'i': 'Pixel', 'f': 'FloatPixel'}


def stored_values(dataset: pydicom.Dataset) -> tuple[np.ndarray, np.ndarray | None]:
    """Values as stored, one channel, and where they are padding.

    Returns:
        (H, W) of the type that the header says; and bool, (H, W), or ``None`` where there is no padding.

    Raises:
        ImageError: If they cannot be decoded, are not of the header's size, or not finite.
        Exception: What pydicom raises on damaged files.
    """
    words = _words(dataset)
    if words.ndim == 3:
        return (words[..., :3] @ _LUMA).round().astype(words.dtype), None  # pydicom has turned YBR into RGB
    if not np.isfinite(words).all():
        raise ImageError('it holds values that are not finite (NaN). Export it again')
    padding = _padding(dataset, words)
    if 'PixelData' not in dataset:
        return words, padding
    values = _in_their_bits(dataset, words, padding)
    of_values = _padding(dataset, values)  # as the header means it; in the words, it may have more bits
    return values, of_values if padding is None or of_values is None else padding | of_values


def _words(dataset: pydicom.Dataset) -> np.ndarray:
    """What each pixel's place holds, with the bits that the header does not count."""
    try:
        values = pixel_array(dataset, correct_unused_bits=False)
    except (NotImplementedError, RuntimeError) as error:
        syntax = dataset.file_meta.TransferSyntaxUID
        if not syntax.is_compressed:
            raise
        raise ImageError(f'it is compressed ({syntax.name}) and could not be decoded. Install decoders with '
                         '`pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg`, or unpack it with '
                         f'`dcmdjpeg` ({str(error).splitlines()[0]})') from error
    colours = values.ndim - 2
    if values.shape[:2] != (dataset.Rows, dataset.Columns) or colours not in (0, 1) or (
            colours and values.shape[2] < 3):
        raise ImageError(f'its pixels are of the shape {values.shape}, its header says {dataset.Rows} x '
                         f'{dataset.Columns}. Export it again')
    return values.astype(values.dtype.newbyteorder('='), copy=False)


def _padding(dataset: pydicom.Dataset, words: np.ndarray) -> np.ndarray | None:
    """Where pixels are PixelPaddingValue, or between it and PixelPaddingRangeLimit; they are no part of the image."""
    kind = 'DoubleFloatPixel' if words.dtype == np.float64 else _PADDING[words.dtype.kind]
    value, limit = (_same_sign(dataset.get(f'{kind}Padding{name}'), words.dtype) for name in ('Value', 'RangeLimit'))
    if value is None:
        return None
    low, high = sorted((value, value if limit is None else limit))
    padding = (words >= low) & (words <= high)
    return padding if padding.any() and not padding.all() else None


def _same_sign(value: Any, dtype: np.dtype) -> float | int | None:
    """The number that the same bits are among the pixels: vendors write -2000 as 63536, and the other way round."""
    if isinstance(value, bytes) and value:
        value = int.from_bytes(value[:dtype.itemsize], 'little')
    if not isinstance(value, int | float):
        return None
    if dtype.kind == 'f':
        return value
    return int(np.array(int(value) & (2**(8 * dtype.itemsize) - 1), f'u{dtype.itemsize}').view(dtype))


def _in_their_bits(dataset: pydicom.Dataset, words: np.ndarray, padding: np.ndarray | None) -> np.ndarray:
    """The values within their words: BitsStored of them up to HighBit, what lies beside them (overlays) cut off.

    Some headers say a HighBit above BitsStored - 1 although the values lie at the lower end: if none needs the bits
    above, they do.
    """
    stored, high = int(dataset.BitsStored), dataset.get('HighBit')
    width = 8 * words.dtype.itemsize
    if int(dataset.BitsAllocated) != width:  # single bits, unpacked
        return words
    bits = words.view(f'u{words.dtype.itemsize}')
    shift = int(high) + 1 - stored if isinstance(high, int) else 0
    if not 0 < shift <= width - stored or int(np.max(bits, initial=0, where=True if padding is None else ~padding)
                                              ) < 2**stored:
        shift = 0
    above = width - stored - shift
    if not shift and not above:
        return words
    return np.right_shift(np.left_shift(bits, above).view(words.dtype), above + shift)
