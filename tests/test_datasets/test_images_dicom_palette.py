"""DICOM files whose stored values are numbers of colours: the brightness of the colours that pydicom finds."""
import numpy as np
import pydicom
import pytest
from made_up_dicom import write_dicom
from nothing_silent_page import says
from pydicom.pixels import apply_color_lut
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_radiograph

LUMA = np.array([0.299, 0.587, 0.114])


def palette(entries: np.ndarray, bits: int, first: int = 0, order: str = '<') -> dict:
    """Attributes of a palette (N, 3), two bytes an entry, or one where it says 8 bits and ``order`` is ''."""
    header = {}
    for colour, column in zip(('Red', 'Green', 'Blue'), np.asarray(entries).T, strict=True):
        start = f'{colour}PaletteColorLookupTable'
        header[f'{start}Descriptor'] = [len(column) % 65536, first, bits]
        header[f'{start}Data'] = column.astype(f'{order}u2' if order else 'u1').tobytes()
    return header


@pytest.mark.parametrize('bits, order', [(16, '<'), (8, '')])
def test_as_pydicom_finds_the_colours(tmp_path, bits, order):
    """Random palettes of either size: the brightness of pydicom's colours, as a share of all that the bits can tell."""
    rng = np.random.default_rng(bits)
    entries = rng.integers(0, 2**bits, (200, 3))
    entries[0] = 2**bits - 1
    pixels = rng.integers(0, 220, (20, 30), dtype=np.uint8)  # some beyond the palette's end: its last colour
    path = write_dicom(tmp_path / 'a.dcm', pixels, PhotometricInterpretation='PALETTE COLOR',
                       **palette(entries, bits, 0, order))
    dataset = pydicom.dcmread(path)
    expected = apply_color_lut(dataset.pixel_array, dataset) @ LUMA / (2**bits - 1)
    np.testing.assert_allclose(read_radiograph(path) / 65535, expected, atol=1e-5)


@pytest.mark.parametrize('syntax', [ExplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize('first', [0, 50])
def test_gray_palettes(tmp_path, syntax, first):
    """A film through a palette of grays, also where 8 bits are called 16, inverted, and in big endian: by hand."""
    pixels = np.tile(np.arange(64, dtype=np.uint8) + first, (16, 1))
    order = '>' if syntax is ExplicitVRBigEndian else '<'
    for white, said in ((255, 16), (65535, 16), (255, 8)):
        ramp = np.linspace(white, 0, 64).round().astype(int)
        path = write_dicom(tmp_path / 'a.dcm', pixels, syntax, PhotometricInterpretation='PALETTE COLOR',
                           **palette(np.stack([ramp] * 3, axis=1), said, first, order))
        np.testing.assert_allclose(read_radiograph(path)[0] / 65535, ramp / white, atol=1e-5)
    says('Data that differ from what was written', 'vendor habits', 'PALETTE COLOR, entries of 8 bits called 16',
         "read as the brightness of pydicom's colours; white of the palette is white")


@pytest.mark.parametrize('change, message', [
    (dict(GreenPaletteColorLookupTableData=None), 'lacks GreenPaletteColorLookupTableData'),
    (dict(BluePaletteColorLookupTableDescriptor=[999, 0, 16]), 'has 64 entries and says 999'),
    (dict(RedPaletteColorLookupTableData=None, SegmentedRedPaletteColorLookupTableData=b'\0\0'), 'in segments')])
def test_palettes_that_are_not_whole(tmp_path, change, message):
    """Named, with the mend; no made-up colour."""
    entries = np.stack([np.arange(64)] * 3, axis=1)
    path = write_dicom(tmp_path / 'a.dcm', np.zeros((16, 16), np.uint8), PhotometricInterpretation='PALETTE COLOR',
                       **palette(entries, 16))
    dataset = pydicom.dcmread(path)
    for keyword, value in change.items():
        if value is None:
            del dataset[keyword]
        else:
            setattr(dataset, keyword, value)
    dataset.save_as(path)
    with pytest.raises(ImageError, match=message):
        read_radiograph(path)
