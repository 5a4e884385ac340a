"""Rows of docs/nothing_silent.md on data: reports and DICOM files that public reports tell of, tried on this reader."""
from pathlib import Path

import numpy as np
import pydicom
import pytest
from made_up_dicom import lookup_table, write_dicom
from nothing_silent_page import says
from pydicom.uid import ImplicitVRLittleEndian

from prior_mm.converters.csv_tables import TableError, one_table, read_rows
from prior_mm.converters.downstream.chexpert_5x200 import read_list
from prior_mm.converters.measured_range import measure_range
from prior_mm.converters.report_file import ForeignContent, read_report
from prior_mm.datasets import ImageError
from prior_mm.datasets.images import PixelRange, read_radiograph
from prior_mm.datasets.reports import find_sections, report_sentences

DATA, LOUD = 'Data that differ from what was written', 'Loud, but in the way'
REPORTS, DICOM = 'Public reports: report sections', 'Public reports: DICOM'
CASES = Path(__file__).parent / 'data'
RAMP = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (64, 1))
TWELVE = dict(BitsStored=12, HighBit=11)


def sentences(kind, given, text):
    """Say how many sentences a report gives, and the first and the last."""
    found = report_sentences(text)
    says(REPORTS, kind, given, f'{len(found)} sentence{"s" * (len(found) != 1)}'
         + (f', from "{found[0]}" to "{found[-1]}"' if found else ''))
    return found


def shown(section, kind, given, path, low=0., high=1.):
    """Say from what to what a row of an image rises, evenly."""
    row = read_radiograph(path)[-1] / 65535
    np.testing.assert_allclose(row, np.linspace(low, high, 64), atol=1e-4)
    says(section, kind, given, f'read; a row of rising values is shown from {low:.3f} to {high:.3f} of white, evenly')


def refused(section, kind, given, error, call, *roots):
    with pytest.raises(error) as caught:
        call()
    says(section, kind, given, f'stops, or is left out by name: {caught.value}', *roots)


def test_data_rows(tmp_path):
    """One row for each kind of the table in which they were seen."""
    names = sorted((CASES / 'reports').glob('*.txt'))
    for path, given in zip(names[:3], ('two paragraphs of findings without a heading', 'a closing telephone note',
                                       'an addendum under a second FINAL REPORT'), strict=True):
        found = report_sentences(path.read_text())
        says(DATA, 'a fallback that takes too little', given, f'{len(found)} sentences: {" ".join(found)}')
    refused(DATA, 'foreign content', 'a web page saved as a report', ForeignContent, lambda: read_report(names[3]))
    (tmp_path / 'metadata.csv').write_text('a,b\n1,2\n')
    (tmp_path / 'metadata.csv.gz').write_text('a,b\n1,3\n')
    refused(DATA, 'an ambiguous choice', 'metadata.csv, and another metadata.csv.gz', TableError,
            lambda: one_table(sorted(tmp_path.glob('metadata*')), '--metadata'), tmp_path)
    files = CASES / 'dicom'
    shown(DATA, 'vendor habits', 'a VOI LUT of 12 bits that calls itself one of 16',
          files / 'a_voi_lut_12bit_entries_called_16.dcm', 0, 4032 / 4095)
    shown(DATA, 'vendor habits', 'entries of a VOI LUT in big endian',
          files / 'b_big_endian_voi_lut_ow.dcm', 0, 4032 / 4095)
    shown(DATA, 'vendor habits', 'PixelPaddingValue 65535, no window', files / 'c_padding_65535_no_window.dcm')
    shown(DATA, 'vendor habits', 'values at the upper end of their words, as HighBit 15 of 12 bits says',
          write_dicom(tmp_path / 'high.dcm', RAMP << 4, BitsStored=12, HighBit=15))
    for name, given in (('e_without_BitsStored', 'a DICOM without BitsStored'),
                        ('e_without_PixelData', 'a DICOM without PixelData')):
        refused(DATA, 'a missing attribute', given, ImageError,
                lambda name=name: read_radiograph(files / f'{name}.dcm'), files)
    shown(DATA, 'vendor habits', 'a DICOM without its preamble', files / 'f_no_preamble.dcm')
    image = read_radiograph(files / 'g_comma.dcm')
    says(DATA, 'vendor habits', 'a window at 2048,5', f'read as 2048.5: from 0 to {image.max() / 65535:.3f} of white')
    png = files / 'i_12_bit_in_16_bit.png'
    warning = next(line for line in measure_range([(png, 'PA')], None) if 'WARNING' in line)
    says(DATA, 'no check of the range', 'a PNG of 16 bits that uses 12', f'the converter says: {warning}')
    white = read_radiograph(png, pixel_range=PixelRange(bits=12)).max() / 65535
    says(DATA, 'no check of the range', 'the same with --bits 12', f'read up to {white:.3f} of white')
    for name, given in (('v1.json', 'a 5x200 list with the paths of the full version'),
                        ('gloria.csv', 'a 5x200 list as a table')):
        chosen = read_list(CASES / 'lists' / name)
        says(LOUD, 'lists of another version', given, f'read: {len(chosen)} images, the first is {chosen[0].path}')


BODY = 'The lungs are clear. There is no effusion.'


