"""DICOM: stored values to what a viewer would show."""
import warnings
from pathlib import Path

import numpy as np
import pydicom

from prior_mm.datasets.errors import ImageError

from .dicom_header import numbers, read_dataset
from .grayscale import look_up, rescale, stretch, window
from .palette import brightness_of_colours
from .stored_values import stored_values


def read_dicom(source: Path | bytes) -> np.ndarray:
    """Read a DICOM radiograph as it is meant to be shown: bright where little radiation came through.

    Stored values pass the modality's look-up table or rescale slope and intercept, then the first VOI look-up table or
    the first window that has a width (DICOM PS3.3 C.11). Without either, values of 8 bits stay as they are, and
    others are stretched from their smallest to their largest. MONOCHROME1 is inverted at the end. Padding does not
    count for the range, and is black. Of colours, also those of a palette, it is the brightness.

    Returns:
        uint8 (8-bit images without any transformation) or uint16, (H, W).

    Raises:
        ImageError: If it holds no image, several frames, an unknown colour space, values that are not finite, lacks
            an attribute, or is compressed in a way for which no decoder is installed.
        Exception: What pydicom raises on damaged files.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # odd, but readable headers: a warning for each image drowns the log
        dataset = read_dataset(source)
        stored, padding = stored_values(dataset)
        image = _shown(dataset, stored, padding)
    if dataset.PhotometricInterpretation == 'MONOCHROME1':
        image = np.iinfo(image.dtype).max - image
    return image if padding is None else np.where(padding, image.dtype.type(0), image)


def _shown(dataset: pydicom.Dataset, stored: np.ndarray, padding: np.ndarray | None) -> np.ndarray:
    """Values as shown, before MONOCHROME1's inversion, uint8 or uint16."""
    little = dataset.file_meta.TransferSyntaxUID.is_little_endian
    if dataset.PhotometricInterpretation == 'PALETTE COLOR':
        return _full_scale(brightness_of_colours(dataset, stored))
    slope, intercept = (_first(dataset, 'RescaleSlope', 1.), _first(dataset, 'RescaleIntercept', 0.))
    values = stored
    if dataset.get('ModalityLUTSequence'):
        values, _ = look_up(dataset.ModalityLUTSequence[0], stored, little)
    elif (slope, intercept) != (1., 0.):
        values = rescale(stored, slope, intercept)
    if dataset.get('VOILUTSequence'):
        entries, largest = look_up(dataset.VOILUTSequence[0], values, little)
        return _full_scale(entries / np.float32(largest))
    function = str(dataset.get('VOILUTFunction') or 'LINEAR').upper()
    # Several windows are alternatives; one without width is none.
    for center, width in zip(numbers(dataset, 'WindowCenter'), numbers(dataset, 'WindowWidth'), strict=False):
        share = window(values, center, width, function)
        if share is not None:
            return _full_scale(share)
    if values is stored and stored.dtype == np.uint8 and dataset.BitsStored == 8:
        return stored
    seen = values if padding is None else values[~padding]
    return _full_scale(stretch(values, float(seen.min()), float(seen.max())))


def _first(dataset: pydicom.Dataset, keyword: str, default: float) -> float:
    """The first number of an attribute, or the default if there is none.

    Raises:
        ImageError: If it is a slope of 0, which leaves one value.
    """
    value = (numbers(dataset, keyword) or [default])[0]
    if keyword == 'RescaleSlope' and value == 0:
        raise ImageError('its RescaleSlope is 0, which makes all values one. Export it again, or remove RescaleSlope '
                         'and RescaleIntercept')
    return value


def _full_scale(share: np.ndarray) -> np.ndarray:
    return (np.clip(share, 0., 1.) * np.float32(65535.) + np.float32(0.5)).astype(np.uint16)
