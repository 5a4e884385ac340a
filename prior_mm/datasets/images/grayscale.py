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


def look_up(table: pydicom.Dataset, values: np.ndarray) -> np.ndarray:
    """Pass values through a look-up table; those outside it get its first or last entry.

    Not pydicom's ``apply_voi``: up to 3.0 that wraps around where values exceed the entries' own type.

    Args:
        table: One item of a modality or VOI LUT sequence.
        values: Integers, or whole numbers as floats.

    Returns:
        Entries of the table, uint8 or uint16, of the values' shape.

    Raises:
        ImageError: If the table is shorter than it says.
    """
    length, first, bits = (int(number) for number in table.LUTDescriptor)
    length = length or 2**16
    data = table.LUTData
    if isinstance(data, bytes):
        entries = np.frombuffer(data, np.uint8 if bits == 8 and len(data) < 2 * length else '<u2')
    else:
        entries = np.atleast_1d(np.asarray(data, dtype=np.uint16))
    if len(entries) < length:
        raise ImageError(f'a look-up table has {len(entries)} entries and says {length}. Export it again')
    places = np.clip(np.rint(values).astype(np.int64) - first, 0, length - 1)
    return entries[places]


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


def stretch(values: np.ndarray) -> np.ndarray:
    """Values as shares of full scale, the smallest 0 and the largest 1; an even image is 0. float32."""
    low, high = float(values.min()), float(values.max())
    return ((values.astype(np.float64) - low) / (high - low if high > low else 1.)).astype(np.float32)
