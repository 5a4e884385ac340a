"""DICOM headers that contradict themselves, as vendors write them: the right gray values, or the attribute at fault."""
from pathlib import Path

import numpy as np
import pydicom
import pytest
from made_up_dicom import lookup_table, write_dicom
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from prior_mm.datasets import ImageError
from prior_mm.datasets.images import read_radiograph

CASES = Path(__file__).parents[1] / 'data' / 'dicom'
RAMP = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (64, 1))
TWELVE = dict(BitsStored=12, HighBit=11)
FULL = 65535.


@pytest.mark.parametrize('name, step', [
    ('a_voi_lut_12bit_entries_called_16', 64 / 4095), ('b_big_endian_voi_lut_ow', 64 / 4095),
    ('b0_little_endian_voi_lut_ow', 64 / 4095), ('f_no_preamble', 1 / 63), ('g_comma', 64 / 4095.5)])
def test_given_files_rise_evenly(name, step):
    """Each row from black to about white, whatever the table's descriptor, the byte order and the decimal comma."""
    image = read_radiograph(CASES / f'{name}.dcm') / FULL
    expected = np.arange(64) * step
    if name == 'g_comma':  # PS3.3 C.11.2.1.2: (x - (2048.5 - 0.5)) / (4096.5 - 1) + 0.5
        expected = np.clip((np.arange(64) * 64 - 2048) / 4095.5 + 0.5, 0, 1)
    np.testing.assert_allclose(image, np.tile(expected, (64, 1)), atol=1e-5)


@pytest.mark.parametrize('name', ['c_padding_65535_no_window', 'c2_padding_signed_no_window'])
def test_given_padding_does_not_count(name):
    """The image has the whole range, its padding is black."""
    path = CASES / f'{name}.dcm'
    stored = pydicom.dcmread(path).pixel_array
    image = read_radiograph(path)
    padding = stored == pydicom.dcmread(path).PixelPaddingValue
    assert padding.any() and (image[padding] == 0).all()
    seen = stored[~padding].astype(float)
    np.testing.assert_allclose(image[~padding] / FULL, (seen - seen.min()) / (seen.max() - seen.min()), atol=1e-5)


@pytest.mark.parametrize('name, keyword', [('e_without_BitsStored', 'BitsStored'),
                                           ('e_without_PixelData', 'PixelData')])
def test_given_files_lack_an_attribute(name, keyword):
    """It is named, with the mend."""
    with pytest.raises(ImageError, match=rf'lacks {keyword}.*(Export|Fetch) it again'):
        read_radiograph(CASES / f'{name}.dcm')


@pytest.mark.parametrize('keyword', ['Rows', 'Columns', 'PhotometricInterpretation', 'SamplesPerPixel', 'BitsAllocated',
                                     'BitsStored', 'PixelRepresentation', 'PixelData'])
@pytest.mark.parametrize('empty', [False, True])
def test_every_attribute_that_an_image_needs(tmp_path, keyword, empty):
    """Missing or empty, it is named; without HighBit, which says nothing more, an image is read."""
    path = write_dicom(tmp_path / 'a.dcm', RAMP, **TWELVE, PatientName='Zyxwvut^Quincy')
    dataset = pydicom.dcmread(path)
    if empty and keyword != 'PixelData':
        dataset[keyword].value = None
    else:
        del dataset[keyword]
    dataset.save_as(path)
    with pytest.raises(ImageError, match=keyword) as caught:
        read_radiograph(path)
    assert 'Zyxwvut' not in str(caught.value)
    image = read_radiograph(write_dicom(path, RAMP, HighBit=None))
    np.testing.assert_allclose(image[0] / FULL, np.arange(64) / 63, atol=1e-5)


@pytest.mark.parametrize('bits', [8, 10, 12, 14, 16])
@pytest.mark.parametrize('said', [None, 16])
@pytest.mark.parametrize('first', [0, -300, 40])
@pytest.mark.parametrize('modality', ['none', 'rescale', 'table'])
def test_voi_tables_as_pydicom_applies_them(tmp_path, bits, said, first, modality):
    """Entries of 8 to 16 bits, also called 16: pydicom's entries as shares of the entries' own full scale."""
    pixels = np.arange(400, dtype=np.uint16).reshape(20, 20)
    header = dict(rescale=dict(RescaleSlope=1, RescaleIntercept=-350),
                  table=dict(ModalityLUTSequence=lookup_table(0, 16, np.arange(400)[::-1] + 5)), none={})[modality]
    entries = (np.linspace(0, 1, 350)**2 * (2**bits - 1)).round().astype(int)
    table = lookup_table(first, said or bits, entries, signed=first < 0)
    path = write_dicom(tmp_path / 'a.dcm', pixels, VOILUTSequence=table, **header)
    dataset = pydicom.dcmread(path)
    dataset.VOILUTSequence[0].LUTDescriptor[2] = 16  # called 8, pydicom 3.0 counts the places in 8 bits as well
    shown = apply_voi_lut(apply_modality_lut(dataset.pixel_array, dataset).astype(np.int32), dataset)
    np.testing.assert_allclose(read_radiograph(path) / FULL, shown / (2.**bits - 1), atol=1e-5)


