"""Where MIMIC-CXR lies: found in each usual arrangement, and everything that is missing named at once."""
import json
import shutil

import pytest
from made_up_mimic import Study, write_mimic

from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.mimic_layout import (
    check_reports,
    find_image_suffix,
    find_mimic_layout,
    is_said_to_be_synthetic,
)


@pytest.mark.parametrize('reports', ['', 'mimic-cxr-reports'])
def test_found(tmp_path, reports):
    """Reports beside the images, or as the archive unpacks; all three tables by their names."""
    study = Study(0)
    write_mimic(tmp_path, [study], reports)
    layout = find_mimic_layout(tmp_path)
    assert layout.image_root == tmp_path and layout.report_root == tmp_path / reports
    assert [path.name.split('-')[-1] for path in (layout.metadata, layout.split, layout.labels)] == [
        'metadata.csv.gz', 'split.csv.gz', 'chexpert.csv.gz']
    assert layout.report(study.subject_id, study.study_id).read_text() == study.report


def test_newest_tables(tmp_path):
    """Of two versions of a table the newer one is taken; what is given comes before what is found."""
    write_mimic(tmp_path, [Study(0)])
    for version in ('2.1.0', '1.0.0'):
        shutil.copy(tmp_path / 'mimic-cxr-2.0.0-metadata.csv.gz', tmp_path / f'mimic-cxr-{version}-metadata.csv.gz')
    assert find_mimic_layout(tmp_path).metadata.name == 'mimic-cxr-2.1.0-metadata.csv.gz'
    own = tmp_path / 'mimic-cxr-1.0.0-metadata.csv.gz'
    assert find_mimic_layout(tmp_path, metadata=own).metadata == own


def test_everything_missing_is_named(tmp_path):
    """One run tells all: no images, no tables, no reports, and a path given that is not there, each with its mend."""
    with pytest.raises(LayoutError) as error:
        find_mimic_layout(tmp_path, split=tmp_path / 'own-split.csv')
    message = str(error.value)
    for part in ('split: there is no', 'images: ', 'metadata: ', 'reports: ', 'own-split.csv', '--metadata',
                 '--report-root', 'mimic-cxr-reports.zip'):
        assert part in message
    assert message.count('\n  - ') == 4


def test_hints(tmp_path):
    """A folder too high up, and an archive that was not unpacked, are seen and named."""
    (tmp_path / 'mimic-cxr-jpg' / 'files').mkdir(parents=True)
    (tmp_path / 'mimic-cxr-reports.zip').write_bytes(b'PK')
    with pytest.raises(LayoutError) as error:
        find_mimic_layout(tmp_path)
    assert f'there is one in {tmp_path}/mimic-cxr-jpg, give that' in str(error.value)
    assert f'unpack {tmp_path}/mimic-cxr-reports.zip' in str(error.value)


def test_no_folder(tmp_path):
    """A folder that does not exist is told as that, not as a list of what it lacks."""
    with pytest.raises(LayoutError, match='does not exist') as error:
        find_mimic_layout(tmp_path / 'nowhere')
    assert 'metadata' not in str(error.value)


def test_images_are_needed_unless_said_otherwise(tmp_path):
    """Reports and tables alone are enough only if the images are not asked for."""
    write_mimic(tmp_path, [Study(0)], 'mimic-cxr-reports')
    shutil.rmtree(tmp_path / 'files')
    with pytest.raises(LayoutError, match='images: .*holds no folder files/'):
        find_mimic_layout(tmp_path)
    assert find_mimic_layout(tmp_path, check_images=False).report_root.name == 'mimic-cxr-reports'


def test_image_suffix(tmp_path):
    """Other formats under the same names are found; none at all is an error that names one of them."""
    study = Study(0)
    layout = find_mimic_layout(write_mimic(tmp_path, [study]))
    stem = study.image().removesuffix('.jpg')
    assert find_image_suffix(layout, ['files/nowhere', stem]) == '.jpg'
    (tmp_path / study.image()).rename(tmp_path / f'{stem}.png')
    assert find_image_suffix(layout, [stem]) == '.png'
    with pytest.raises(LayoutError, match=r'none of 2 .*files/x\.jpg'):
        find_image_suffix(layout, ['files/x', 'files/y'])


def test_reports_of_other_data(tmp_path):
    """One report that is there is enough; none is an error, before any work."""
    study = Study(0)
    layout = find_mimic_layout(write_mimic(tmp_path, [study]))
    there = layout.report(study.subject_id, study.study_id)
    check_reports(layout, [tmp_path / 'nowhere.txt', there])
    with pytest.raises(LayoutError, match=r'reports: none of 1 .*nowhere\.txt'):
        check_reports(layout, [tmp_path / 'nowhere.txt'])


@pytest.mark.parametrize('name, text, synthetic', [
    ('README.txt', 'These radiographs are SYNTHETIC: drawn.', True), ('README', 'no synthetic data here', False),
    ('notes.txt', 'SYNTHETIC', False), ('dataset.json', json.dumps(dict(synthetic=True)), True),
    ('dataset.json', json.dumps(dict(synthetic=False)), False), ('dataset.json', '[1]', False),
    ('dataset.json', '{', False)])
def test_synthetic_data_say_so(tmp_path, name, text, synthetic):
    """What the demo writes marks its annotation files as synthetic; a word in passing does not mark real data."""
    (tmp_path / name).write_text(text)
    assert is_said_to_be_synthetic(tmp_path) is synthetic
