"""Scores and heat maps as DICOM: what another program reads of them, and what they say of themselves."""
import numpy as np
import pydicom
import pytest
from dicom_files import radiograph

from prior_mm.export.dicom_results import RESEARCH_ONLY, write_heat_map, write_structured_report

hd = pytest.importorskip('highdicom', reason='highdicom is optional')
SCORES = {'The heart is enlarged.': 0.75,
          'There is a pleural effusion on the left side, small, as it was seen before.': -2.}


def test_structured_report(tmp_path):
    """Read back by highdicom: the names and scores, the patient, the radiograph, research only, nothing final."""
    image = radiograph(tmp_path / 'film.dcm')
    write_structured_report(tmp_path / 'film.dcm', SCORES, tmp_path / 'scores.dcm', 'ab' * 32)
    report = hd.sr.srread(tmp_path / 'scores.dcm')
    assert report.PatientID == 'p7' and report.StudyInstanceUID == image.StudyInstanceUID
    assert report.SeriesDescription == RESEARCH_ONLY and report.VerificationFlag == 'UNVERIFIED'
    assert report.CompletionFlag == 'PARTIAL'
    group, = report.content.get_image_measurement_groups()
    measured = group.get_measurements()
    assert [one.value for one in measured] == list(SCORES.values())
    assert [str(one.name.meaning)[:60] for one in measured] == [name[:60] for name in SCORES]
    assert group.source_images[0].referenced_sop_instance_uid == image.SOPInstanceUID
    text = pydicom.dcmread(tmp_path / 'scores.dcm').to_json()
    assert f'weights {"ab" * 8}' in text and text.count(RESEARCH_ONLY) == 3


def test_heat_map(tmp_path):
    """Read back by highdicom: of the radiograph's size, 0 to 255, highest where the map is."""
    image = radiograph(tmp_path / 'film.dcm')
    heat = np.array([[-3., 0.], [0., 5.], [1., 1.]])
    write_heat_map(tmp_path / 'film.dcm', heat, 'The heart is enlarged.', tmp_path / 'map.dcm', 'ab' * 32)
    found = hd.seg.segread(tmp_path / 'map.dcm')
    assert found.PatientID == 'p7' and found.SeriesDescription == found.ContentDescription == RESEARCH_ONLY
    assert found.get_segment_description(1).segment_label == 'The heart is enlarged.'
    pixels = found.pixel_array
    assert pixels.shape == (6, 4) and pixels.min() == 0 and pixels.max() == 255
    assert np.unravel_index(pixels.argmax(), pixels.shape)[1] == 3 and pixels[0, 0] == 0
    assert image.SOPInstanceUID in found.to_json()


def test_a_film_of_an_archive_that_left_much_out(tmp_path):
    """Without patient and dates the result has them empty; without a study it is refused by the attribute's name."""
    radiograph(tmp_path / 'bare.dcm', PatientID=None, PatientName=None, StudyDate=None, AccessionNumber=None)
    write_structured_report(tmp_path / 'bare.dcm', SCORES, tmp_path / 'scores.dcm', 'ab' * 32)
    assert hd.sr.srread(tmp_path / 'scores.dcm').PatientID in ('', None)
    radiograph(tmp_path / 'none.dcm', StudyInstanceUID=None)
    with pytest.raises(ValueError, match='none.dcm lacks StudyInstanceUID'):
        write_structured_report(tmp_path / 'none.dcm', SCORES, tmp_path / 'no.dcm', 'ab' * 32)
    assert not (tmp_path / 'no.dcm').exists()
    (tmp_path / 'film.png').write_bytes(b'no DICOM')
    with pytest.raises(ValueError, match='film.png is no DICOM file'):
        write_heat_map(tmp_path / 'film.png', np.eye(2), 'heart', tmp_path / 'no.dcm', 'ab' * 32)


@pytest.mark.parametrize('scores', [{}, {'': 1.}, {'heart': float('nan')}])
def test_no_score(tmp_path, scores):
    """What is no score is refused."""
    radiograph(tmp_path / 'film.dcm')
    with pytest.raises(ValueError, match='finite numbers'):
        write_structured_report(tmp_path / 'film.dcm', scores, tmp_path / 'no.dcm', 'ab' * 32)


@pytest.mark.parametrize('heat', [np.zeros(4), np.full((2, 2), np.inf), np.zeros((0, 3))])
def test_no_map(tmp_path, heat):
    """What is no map is refused."""
    radiograph(tmp_path / 'film.dcm')
    with pytest.raises(ValueError, match='two axes'):
        write_heat_map(tmp_path / 'film.dcm', heat, 'heart', tmp_path / 'no.dcm', 'ab' * 32)
