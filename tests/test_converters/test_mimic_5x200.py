"""MIMIC 5x200: one finding and no other, the same studies for the same seed, and StudyDataset reads what is written."""
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_mimic import write_table

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.mimic_5x200 import (
    COMPETITION,
    Mimic5x200Options,
    convert_mimic_5x200,
    exclusive_finding,
    read_id_list,
)
from prior_mm.datasets import StudyDataset


def study(number, labels=None):
    images = [f'files/p10/p{10_000_000 + number}/s{100 + number}/{number}-{view}.jpg' for view in 'ab']
    return dict(study_id=f's{100 + number}', subject_id=f'p{10_000_000 + number}', images=images, views=['AP', 'PA'],
                sentences=['No change.', f'Number {number}.'],
                labels={COMPETITION[number % 5]: 1, 'Fracture': 1} if labels is None else labels)


def write(root, name='test', studies=None, **metainfo):
    path = root / f'annotations/{name}.json'
    path.parent.mkdir(parents=True, exist_ok=True)
    studies = studies or [study(number) for number in range(40)]
    path.write_text(json.dumps(dict(metainfo=dict(dict(schema='prior_mm.studies/1', dataset='mimic-cxr',
                                                       synthetic=False, split=name), **metainfo), data_list=studies)))
    for entry in studies:
        for image in entry['images']:
            (root / image).parent.mkdir(parents=True, exist_ok=True)
            (root / image).write_bytes(b'x')
    return path


def read(root, name):
    return json.loads((root / f'annotations/{name}.json').read_text())


@pytest.mark.parametrize('labels, expected', [
    ({'Edema': 1}, 'Edema'), ({}, None), ({'Edema': -1}, None), ({'Edema': 1, 'Atelectasis': 0}, 'Edema'),
    ({'Edema': 1, 'Atelectasis': 1}, None), ({'Edema': 1, 'Atelectasis': -1}, None),
    ({'Edema': 1, 'Pneumonia': 1, 'Fracture': -1}, 'Edema'), ({'Pneumonia': 1}, None)])
def test_rule(labels, expected):
    """One of the five positive, none of the others positive or uncertain; other findings do not matter."""
    assert exclusive_finding(labels, COMPETITION) == expected


@given(st.dictionaries(st.sampled_from([*COMPETITION, 'Fracture']), st.sampled_from([1, 0, -1])))
@settings(max_examples=60)
def test_rule_agrees_with_the_data_set(labels):
    """StudyDataset(exclusive_labels=...) keeps every study that the rule takes, under the same finding."""
    found = exclusive_finding(labels, COMPETITION)
    positive = [name for name in COMPETITION if labels.get(name) == 1]
    assert found is None or positive == [found]


def test_drawn(tmp_path):
    """So many of each finding, none twice, the seed decides, files say what they are, and StudyDataset takes them."""
    path = write(tmp_path)
    options = Mimic5x200Options((path, ), tmp_path, per_class=3, protocol='prior/1')
    tally = convert_mimic_5x200(dict(a=0, b=0, c=1), options)
    assert tally.kept == dict(a=15, b=15, c=15) and tally.summary('a')['labels'] == dict.fromkeys(COMPETITION, 3)
    a, b, c = (read(tmp_path, name) for name in 'abc')
    ids = [[entry['study_id'] for entry in found['data_list']] for found in (a, b, c)]
    assert ids[0] == ids[1] != ids[2] and len(set(ids[0])) == 15
    assert (tmp_path / 'annotations/splits/a.txt').read_text().split() == ids[0]
    metainfo = a['metainfo']
    assert (metainfo['protocol'], metainfo['repeat'], metainfo['classes']) == ('prior/1', 'seed0', list(COMPETITION))
    assert metainfo['sources'].keys() == {'test.json'} and metainfo['options'] == dict(seed=0, per_class=3)
    dataset = StudyDataset('annotations/a.json', str(tmp_path), exclusive_labels=COMPETITION)
    assert len(dataset) == 15 and dataset.metainfo['synthetic'] is False
    entry = dataset.get_data_info(0)
    assert entry['exclusive'] == COMPETITION[entry['label_index']] and len(entry['sentences']) == 2


def test_whatever_the_order_of_the_file(tmp_path):
    """A conversion by other workers or versions may write studies in another order: the list stays the same."""
    studies = [study(number) for number in range(40)]
    write(tmp_path, 'there', studies)
    write(tmp_path, 'back', studies[::-1])
    for name in ('there', 'back'):
        path = tmp_path / f'annotations/{name}.json'
        convert_mimic_5x200({f'{name}_list': 7}, Mimic5x200Options((path, ), tmp_path, per_class=4))
    assert read(tmp_path, 'there_list')['data_list'] == read(tmp_path, 'back_list')['data_list']


