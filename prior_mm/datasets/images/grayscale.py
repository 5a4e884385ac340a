"""DICOM's gray scale, step by step (PS3.3 C.11.1 and C.11.2): arrays and numbers in, arrays out."""
import numpy as np
import pydicom

from prior_mm.datasets.errors import ImageError


def rescale(stored: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """Stored values to the modality's units, float32.

    Raises:
        ImageError: If the result is not finite.
    """
    values = stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)
    if not np.isfinite(values).all():
        raise ImageError('its rescale slope and intercept give values that are not finite. Export it again')
    return values


def look_up(table: pydicom.Dataset, values: np.ndarray, little_endian: bool) -> tuple[np.ndarray, int]:
    """Pass values through a look-up table; those outside it get its first or last entry.

    Not pydicom's ``apply_voi``: up to 3.0 that wraps around where values exceed the entries' own type.

    Args:
        table: One item of a modality or VOI LUT sequence.
        values: Integers, or whole numbers as floats.
        little_endian: How the file writes words of two bytes.

    Returns:
        Entries of the table, uint8 or uint16, of the values' shape; and what stands for white. That is the largest
        number of the bits that the descriptor tells; or of the bits that the entries need, if they do not fit, or if
        the descriptor tells 16, the size of a word, which vendors write for entries of 10 or 12 bits.

    Raises:
        ImageError: If the table lacks a part, or is shorter than it says.
    """
    lacking = [keyword for keyword in ('LUTDescriptor', 'LUTData') if not np.size(table.get(keyword))
               or table.get(keyword) is None]
    if lacking:
        raise ImageError(f'a look-up table lacks {" and ".join(lacking)}. Export it again, or remove the table')
    if np.size(table.LUTDescriptor) != 3:
        raise ImageError('a look-up table has a LUTDescriptor that is not three numbers. Export it again')
    length, first, bits = (int(number) for number in table.LUTDescriptor)
    length = length % 2**16 or 2**16  # read as signed, it can be negative
    entries = _entries(table.LUTData, length, bits, little_endian)
    if len(entries) < length:
        raise ImageError(f'a look-up table has {len(entries)} entries and says {length}. Export it again')
    top = int(entries[:length].max())
    if bits >= 16 or top >= 2**max(bits, 0):
        bits = max(top.bit_length(), 1)
    places = np.rint(values).astype(np.int64) - _first_mapped(first, length, values)
    return entries[np.clip(places, 0, length - 1)], 2**bits - 1


def _entries(data: bytes | int | list[int], length: int, bits: int, little_endian: bool) -> np.ndarray:
    if not isinstance(data, bytes):
        return np.bitwise_and(np.atleast_1d(np.asarray(data, np.int64)), 0xFFFF).astype(np.uint16)
    words = np.frombuffer(data[:len(data) // 2 * 2], '<u2' if little_endian else '>u2').astype('<u2')
    if bits == 8 and len(data) < 2 * length:  # two a word, the first in its lower half
        return np.append(words.view(np.uint8), np.frombuffer(data[len(words) * 2:], np.uint8))
    return words.astype(np.uint16)


def _first_mapped(first: int, length: int, values: np.ndarray) -> int:
    """The first value of a table, as said, or as the other sign reads it if only so the table meets the values."""
    low, high = float(values.min()), float(values.max())

    def met(start: int) -> bool:
        return start <= high and start + length > low

    other = first - 2**16 if first >= 2**15 else first + 2**16 if first < 0 else first
    return other if met(other) and not met(first) else first


def window(values: np.ndarray, center: float, width: float, function: str) -> np.ndarray | None:
    """Values as shares of full scale by a VOI window; outside [0, 1] is still to be cut.

    Args:
        values: In the modality's units.
        center: Its centre; not finite if there is none.
        width: Its width.
        function: ``LINEAR``, ``LINEAR_EXACT`` or ``SIGMOID``.

    Returns:
        float32, or ``None`` if the window is not valid.
    """
    if function == 'LINEAR':
        center, width = center - 0.5, width - 1.
    if not (np.isfinite(center) and np.isfinite(width) and width > 0):
        return None
    offset = (values.astype(np.float32) - np.float32(center)) / np.float32(width)
    if function == 'SIGMOID':
        return 1. / (1. + np.exp(np.clip(-4. * offset, -80., 80.)))
    return offset + np.float32(0.5)


def stretch(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values as shares of full scale, ``low`` 0 and ``high`` 1; an even image is 0. float32."""
    return ((values.astype(np.float64) - low) / (high - low if high > low else 1.)).astype(np.float32)
