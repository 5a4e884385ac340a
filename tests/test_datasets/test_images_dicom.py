"""DICOM files against a slow computation, pixel by pixel, of what the standard says; and files that are refused."""
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_dicom import lookup_table, write_dicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless

from prior_mm.datasets import ImageError
from prior_mm.datasets.images import read_radiograph


def shown_slowly(value, low, high, slope, intercept, center, width, function, inverted):
    """Brightness in [0, 1] of one stored value, as PS3.3 C.11.2 writes it down."""
    value = value * slope + intercept
    if center is None:
        share = (value - low) / (high - low) if high > low else 0.
    elif function == 'SIGMOID':
        share = 0.5 * (1. + math.tanh(2. * (value - center) / width))
    elif function == 'LINEAR_EXACT':
        if value <= center - width / 2:
            share = 0.
        elif value > center + width / 2:
            share = 1.
        else:
            share = (value - center) / width + 0.5
    elif value <= center - 0.5 - (width - 1) / 2:
        share = 0.
    elif value > center - 0.5 + (width - 1) / 2:
        share = 1.
    else:
        share = (value - (center - 0.5)) / (width - 1) + 0.5
    return 1. - share if inverted else share


@settings(max_examples=60, deadline=None)
@given(dtype=st.sampled_from([np.uint8, np.uint16, np.int16]), inverted=st.booleans(), seed=st.integers(0, 99),
       slope=st.sampled_from([1., 0.5, 2.25]), intercept=st.sampled_from([0., -1024., 10.5]),
       window=st.one_of(st.none(), st.tuples(st.integers(-500, 3000), st.integers(2, 5000))),
       function=st.sampled_from(['LINEAR', 'LINEAR_EXACT', 'SIGMOID']))
def test_gray_scale_against_the_standard(tmp_path_factory, dtype, inverted, seed, slope, intercept, window, function):
    """Slope, window and MONOCHROME1 together, in the standard's order."""
    limits = np.iinfo(dtype)
    pixels = np.random.default_rng(seed).integers(max(limits.min, -2000), min(limits.max, 4095), (16, 18)).astype(dtype)
    header = dict(PhotometricInterpretation='MONOCHROME1' if inverted else 'MONOCHROME2')
    if (slope, intercept) != (1., 0.):
        header.update(RescaleSlope=slope, RescaleIntercept=intercept)
    center, width = window or (None, None)
    if window:
        header.update(WindowCenter=[center, 1], WindowWidth=[width, 2], VOILUTFunction=function)
    image = read_radiograph(write_dicom(tmp_path_factory.mktemp('dicom') / 'a.dcm', pixels, **header))
    low, high = (float(end) * slope + intercept for end in (pixels.min(), pixels.max()))
    if not window and dtype == np.uint8 and (slope, intercept) == (1., 0.):
        low, high = 0., 255.
        assert image.dtype == np.uint8
    expected = [[shown_slowly(float(v), low, high, slope, intercept, center, width, function, inverted) for v in row]
                for row in pixels]
    np.testing.assert_allclose(image / np.iinfo(image.dtype).max, expected, atol=2e-5)


def test_lookup_tables(tmp_path):
    """Modality and VOI tables map each value, those outside get the first or last entry, 8-bit entries do not wrap."""
    pixels = np.arange(400, dtype=np.uint16).reshape(20, 20)
    voi = np.linspace(0, 255, 200).round().astype(int)
    image = read_radiograph(write_dicom(tmp_path / 'voi.dcm', pixels, VOILUTSequence=lookup_table(50, 8, voi)))
    expected = [voi[min(max(value - 50, 0), 199)] / 255 for value in range(400)]
    np.testing.assert_allclose(image.ravel() / 65535, expected, atol=1e-5)
    modality = lookup_table(0, 16, 65535 - 100 * np.arange(400))
    image = read_radiograph(write_dicom(tmp_path / 'modality.dcm', pixels, ModalityLUTSequence=modality))
    np.testing.assert_allclose(image.ravel() / 65535, 1 - np.arange(400) / 399, atol=1e-4)
    image = read_radiograph(write_dicom(tmp_path / 'both.dcm', pixels, RescaleSlope=1, RescaleIntercept=-200,
                                        PixelRepresentation=1,
                                        VOILUTSequence=lookup_table(-200, 12, np.arange(400), signed=True)))
    np.testing.assert_allclose(image.ravel() / 65535, np.arange(400) / 4095, atol=1e-5)


