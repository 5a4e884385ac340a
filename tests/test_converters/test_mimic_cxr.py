"""MIMIC-CXR's tables: which images, splits and labels a study has, and tables that contradict themselves."""
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_mimic import Study, write_mimic, write_table

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.mimic_cxr import read_mimic_tables
from prior_mm.converters.mimic_layout import find_mimic_layout

METADATA = ('dicom_id', 'subject_id', 'study_id', 'ViewPosition')


def read(root):
    return read_mimic_tables(find_mimic_layout(root))


def test_studies(tmp_path):
    """All frontal images of a study and no others, in the table's order; split by split; labels where there are."""
    made = [Study(0, ('LATERAL', 'AP', 'PA', 'LL', ''), split='test', labels=('1.0', '-1.0')),
            Study(1, ('pa', ), labels=('', '0.0')), Study(2, ('LATERAL', ), split='validate'), Study(3, split=None)]
    studies = read(write_mimic(tmp_path, made))
    assert len(studies) == 4 and studies.images == 9
    assert studies.splits() == ['train', 'validate', 'test']
    found = {study.study_id: study for study in studies.studies()}
    assert list(found) == [made[number].study_id for number in (1, 2, 0, 3)]
    assert found['s50000000'].images == (made[0].image(1), made[0].image(2))
    assert found['s50000000'].views == ('AP', 'PA')
    assert found['s50000000'].labels == {'Edema': 1, 'Pleural Effusion': -1}
    assert found['s50000000'].report == tmp_path / f'{made[0].folder}.txt'
    assert found['s50000001'].views == ('PA', ) and found['s50000001'].labels == {'Pleural Effusion': 0}
    assert found['s50000002'].images == () and found['s50000003'].split == ''
    assert found['s50000000'].subject_id == found['s50000001'].subject_id == 'p10000000'


def test_without_split_and_labels(tmp_path):
    """Both tables are optional: all is train then, without labels."""
    write_mimic(tmp_path, [Study(0)])
    for kind in ('split', 'chexpert'):
        (tmp_path / f'mimic-cxr-2.0.0-{kind}.csv.gz').unlink()
    studies = read(tmp_path)
    assert studies.splits() == ['train']
    assert [(study.split, study.labels) for study in studies.studies()] == [('train', {})]


def test_ids_from_a_spreadsheet(tmp_path):
    """Ids with their letters, and as a spreadsheet saves numbers, are the same ids."""
    study = Study(0)
    write_mimic(tmp_path, [study])
    write_table(tmp_path / 'mimic-cxr-2.0.0-metadata.csv.gz',
                [METADATA, (study.image_id(0), study.subject_id, '50000000.0', 'PA')])
    found, = read(tmp_path).studies()
    assert (found.study_id, found.subject_id) == (study.study_id, study.subject_id)


@pytest.mark.parametrize('rows, message', [
    ([('a', '10000000', '50000000', 'PA')] * 2, 'line 3: the image a is there twice'),
    ([('a', '10000000', '50000000', 'PA'), ('b', '10000001', '50000000', 'PA')], "line 3: .*is p10000001's here"),
    ([('a', '10000000', '50000000', 'LATERAL')], 'lists no frontal image .* among 1'),
    ([('../../a', '10000000', '50000000', 'PA')], 'line 2: dicom_id .*cannot be the name of a file'),
    ([('', '10000000', '50000000', 'PA')], 'line 2: dicom_id .*cannot be the name of a file'),
    ([('a', '../10000000', '50000000', 'PA')], 'line 2: subject_id .*is not such a number as p50414267'),
    ([('a', '10000000', 'x', 'PA')], 'line 2: study_id .*is not such a number as s50414267'),
    ([('a', '10000000', '5e7', 'PA')], 'line 2: study_id'), ([('a', '10000000')], 'line 2: 2 values, but 4 columns'),
    ([], 'lists no frontal image')])
def test_metadata_faults(tmp_path, rows, message):
    """Ids that are there twice, belong to two patients, or are no ids, are told with their line."""
    write_mimic(tmp_path, [Study(0)])
    write_table(tmp_path / 'mimic-cxr-2.0.0-metadata.csv.gz', [METADATA, *rows])
    with pytest.raises(TableError, match=f'metadata.*{message}'):
        read(tmp_path)


@pytest.mark.parametrize('rows, message', [
    ([('study_id', 'Edema'), ('50000000', '2.0')], "line 2: the label '2.0' is none of"),
    ([('study_id', 'Edema'), ('50000000', 'yes')], "line 2: the label 'yes' is none of"),
    ([('study_id', 'Edema'), ('50000000', 'nan')], "line 2: the label 'nan' is none of"),
    ([('study_id', 'Edema'), ('50000000', '1.0'), ('50000000', '0.0')], 'line 3: .*twice, with other labels above'),
    ([('study_id', 'subject_id'), ('50000000', '10000000')], 'holds no labels'),
    ([('Edema', ), ('1.0', )], 'lacks the column study_id')])
def test_label_faults(tmp_path, rows, message):
    """Labels that are no labels are told with their line, never taken for empty ones."""
    write_mimic(tmp_path, [Study(0)])
    write_table(tmp_path / 'mimic-cxr-2.0.0-chexpert.csv.gz', rows)
    with pytest.raises(TableError, match=f'chexpert.*{message}'):
        read(tmp_path)


def test_images_and_reports_must_be_of_the_tables(tmp_path):
    """Tables of other data are found out before any work; images are not looked for if not asked for."""
    write_mimic(tmp_path, [Study(0, images=False)])
    with pytest.raises(LayoutError, match='images: none of 1'):
        read(tmp_path)
    assert len(read_mimic_tables(find_mimic_layout(tmp_path), check_images=False)) == 1
    write_mimic(tmp_path / 'other', [Study(0), Study(100)])
    (tmp_path / 'other' / f'{Study(0).folder}.txt').rename(tmp_path / 'other' / f'{Study(0).folder}-old.txt')
    (tmp_path / 'other' / f'{Study(100).folder}.txt').rename(tmp_path / 'other' / f'{Study(100).folder}-old.txt')
    with pytest.raises(LayoutError, match='reports: none of 2'):
        read(tmp_path / 'other')


IDS = st.sampled_from(['50000000', 's50000001', '50000002.0', '..', '/etc', 'p/../s1', '', '\u0663\u0664\u0665\u0666'])


@settings(max_examples=120, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from(['a', 'b.c', '../a', 'a/b', '/a', '..', 'c' * 200, '\n']) | st.text(
    max_size=3), IDS | st.text(max_size=4), IDS, st.sampled_from(['PA', 'AP', 'LATERAL', ''])), max_size=4))
def test_no_table_leads_out_of_the_root(tmp_path_factory, rows):
    """Whatever the metadata hold: an error with the file's name, or paths that stay below files/."""
    root = tmp_path_factory.mktemp('mimic')
    write_mimic(root, [Study(0)])
    write_table(root / 'mimic-cxr-2.0.0-metadata.csv.gz', [METADATA, *rows])
    try:
        studies = read_mimic_tables(find_mimic_layout(root), check_images=False)
    except (TableError, LayoutError) as error:
        assert 'mimic-cxr-2.0.0-metadata.csv.gz' in str(error)
    else:
        for study in studies.studies():
            for path in (*study.images, str(study.report.relative_to(root))):
                assert (root / path).resolve().is_relative_to(root.resolve() / 'files')
