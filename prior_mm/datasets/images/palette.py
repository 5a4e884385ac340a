"""DICOM's palettes: stored values that are numbers of colours (PS3.3 C.7.6.3.1.5 and C.7.6.3.1.6)."""
import numpy as np
import pydicom

from prior_mm.datasets.errors import ImageError

from .grayscale import look_up

_COLOURS = dict(Red=0.299, Green=0.587, Blue=0.114)


def brightness_of_colours(dataset: pydicom.Dataset, stored: np.ndarray) -> np.ndarray:
    """Brightness of the colours that stored values stand for, as shares of full scale; float32, (H, W).

    White is the largest number of the bits that the palette's descriptors tell, for all colours together; see
    :func:`.grayscale.look_up` for tables that call 8 bits 16.

    Raises:
        ImageError: If the palette is written in segments, lacks a part, or is shorter than it says.
    """
    little = dataset.file_meta.TransferSyntaxUID.is_little_endian
    entries, whites = zip(*(look_up(_table(dataset, colour), stored, little) for colour in _COLOURS), strict=True)
    weights = np.array(list(_COLOURS.values()), np.float32)
    return np.stack(entries, axis=-1).astype(np.float32) @ weights / np.float32(max(whites))


def _table(dataset: pydicom.Dataset, colour: str) -> pydicom.Dataset:
    """The table of a colour as that of a gray scale."""
    table, start = pydicom.Dataset(), f'{colour}PaletteColorLookupTable'
    if f'Segmented{start}Data' in dataset and f'{start}Data' not in dataset:
        raise ImageError('its palette is written in segments. Convert it to gray, for example with `dcm2img`')
    lacking = [keyword for keyword in (f'{start}Descriptor', f'{start}Data') if dataset.get(keyword) in (None, b'', '')]
    if lacking:
        raise ImageError(f'its PhotometricInterpretation is PALETTE COLOR, and its header lacks {", ".join(lacking)}. '
                         'Export it again, or convert it to gray')
    table.LUTDescriptor = list(dataset[f'{start}Descriptor'].value)
    table.add_new('LUTData', 'OW', dataset[f'{start}Data'].value)
    return table