def test_rows_of_languages_and_encodings(tmp_path):
    """Tables and headings that are not as English ones, and sections that only name another one."""
    table, rows = tmp_path / 'a.csv', [{'a': 'é', 'b': '2'}]
    for encoding in ('utf-16', 'utf-32'):
        table.write_bytes('a,b\né,2\n'.encode(encoding))
        assert [row for _, row in read_rows(table, ('a', 'b'))] == rows
    says(DATA, 'foreign content', 'a table in UTF-16 with a byte order mark', 'read, to the letter')
    table.write_bytes('a,b\né,2\n'.encode('utf-16-le'))
    refused(DATA, 'foreign content', 'a table in UTF-16 without a mark', TableError,
            lambda: list(read_rows(table, ('a', 'b'))), tmp_path)
    found = report_sentences(f' TÉCNICA: Dos proyecciones.\n\n HALLAZGOS: {BODY}\n\n IMPRESIÓN: Normal.')
    assert found == ['Normal.', *BODY.replace('. ', '.|').split('|')]
    says(DATA, 'a fallback that takes too little', 'headings in Spanish, Portuguese, French or German',
         'read as what they mean, with and without accents')
    found = report_sentences(f' FINDINGS: {BODY}\n\n IMPRESSION: As above.')
    assert found == BODY.replace('. ', '.|').split('|')
    assert not any(find_sections(' FINDINGS: See below.\n\n IMPRESSION: As above.'))
    says(DATA, 'foreign content', 'an impression that only points elsewhere ("As above.")',
         'the findings alone are taken; a report of nothing else is left out, and counted')


def test_public_reports_on_sections():
    """Ten that users of other projects told of."""
    assert not sentences('RRG24', 'neither findings nor impression, only the indication', ' INDICATION:  Cough.')
    assert len(sentences('RRG24', 'a report without headings came out empty',
                         f' FINAL REPORT\n HISTORY: Cough.\n\n {BODY}')) == 2
    assert sentences('mimic-code', 'NDICATION was read as the impression',
                     f' NDICATION: Pneumonia.\n\n IMPRESSION: {BODY}') == BODY.replace('. ', '.|').split('|')
    found = sentences('ReXrank', 'findings that are "None", an impression in capitals, wrapped within its items',
                      'Findings: None. Impression: 1. SINGLE VIEW DEMONSTRATES NO SIGNIFICANT INTERVAL\n'
                      'CHANGE.\n2. SMALL EFFUSION.')
    assert found == ['SINGLE VIEW DEMONSTRATES NO SIGNIFICANT INTERVAL CHANGE.', 'SMALL EFFUSION.', 'None.']
    assert len(sentences('Libra', 'numbers of lists stayed in the sentences',
                         f' IMPRESSION:\n 1. {BODY}\n 2. No edema.')) == 3
    assert len(sentences('MGCA', 'both sections are NaN: one heading in lower case', f' findings: {BODY}')) == 2
    assert len(sentences('R2Gen', 'findings only, no impression', f' FINDINGS: {BODY}')) == 2
    assert len(sentences('ifcc', 'an impression only, no findings', f' IMPRESSION: {BODY}')) == 2
    assert sentences('CXR-ReDonE', 'sentences of removed words alone (___)', f' IMPRESSION: ___. {BODY} ___ ___.') == (
        BODY.replace('. ', '.|').split('|'))
    assert not sentences('fhir.cerner.com', 'a signature line and "Preliminary Report" around an empty report',
                         'Signature Line:\n***** Preliminary Report *****\n\nTranscribed by: DW\n\n'
                         'Reason for exam: 4061979')


def test_public_reports_on_dicom(tmp_path):
    """Ten, too; the last two are named rather than guessed at."""
    path = tmp_path / 'a.dcm'
    uid = dict(SOPClassUID='1.2.840.10008.5.1.4.1.1.1')
    write_dicom(path, RAMP, ImplicitVRLittleEndian, **TWELVE, **uid)
    path.write_bytes(path.read_bytes()[path.read_bytes().index(b'\x08\x00\x16\x00'):])
    shown(DICOM, 'pydicom', 'a bare data set in implicit VR, without DICM', path)
    shown(DICOM, 'OHIF', 'a VOI LUT that says 4096, 0, 16 for 12 bits',
          write_dicom(path, RAMP, **TWELVE, VOILUTSequence=lookup_table(0, 16, np.arange(4096))), 0, 4032 / 4095)
    shown(DICOM, 'cornerstone3D', 'a VOI LUT of 16384 entries of 14 bits', write_dicom(
        path, RAMP * 4, BitsStored=14, HighBit=13, VOILUTSequence=lookup_table(0, 14, np.arange(16384))),
        0, 16128 / 16383)
    words = (RAMP.astype(np.int16) - 2048).view(np.uint16) & 0xFFF
    shown(DICOM, 'dicom2nifti', 'signed values of 12 bits, without the sign carried on',
          write_dicom(path, words, **TWELVE, PixelRepresentation=1))
    shown(DICOM, 'pydicom', 'rubbish in the bits above BitsStored', write_dicom(path, RAMP | 0xA000, **TWELVE))
    shown(DICOM, 'OHIF', 'a rescale slope of -10',
          write_dicom(path, RAMP, **TWELVE, RescaleSlope=-10, RescaleIntercept=3000), 1, 0)
    shown(DICOM, 'bioformats', 'MONOCHROME1 of 16 bits with a window', write_dicom(
        path, RAMP, **TWELVE, PhotometricInterpretation='MONOCHROME1', WindowCenter=2048, WindowWidth=4096),
        1, 63 / 4095)
    shown(DICOM, 'torchxrayvision', 'values of 16 bits and no window gave a black PNG', write_dicom(path, RAMP // 8))
    dataset = pydicom.dcmread(write_dicom(path, RAMP, **TWELVE))
    del dataset.PixelData
    dataset.save_as(path)
    refused(DICOM, 'VinDr-CXR', 'no PixelData after the download', ImageError, lambda: read_radiograph(path), tmp_path)
    write_dicom(path, RAMP, **TWELVE)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'\x02\x00\x10\x00UI', b'\x02\x00\x11\x00UI'))
    refused(DICOM, 'VinDr-CXR', 'no TransferSyntaxUID', ImageError, lambda: read_radiograph(path), tmp_path)