def test_a_table_with_entries_above_its_descriptor(tmp_path):
    """12-bit entries called 8 or 10: they are not cut at white."""
    for said in (8, 10, 0):
        path = write_dicom(tmp_path / 'a.dcm', RAMP, **TWELVE, VOILUTSequence=lookup_table(0, said, np.arange(4096)))
        np.testing.assert_allclose(read_radiograph(path) / FULL, RAMP / 4095., atol=1e-5)


@pytest.mark.parametrize('syntax', [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_tables_as_bytes(tmp_path, syntax):
    """Entries of two bytes and of one in either byte order, as OW has them."""
    order = '>' if syntax is ExplicitVRBigEndian else '<'
    pixels = np.arange(256, dtype=f'{order}u2').reshape(16, 16)
    entries = np.arange(255, -1, -1)
    for bits, content in ((16, (entries * 257).astype(f'{order}u2').tobytes()),
                          (8, entries.astype(np.uint8).view('<u2').astype(f'{order}u2').tobytes())):
        table = lookup_table(0, bits, entries)
        del table[0].LUTData
        table[0].add_new('LUTData', 'OW', content)
        path = write_dicom(tmp_path / 'a.dcm', pixels, syntax, VOILUTSequence=table)
        np.testing.assert_allclose(read_radiograph(path).ravel() / FULL, entries / 255., atol=1e-5)


@pytest.mark.parametrize('first, signed', [(65536 - 200, False), (-200, True)])
def test_first_mapped_value_of_the_wrong_sign(tmp_path, first, signed):
    """-200 written as 65336: the table is that of the values."""
    pixels = np.arange(-200, 200, dtype=np.int16).reshape(20, 20)
    path = write_dicom(tmp_path / 'a.dcm', pixels, VOILUTSequence=lookup_table(first, 12, np.arange(400) * 10, signed))
    np.testing.assert_allclose(read_radiograph(path).ravel() / FULL, np.arange(400) * 10 / 4095, atol=1e-5)


@pytest.mark.parametrize('lacking', ['LUTDescriptor', 'LUTData'])
def test_a_table_that_lacks_a_part(tmp_path, lacking):
    """It is named."""
    table = lookup_table(0, 12, np.arange(4096))
    del table[0][lacking]
    with pytest.raises(ImageError, match=f'look-up table lacks {lacking}'):
        read_radiograph(write_dicom(tmp_path / 'a.dcm', RAMP, VOILUTSequence=table))


@pytest.mark.parametrize('kind', ['MONOCHROME1', 'MONOCHROME2'])
@pytest.mark.parametrize('dtype, value, limit, said', [
    (np.uint16, 65535, None, 65535), (np.uint16, 65535, 65000, 65535), (np.uint16, 0, None, 0),
    (np.int16, -2000, None, 63536), (np.int16, -2000, None, -2000), (np.int16, -32768, -30000, -32768),
    (np.uint16, 63536, None, -2000), (np.uint8, 255, None, 255)])
@pytest.mark.parametrize('window', [{}, dict(WindowCenter=1250, WindowWidth=2000)])
def test_padding(tmp_path, kind, dtype, value, limit, said, window):
    """Black in both kinds, with the sign that the pixels have or the other, with a limit, without a window or with."""
    scale = 1 if dtype == np.uint8 else 10
    pixels = (np.arange(400).reshape(20, 20) % 200 * scale + 50).astype(dtype)
    where = np.zeros((20, 20), bool)
    where[:, :3] = True
    pixels[where] = value
    if limit is not None:
        pixels[0, 0] = (value + limit) // 2
    header = dict(PixelPaddingValue=said, **({} if limit is None else dict(PixelPaddingRangeLimit=limit)))
    path = tmp_path / 'a.dcm'
    write_dicom(path, pixels, PhotometricInterpretation=kind, **window)
    dataset = pydicom.dcmread(path)
    for name, number in header.items():
        dataset.add_new(name, 'SS' if number < 0 else 'US', number)
    dataset.save_as(path)
    image = read_radiograph(path)
    seen = pixels[~where].astype(float)
    share = np.clip((seen - 1249.5) / 1999 + 0.5, 0, 1) if window else (seen - seen.min()) / (seen.max() - seen.min())
    if dtype == np.uint8 and not window:
        share = seen / 255
    assert (image[where] == 0).all()
    np.testing.assert_allclose(image[~where] / np.iinfo(image.dtype).max, 1 - share if kind == 'MONOCHROME1' else share,
                               atol=2e-5)


def test_padding_of_float_pixels(tmp_path):
    """FloatPixelPaddingValue is theirs."""
    pixels = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    pixels[:2] = -1e6
    path = write_dicom(tmp_path / 'a.dcm', pixels, PixelData=None, FloatPixelData=pixels.tobytes(),
                       FloatPixelPaddingValue=-1e6)
    image = read_radiograph(path) / FULL
    low = pixels[2, 0]
    assert (image[:2] == 0).all()
    np.testing.assert_allclose(image[2:], (pixels[2:] - low) / (1 - low), atol=1e-5)


WINDOW = dict(WindowCenter=2048, WindowWidth=4096)


@pytest.mark.parametrize('words, header', [
    (RAMP, dict(BitsStored=12, HighBit=11)),
    (RAMP << 4, dict(BitsStored=12, HighBit=15)),  # at the upper end, as HighBit says
    (RAMP, dict(BitsStored=12, HighBit=15)),  # at the lower end, whatever HighBit says
    (RAMP, dict(BitsStored=16, HighBit=11)), (RAMP, dict(BitsStored=12, HighBit=7)),
    (RAMP | 0xF000, dict(BitsStored=12, HighBit=11)),  # overlays in the bits above
    (RAMP << 4 | 7, dict(BitsStored=12, HighBit=15)),  # and below
    (RAMP << 2 | 0x4001, dict(BitsStored=12, HighBit=13))])  # and on both sides
def test_bits(tmp_path, words, header):
    """The values are found in their words, so that a window means them."""
    image = read_radiograph(write_dicom(tmp_path / 'a.dcm', words.astype(np.uint16), **header, **WINDOW))
    np.testing.assert_allclose(image / FULL, RAMP / 4095., atol=1e-5)


@pytest.mark.parametrize('extended', [False, True])
def test_signed_values_of_12_bits(tmp_path, extended):
    """Two's complement of 12 bits, the sign carried on to 16 or not."""
    values = RAMP.astype(np.int16) - 2048
    words = values.view(np.uint16) if extended else values.view(np.uint16) & 0xFFF
    path = write_dicom(tmp_path / 'a.dcm', words, **TWELVE, PixelRepresentation=1, WindowCenter=0, WindowWidth=4096)
    np.testing.assert_allclose(read_radiograph(path) / FULL, RAMP / 4095., atol=1e-5)
    words[:, :4] = 0xF800 if extended else 0x800
    write_dicom(path, words.astype(np.int16), **TWELVE, PixelRepresentation=1, PixelPaddingValue=-2048)
    image = read_radiograph(path) / FULL
    assert (image[:, :4] == 0).all()
    np.testing.assert_allclose(image[:, 4:], np.tile(np.arange(60) / 59., (64, 1)), atol=1e-5)


@pytest.mark.parametrize('change, message', [
    (dict(BitsStored=20), 'BitsStored is 20, its BitsAllocated 16'), (dict(BitsAllocated=12), 'BitsAllocated is 12'),
    (dict(RescaleSlope=0, RescaleIntercept=5), 'RescaleSlope is 0')])
def test_contradictions_are_named(tmp_path, change, message):
    """What cannot be meant names the attributes."""
    with pytest.raises(ImageError, match=message):
        read_radiograph(write_dicom(tmp_path / 'a.dcm', RAMP, **change))


def raw_text(path, keyword, text):
    """Write a text where a number belongs, which pydicom would not."""
    dataset = pydicom.dcmread(path)
    vr = dataset[keyword].VR
    tag, content = dataset[keyword].tag, text.encode() + b' ' * (len(text) % 2)
    dataset._dict[tag] = pydicom.dataelem.RawDataElement(tag, vr, len(content), content, 0, False, True)
    dataset.save_as(path)


@pytest.mark.parametrize('text', ['2048,5', '2048.5', ' 2048.5 ', '2,0485E3', '2048,5\\100',
                                  '2048.50000000000000000001'])
@pytest.mark.parametrize('syntax', [None, ImplicitVRLittleEndian])
def test_numbers_as_they_are_written(tmp_path, text, syntax):
    """Decimal commas, blanks, more digits than allowed: the number that is meant."""
    path = tmp_path / 'a.dcm'
    write_dicom(path, RAMP, *([syntax] if syntax else []), **TWELVE, WindowCenter=1, WindowWidth=4096)
    raw_text(path, 'WindowCenter', text)
    np.testing.assert_allclose(read_radiograph(path) / FULL, np.clip((RAMP - 2048.) / 4095 + .5, 0, 1), atol=1e-5)


@pytest.mark.parametrize('keyword', ['WindowCenter', 'WindowWidth', 'RescaleSlope', 'RescaleIntercept'])
@pytest.mark.parametrize('text', ['2,048', 'Quincy', '1.5.2', '2048 HU'])
def test_what_is_no_number_names_its_attribute(tmp_path, keyword, text):
    """And not what stands there; "2,048" may be two or two thousand."""
    path = write_dicom(tmp_path / 'a.dcm', RAMP, WindowCenter=1, WindowWidth=4096, RescaleSlope=1, RescaleIntercept=0)
    raw_text(path, keyword, text)
    with pytest.raises(ImageError, match=f'its {keyword} is no number') as caught:
        read_radiograph(path)
    assert text not in str(caught.value)


def test_several_windows(tmp_path):
    """The first one that is a window: none of no width."""
    path = write_dicom(tmp_path / 'a.dcm', RAMP, WindowCenter=[7, 2048, 9], WindowWidth=[0, 4096, 5])
    np.testing.assert_allclose(read_radiograph(path) / FULL, RAMP / 4095., atol=1e-5)


@pytest.mark.parametrize('syntax', [None, ImplicitVRLittleEndian])
@pytest.mark.parametrize('left', ['mark', 'meta', 'data set'])
def test_files_without_their_beginning(tmp_path, syntax, left):
    """Without the preamble, without its mark as well, or the bare data set: the image is whole."""
    path = write_dicom(tmp_path / 'a.dcm', RAMP, *([syntax] if syntax else []), SOPClassUID='1.2.840.10008.5.1.4.1.1.1')
    whole = read_radiograph(path)
    content = path.read_bytes()
    start = dict(mark=128, meta=132)
    start['data set'] = content.index(b'\x08\x00\x16\x00')
    path.write_bytes(content[start[left]:])
    assert np.array_equal(read_radiograph(path), whole)


def test_few_bits_in_a_byte(tmp_path):
    """7-bit values are no 8-bit image at half its brightness."""
    pixels = np.arange(128, dtype=np.uint8).repeat(2).reshape(16, 16)
    image = read_radiograph(write_dicom(tmp_path / 'a.dcm', pixels, BitsStored=7, HighBit=6))
    np.testing.assert_allclose(image / FULL, pixels / 127., atol=1e-5)


@pytest.mark.parametrize('kind, samples', [('MONOCHROME', 1), ('MONOCHROME_1', 1), ('RGB', 1), ('HSV', 3), ('CMYK', 4),
                                           ('YBR_PARTIAL_422', 3), ('MONOCHROME2', 3)])
def test_colours_that_are_not_read(tmp_path, kind, samples):
    """An unknown or contradictory PhotometricInterpretation is named; it is neither damage nor a gray picture."""
    pixels = RAMP if samples == 1 else np.zeros((64, 64, 3), np.uint8)
    header = dict(SamplesPerPixel=samples) | (TWELVE if samples == 1 else {})
    path = write_dicom(tmp_path / 'a.dcm', pixels, PhotometricInterpretation=kind, **header)
    with pytest.raises(ImageError, match=rf'PhotometricInterpretation is not one that is read of {samples} Samples'):
        read_radiograph(path)


@pytest.mark.filterwarnings('ignore:Invalid value for VR CS')
def test_a_photometric_interpretation_in_small_letters(tmp_path):
    """monochrome1 is inverted, as MONOCHROME1 is."""
    path = write_dicom(tmp_path / 'a.dcm', RAMP, **TWELVE, PhotometricInterpretation='monochrome1')
    np.testing.assert_allclose(read_radiograph(path)[0] / FULL, 1 - np.arange(64) / 63, atol=1e-5)
