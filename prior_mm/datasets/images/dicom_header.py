"""The attributes of a DICOM file that an image needs: faults are named by keyword, which is no patient's data."""
import re
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.filereader import read_dataset as read_elements
from pydicom.multival import MultiValue
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from prior_mm.datasets.errors import ImageError

from .limits import check_size

_PREAMBLE = bytes(128) + b'DICM'
_NEEDED = ('Rows', 'Columns', 'PhotometricInterpretation', 'SamplesPerPixel', 'BitsAllocated')
_OF_INTEGERS = ('BitsStored', 'PixelRepresentation')
_GRAY = ('MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR')
_COLOURS = ('RGB', 'YBR_FULL', 'YBR_FULL_422', 'YBR_ICT', 'YBR_RCT')  # what pydicom gives as RGB
_PIXELS = ('PixelData', 'FloatPixelData', 'DoubleFloatPixelData')
_COMMA = re.compile(r'[+-]?\d*,\d+(?:[eE][+-]?\d+)?')
_THOUSANDS = re.compile(r'[+-]?[1-9]\d{0,2}(?:,\d{3})+')


def read_dataset(source: Path | bytes) -> pydicom.Dataset:
    """Read a file whose header is that of one gray or colour image; its pixels are still packed.

    A file without preamble, or without the meta information before the data set, is read all the same, since that
    says nothing of the image.

    Raises:
        ImageError: If it is no image, or lacks an attribute that an image needs; the message names the attribute.
        Exception: What pydicom raises on damaged files.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    if content[128:132] != b'DICM':
        content = _PREAMBLE + content.removeprefix(b'DICM') if content[:1] in b'D\x02' else content
    if content[128:132] == b'DICM':
        meta = read_elements(BytesIO(content[132:]), False, True, stop_when=lambda tag, *_: tag >> 16 != 2)
        _check_syntax(meta.get('TransferSyntaxUID'))
    dataset = pydicom.dcmread(BytesIO(content), force=True)
    if 'TransferSyntaxUID' not in dataset.file_meta:  # a bare data set: its elements have shown how they are written
        implicit, little = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
        if not little:
            raise ImageError('it has neither a preamble nor a TransferSyntaxUID, and is big endian. Convert it, for '
                             'example with `dcmconv`')
    _check_header(dataset)
    return dataset


def numbers(dataset: pydicom.Dataset, keyword: str) -> list[float]:
    """The numbers of an attribute; none if it is absent or empty.

    A comma is read as a decimal point (``2048,5``) unless it may part thousands.

    Raises:
        ImageError: If one is no number; the message names the attribute, and not what stands there.
    """
    element = dataset.get_item(keyword)
    value = None if element is None else element.value
    if isinstance(value, bytes) and dictionary_VR(keyword) in ('DS', 'IS'):  # texts, before pydicom's own conversion
        value = value.decode('latin-1').split('\\')
    elif value is not None:
        value = dataset[keyword].value
    found = []
    for item in value if isinstance(value, (list, tuple, MultiValue)) else [value]:
        text = str(item if item is not None else '').strip(' \0')
        if _COMMA.fullmatch(text) and not _THOUSANDS.fullmatch(text):
            text = text.replace(',', '.')
        try:
            found += [float(text)] if text else []
        except ValueError:
            raise ImageError(f'its {keyword} is no number (a decimal point, and nothing else beside digits). Correct '
                             f'it, for example with `dcmodify -m {keyword}=...`, or remove it') from None
    return found


def _check_syntax(syntax: UID | None) -> None:
    if syntax is None:
        raise ImageError('its header is damaged or names no transfer syntax (TransferSyntaxUID). Fetch it again, or '
                         'convert it to PNG')
    if syntax == DeflatedExplicitVRLittleEndian:
        raise ImageError('it is deflated as a whole, so its size cannot be checked before unpacking. '
                         'Convert it, for example with `dcmconv +te`')


def _check_header(header: pydicom.Dataset) -> None:
    missing = [keyword for keyword in _NEEDED if header.get(keyword) in (None, '')]
    pixels = next((keyword for keyword in _PIXELS if keyword in header), None)
    if pixels is None and missing:
        raise ImageError(f'it holds no image: its header lacks {", ".join(missing)} and PixelData (a report or a '
                         'presentation state?). Leave it out')
    if pixels in (None, 'PixelData'):
        missing += [keyword for keyword in _OF_INTEGERS if header.get(keyword) in (None, '')]
    if header.get('SamplesPerPixel') == 3 and header.get('PlanarConfiguration') in (None, ''):
        missing.append('PlanarConfiguration')
    if missing:
        raise ImageError(f'it holds no image that can be shown: its header lacks {", ".join(missing)}. Export it '
                         f'again, or give what is right, for example with `dcmodify -i {missing[0]}=...`')
    _check_colours(header)
    frames = numbers(header, 'NumberOfFrames')
    if frames and frames[0] > 1:
        raise ImageError(f'it holds {frames[0]:.0f} frames, a radiograph has one. Export the frame that is meant')
    check_size(_whole(header, 'Rows'), _whole(header, 'Columns'))
    if pixels is None:
        raise ImageError('its header lacks PixelData: it is damaged or cut short, or was exported without its pixels. '
                         'Fetch it again')
    allocated = _whole(header, 'BitsAllocated')
    if allocated not in (1, 8, 16, 32, 64):
        raise ImageError(f'its BitsAllocated is {allocated}, which is packed in a way that is not read. Convert it, '
                         'for example with `dcmconv`')
    if pixels == 'PixelData' and not 1 <= _whole(header, 'BitsStored') <= allocated:
        raise ImageError(f'its BitsStored is {_whole(header, "BitsStored")}, its BitsAllocated {allocated}: more are '
                         'stored than there is room for. Export it again, or correct the one that is wrong')


def _check_colours(header: pydicom.Dataset) -> None:
    """Have PhotometricInterpretation in capitals, and refuse one that is unknown or of other pixels."""
    kind, samples = str(header.PhotometricInterpretation).strip().upper(), _whole(header, 'SamplesPerPixel')
    known = {1: _GRAY, 3: _COLOURS}.get(samples, ())
    if kind not in known:
        others = f'Correct one of them, for example with `dcmodify -m PhotometricInterpretation={known[0]}`' if known \
            else 'Convert it to gray'
        raise ImageError(f'its PhotometricInterpretation is not one that is read of {samples} SamplesPerPixel '
                         f'({", ".join(known) or "1 or 3 are read"}). {others}')
    header.PhotometricInterpretation = kind


def _whole(header: pydicom.Dataset, keyword: str) -> int:
    found = numbers(header, keyword)
    if len(found) != 1 or found[0] != int(found[0]):
        raise ImageError(f'its {keyword} is not one whole number. Export it again')
    return int(found[0])