@pytest.mark.parametrize('header', [
    dict(WindowCenter=128, WindowWidth=0), dict(WindowCenter='', WindowWidth=''), dict(WindowCenter=100),
    dict(RescaleSlope='', RescaleIntercept='')])
def test_void_header_entries_are_passed_over(tmp_path, header):
    """Windows without width, and empty numbers, count as absent."""
    pixels = np.arange(400, dtype=np.uint16).reshape(20, 20) % 200
    image = read_radiograph(write_dicom(tmp_path / 'a.dcm', pixels, **header))
    np.testing.assert_allclose(image / 65535, pixels / 199, atol=1e-5)


def test_colour_and_even_images(tmp_path):
    """Colour becomes luma; an image of one value is black, not NaN."""
    pixels = np.zeros((16, 16, 3), dtype=np.uint8)
    pixels[..., 1] = 200
    assert (read_radiograph(write_dicom(tmp_path / 'rgb.dcm', pixels)) == 117).all()
    assert (read_radiograph(write_dicom(tmp_path / 'even.dcm', np.full((16, 16), 9, np.uint16))) == 0).all()


def test_float_pixels_that_are_not_finite(tmp_path):
    """NaN among float pixels is refused instead of spreading into the loss."""
    pixels = np.ones((16, 16), dtype=np.float32)
    path = write_dicom(tmp_path / 'a.dcm', pixels, PixelData=None, FloatPixelData=pixels.tobytes())
    assert (read_radiograph(path) == 0).all()
    pixels[3, 3] = np.nan
    write_dicom(path, pixels, PixelData=None, FloatPixelData=pixels.tobytes())
    with pytest.raises(ImageError, match='not finite'):
        read_radiograph(path)


@pytest.mark.parametrize('change, message', [
    (dict(NumberOfFrames=3), '3 frames'), (dict(Rows=30000, Columns=30000), 'header says 30000 x 30000'),
    (dict(Rows=None), 'no image'), (dict(PhotometricInterpretation=None), 'no image'),
    (dict(PhotometricInterpretation='PALETTE COLOR'), 'lacks RedPaletteColorLookupTableDescriptor, RedPalette'),
    (dict(PixelData=None), 'damaged or cut short'),
    (dict(RescaleSlope=1e36, RescaleIntercept=0), 'not finite'), (dict(Rows=17), 'damaged or cut short'),
    (dict(syntax=JPEG2000Lossless), r'JPEG 2000.*(pip install pylibjpeg|damaged)'),
    (dict(syntax=DeflatedExplicitVRLittleEndian), 'deflated')])
def test_refused(tmp_path, change, message):
    """What is no single radiograph, or cannot be decoded, is refused with the file's name and the mend."""
    pixels = np.full((16, 16), 30000, dtype=np.uint16)
    path = write_dicom(tmp_path / 'odd.dcm', pixels, **change)
    with pytest.raises(ImageError, match=rf'(?s)odd\.dcm.*{message}'):
        read_radiograph(path)


@pytest.mark.parametrize('colours', [1, 3])
def test_more_pixels_than_the_header_says(tmp_path, colours):
    """Fuzzing found that pydicom makes several frames of them, which are no image; some bytes more are padding."""
    pixels = np.full((16, 16, colours), 7, np.uint8).squeeze()
    path = write_dicom(tmp_path / 'more.dcm', pixels, PixelData=pixels.tobytes() * 4)
    with pytest.raises(ImageError, match=r'more\.dcm.*16 x 16'):
        read_radiograph(path)
    assert (read_radiograph(write_dicom(path, pixels, PixelData=pixels.tobytes() + bytes(2))) == 7).all()


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_files_raise_image_error_only(tmp_path_factory, data):
    """Flipped bytes and early ends give an image or an ImageError, nothing else."""
    path = write_dicom(tmp_path_factory.mktemp('damaged') / 'broken.dcm', np.eye(20, dtype=np.uint16),
                       WindowCenter=1, WindowWidth=3)
    content = bytearray(path.read_bytes())
    for place, value in data.draw(st.lists(st.tuples(st.integers(132, 700), st.integers(0, 255)), max_size=6)):
        content[place] = value
    path.write_bytes(content[:data.draw(st.integers(0, len(content)))])
    try:
        image = read_radiograph(path)
    except ImageError as error:
        assert 'broken.dcm' in str(error)
    else:
        assert image.ndim == 2 and image.dtype in (np.uint8, np.uint16)