def test_several_files(tmp_path):
    """Two files give what one has too little of; a study in both, or files that differ, are errors."""
    studies = [study(number) for number in range(40)]
    files = write(tmp_path, 'one', studies[:20]), write(tmp_path, 'two', studies[20:])
    with pytest.raises(ValueError, match='8 studies a finding .* only: Atelectasis 4, .*--per-class.*--ann-file'):
        convert_mimic_5x200(dict(a=0), Mimic5x200Options(files[:1], tmp_path, per_class=8))
    assert convert_mimic_5x200(dict(a=0), Mimic5x200Options(files, tmp_path, per_class=8)).kept == dict(a=40)
    with pytest.raises(ValueError, match='one.json: the study s100 is in two'):
        convert_mimic_5x200(dict(a=0), Mimic5x200Options((files[0], files[0]), tmp_path, per_class=1))
    write(tmp_path, 'two', studies[20:], resized_short_side=256)
    with pytest.raises(ValueError, match='two.json: its metainfo is .*256'):
        convert_mimic_5x200(dict(a=0), Mimic5x200Options(files, tmp_path, per_class=1))


def test_labels_from_the_table(tmp_path):
    """An annotation file without labels is told what to bring, and takes them from MIMIC's table."""
    path = write(tmp_path, studies=[study(number, {}) for number in range(10)])
    with pytest.raises(ValueError, match='no study has labels.*--labels'):
        convert_mimic_5x200(dict(a=0), Mimic5x200Options((path, ), tmp_path, per_class=1))
    table = tmp_path / 'mimic-cxr-2.0.0-chexpert.csv.gz'
    write_table(table, [('subject_id', 'study_id', *COMPETITION), *(
        (1, 100 + number, *('1.0' if place == number % 5 else '' for place in range(5))) for number in range(10))])
    convert_mimic_5x200(dict(a=0), Mimic5x200Options((path, ), tmp_path, per_class=2, labels=table))
    found = read(tmp_path, 'a')
    assert all(entry['labels'] == {entry['exclusive']: 1} for entry in found['data_list'])
    assert len(found['data_list']) == 10 and table.name in found['metainfo']['sources']


def test_published_list(tmp_path):
    """A table as it is published, or ids alone: the image it names is the one taken; what is missing is counted."""
    path = write(tmp_path, studies=[*(study(number) for number in range(8)), study(8, {'Edema': 1, 'Atelectasis': 1})])
    listed = tmp_path / 'ids.csv'
    listed.write_text('Path,dicom_id,subject_id,study_id,Report\n'
                      'x,1-b,10000001,101,y\nx,2-a,10000002,102,y\nx,2-b,10000002,102,y\nx,zz,10000003,103,y\n'
                      'x,8-a,10000008,108,y\nx,9-a,10000009,999,y\n')
    assert read_id_list(listed)['s102'] == ['2-a', '2-b']
    options = Mimic5x200Options((path, ), tmp_path)
    tally = convert_mimic_5x200(dict(a=listed), options)
    assert tally.summary('a')['dropped'] == {'not in the annotation files': 1, 'not exactly one of the findings': 1,
                                             'image missing or empty': 1}
    found = read(tmp_path, 'a')
    assert [(entry['study_id'], len(entry['images'])) for entry in found['data_list']] == [('s101', 1), ('s102', 2)]
    assert found['data_list'][0]['images'][0].endswith('/1-b.jpg') and found['data_list'][0]['views'] == ['PA']
    assert found['metainfo']['options'] == dict(list='ids.csv') and 'protocol' not in found['metainfo']
    (tmp_path / 'ids.txt').write_text('s101\n\n102\n')
    assert convert_mimic_5x200(dict(b=tmp_path / 'ids.txt'), options).kept == dict(b=2)


@pytest.mark.parametrize('text', ['', '\n\n', 'study_id\n', 'hello\n', 'subject_id,image\n1,2\n'])
def test_faults_of_a_list(tmp_path, text):
    """Other files are refused by name."""
    (tmp_path / 'ids.csv').write_text(text)
    with pytest.raises(TableError, match='ids.csv'):
        read_id_list(tmp_path / 'ids.csv')


def test_missing_files(tmp_path):
    """Everything that is missing at once, with its mend."""
    options = Mimic5x200Options((tmp_path / 'test.json', ), tmp_path, labels=tmp_path / 'labels.csv')
    with pytest.raises(LayoutError) as caught:
        convert_mimic_5x200(dict(a=tmp_path / 'ids.csv'), options)
    assert all(part in str(caught.value) for part in ('test.json', 'mimic_cxr.py', 'labels.csv', 'ids.csv'))


def test_labels_from_the_reports(tmp_path):
    """Labels are read out of the sentences, whatever labels the file has; the file says so."""
    path = write(tmp_path, studies=[dict(study(number, labels={}), sentences=[
        f'There is {COMPETITION[number % 5].lower()}.', 'No pneumothorax.']) for number in range(20)])
    options = Mimic5x200Options((path, ), tmp_path, per_class=2, from_reports=True)
    assert convert_mimic_5x200(dict(a=0), options).summary('a')['labels'] == dict.fromkeys(COMPETITION, 2)
    written = read(tmp_path, 'a')
    assert written['metainfo']['options'] == dict(seed=0, per_class=2, labels='from the reports')
    assert all(entry['labels'] == {entry['exclusive']: 1, 'Pneumothorax': 0} for entry in written['data_list'])
    with pytest.raises(ValueError, match='--label-reports'):
        convert_mimic_5x200(dict(a=0), Mimic5x200Options((path, ), tmp_path, per_class=2))
