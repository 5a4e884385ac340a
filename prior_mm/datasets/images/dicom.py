"""DICOM: stored values to what a viewer would show."""
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.filereader import read_file_meta_info
from pydicom.pixels import pixel_array
from pydicom.uid import DeflatedExplicitVRLittleEndian

from prior_mm.datasets.errors import ImageError

from .grayscale import look_up, rescale, stretch, window
from .limits import check_size

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def read_dicom(path: Path) -> np.ndarray:
    """Read a DICOM radiograph as it is meant to be shown: bright where little radiation came through.

    Stored values pass the modality's look-up table or rescale slope and intercept, then the first VOI look-up table or
    window (DICOM PS3.3 C.11). Without either, values of at most 8 bits stay as they are, and deeper ones are stretched
    from their smallest to their largest. MONOCHROME1 is inverted at the end.

    Returns:
        uint8 (8-bit images without any transformation) or uint16, (H, W).

    Raises:
        ImageError: If it holds no image, several frames, an unknown colour space, values that are not finite, or
            is compressed in a way for which no decoder is installed.
        Exception: What pydicom raises on damaged files.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # odd, but readable headers: a warning for each image drowns the log
        _check_syntax(read_file_meta_info(path))
        dataset = pydicom.dcmread(path)  # its pixels are still packed
        _check_header(dataset)
        image = _shown(dataset, _stored(dataset))
    if dataset.PhotometricInterpretation == 'MONOCHROME1':
        image = np.iinfo(image.dtype).max - image
    return image


def _check_syntax(meta: pydicom.Dataset) -> None:
    syntax = meta.get('TransferSyntaxUID')
    if syntax is None:
        raise ImageError('its header is damaged or names no transfer syntax. Fetch it again, or convert it to PNG')
    if syntax == DeflatedExplicitVRLittleEndian:
        raise ImageError('it is deflated as a whole, so its size cannot be checked before unpacking. '
                         'Convert it, for example with `dcmconv +te`')


def _check_header(header: pydicom.Dataset) -> None:
    if 'Rows' not in header or 'Columns' not in header or 'PhotometricInterpretation' not in header:
        raise ImageError('it holds no image (a report or a presentation state?). Leave it out')
    frames = int(header.get('NumberOfFrames', 1) or 1)
    if frames > 1:
        raise ImageError(f'it holds {frames} frames, a radiograph has one. Export the frame that is meant')
    if header.PhotometricInterpretation == 'PALETTE COLOR':
        raise ImageError('its colours come from a palette. Convert it to gray')
    check_size(int(header.Rows), int(header.Columns))


def _stored(dataset: pydicom.Dataset) -> np.ndarray:
    """Values as stored, one channel."""
    try:
        values = pixel_array(dataset)
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
    if colours:
        values = (values[..., :3] @ _LUMA).round().astype(values.dtype)  # pydicom has turned YBR into RGB
    if not np.isfinite(values).all():
        raise ImageError('it holds values that are not finite (NaN). Export it again')
    return values


def _shown(dataset: pydicom.Dataset, stored: np.ndarray) -> np.ndarray:
    """Values as shown, before MONOCHROME1's inversion, uint8 or uint16."""
    slope, intercept = (_first(dataset.get('RescaleSlope'), 1.), _first(dataset.get('RescaleIntercept'), 0.))
    values = stored
    if dataset.get('ModalityLUTSequence'):
        values = look_up(dataset.ModalityLUTSequence[0], stored)
    elif (slope, intercept) != (1., 0.):
        values = rescale(stored, slope, intercept)
    if dataset.get('VOILUTSequence'):
        table = dataset.VOILUTSequence[0]
        return _full_scale(look_up(table, values) / (2. ** int(table.LUTDescriptor[2]) - 1.))
    share = window(values, _first(dataset.get('WindowCenter'), np.nan), _first(dataset.get('WindowWidth'), np.nan),
                   str(dataset.get('VOILUTFunction') or 'LINEAR'))
    if share is not None:
        return _full_scale(share)
    return stored if values is stored and stored.dtype == np.uint8 else _full_scale(stretch(values))


def _first(value: Any, default: float) -> float:
    """The first of one or several numbers of a header, or the default if it is empty."""
    if value is None or not np.size(value) or value == '':
        return default
    return float(np.atleast_1d(value)[0])


def _full_scale(share: np.ndarray) -> np.ndarray:
    return (np.clip(share, 0., 1.) * np.float32(65535.) + np.float32(0.5)).astype(np.uint16)
