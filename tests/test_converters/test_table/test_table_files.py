"""A table becomes annotation files that the data sets read: patients apart, all images looked at, in any repeat."""
import csv
import json

import numpy as np
import pytest
from made_up_table import film, own_rows, write_own
from PIL import Image
from rich.console import Console

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.table.convert import TableOptions, convert_table
from prior_mm.converters.table.find_images import find_images
from prior_mm.converters.table.labels import LabelOptions
from prior_mm.converters.table.own_repeats import SplitOptions
from prior_mm.datasets import StudyDataset
from prior_mm.datasets.labelled_radiographs import LabelledRadiographs
from prior_mm.downstream.classification import RadiographClassification

SPLITS = ('train', 'val', 'test')


def convert(root, settings=None, **options):
    settings = DownstreamSettings(root, root, root, workers=1, **(settings or {}))
    return convert_table(settings, TableOptions('mine', **options), Console(quiet=True))


def entries(root, name, repeat='seed0'):
    path = root / f'annotations/own/{repeat}/{name}.json'
    return json.loads(path.read_text()) if path.is_file() else dict(metainfo={}, data_list=[])


def test_all_files(tmp_path):
    """Every image is in one split with its patient, with the labels of its row; the data sets read what is written."""
    rows = own_rows()
    (_, tally), = convert(write_own(tmp_path, rows))
    assert sum(tally.kept.values()) == 40
    labels = {row['file']: [int(name in row['Finding Labels']) for name in ('Edema', 'Mass')] for row in rows}
    patients, seen = {}, {}
    for split in SPLITS:
        found = entries(tmp_path, f'classification/{split}')
        assert found['metainfo']['protocol'] == 'own/1' and found['metainfo']['dataset'] == 'mine'
        for entry in found['data_list']:
            seen[entry['image_id']] = entry['labels']
            assert (tmp_path / entry['img_path']).is_file()
            assert patients.setdefault(entry['patient_id'], split) == split
        studies = StudyDataset(f'annotations/own/seed0/pretraining/{split}.json', str(tmp_path))
        assert {studies.get_data_info(n)['study_id'] for n in range(len(studies))} == {
            entry['image_id'] for entry in found['data_list']}
        exclusive = entries(tmp_path, f'zero_shot/{split}')['data_list']
        assert [entry['image_id'] for entry in exclusive] == [
            entry['image_id'] for entry in found['data_list'] if sum(entry['labels']) == 1]
    assert seen == labels
    ann_file = 'annotations/own/seed0/classification/train.json'
    data = RadiographClassification(ann_file=ann_file, data_root=str(tmp_path), pipeline=[],
                                    ids='annotations/own/seed0/classification/train_10.txt')
    assert len(data) == 2 and data.metainfo['classes'] == ('Edema', 'Mass')
    shown = LabelledRadiographs('annotations/own/seed0/zero_shot/train.json', str(tmp_path))
    assert shown.metainfo['classes'] == ['Edema', 'Mass']


def test_one_finding(tmp_path):
    """One class is a question of yes or no, which zero-shot classification takes as two classes."""
    convert(write_own(tmp_path), labels=LabelOptions(classes=('Mass', )))
    for task in ('classification', 'zero_shot'):
        metainfo = entries(tmp_path, f'{task}/test')['metainfo']
        assert (metainfo['classes'], metainfo['schema']) == (['no Mass', 'Mass'], 'prior_mm.classification/1')


def test_repeats(tmp_path):
    """Seeds and folds give a folder each; of the folds, each image is tested once."""
    root = write_own(tmp_path)
    convert(root, splits=SplitOptions(seeds=(0, 1)))
    tested = [entries(root, 'classification/test', repeat)['data_list'] for repeat in ('seed0', 'seed1')]
    assert tested[0] != tested[1]
    convert(root, splits=SplitOptions(folds=5))
    names = [entry['image_id'] for fold in range(5)
             for entry in entries(root, 'classification/test', f'fold{fold}')['data_list']]
    assert sorted(names) == sorted(row['file'] for row in own_rows())


def test_given_splits(tmp_path):
    """The table's own test stays as it is, val is drawn from its train by patients; a patient in two is refused."""
    rows = [dict(row, split='testing' if int(row['Patient ID'][1:]) % 4 == 0 else 'Train') for row in own_rows()]
    convert(write_own(tmp_path, rows), labels=LabelOptions(classes=('Mass', )))
    found = {split: {entry['image_id'] for entry in entries(tmp_path, f'classification/{split}', 'given')['data_list']}
             for split in SPLITS}
    assert found['test'] == {row['file'] for row in rows if row['split'] == 'testing'}
    assert found['val'] and found['train'] | found['val'] == {row['file'] for row in rows} - found['test']
    owner = {row['file']: row['Patient ID'] for row in rows}
    assert not {owner[name] for name in found['train']} & {owner[name] for name in found['val']}
    rows[1]['split'] = 'Train'
    with pytest.raises(TableError, match='the patient p0 is in test .* and in train'):
        convert(write_own(tmp_path, rows))


def test_resized_copies(tmp_path):
    """Annotations name copies of the size asked for; a copy that is there from a stopped run is not made again.

    One that another program put there, or of an image that changed since, is.
    """
    root = write_own(tmp_path)
    copy, foreign = (root / f'resized_20/images/f{number}.jpg' for number in (0, 1))
    foreign.parent.mkdir(parents=True)
    Image.fromarray(film(7, (20, 24))).save(foreign)
    before = foreign.read_bytes()
    convert(root, settings=dict(short_side=20))
    assert foreign.read_bytes() != before
    made = copy.stat()
    convert(root, settings=dict(short_side=20))
    assert copy.stat().st_mtime_ns == made.st_mtime_ns and copy.stat().st_ino == made.st_ino
    for split in SPLITS:
        for entry in entries(root, f'classification/{split}')['data_list']:
            with Image.open(root / entry['img_path']) as image:
                assert image.size == (24, 20) and 'resized_20' in entry['img_path']
    assert entries(root, 'pretraining/train')['metainfo']['resized_short_side'] == 20


def test_images_that_cannot_be_used(tmp_path):
    """Missing, empty and damaged images are listed with their reason, and are in no annotation file."""
    root = write_own(tmp_path)
    (root / 'images/f1.png').write_bytes(b'')
    (root / 'images/f2.png').write_bytes(b'no image')
    (root / 'images/f3.png').unlink()
    convert(root)
    listed = (root / 'annotations/own/seed0/left_out.csv').read_text()
    assert listed.count('image missing or empty') == 2 and listed.count('image unreadable') == 1
    used = [entry['image_id'] for split in SPLITS for entry in entries(root, f'classification/{split}')['data_list']]
    assert len(used) == 37 and not {'f1.png', 'f2.png', 'f3.png'} & set(used)
    assert 'f3.png' in (root / 'annotations/own/seed0/pretraining/left_out.csv').read_text()


def test_no_file_of_another_view(tmp_path):
    """An image that is missing is left out, where a lateral view has a file of the same name."""
    rows = [dict(row, file=f'{view}/{number}.png', view=view.upper())
            for number, row in enumerate(own_rows()) for view in ('frontal', 'lateral')]
    for view in ('lateral', 'frontal'):
        root = write_own(tmp_path, [row for row in rows if row['view'] == view.upper()], folder=view)
    (root / 'frontal/2.png').unlink()
    with (root / 'films.csv').open('a', newline='') as file:
        csv.DictWriter(file, rows[0]).writerows(row for row in rows if row['view'] == 'LATERAL')
    convert(root)
    used = [entry['img_path'] for split in SPLITS for entry in entries(root, f'classification/{split}')['data_list']]
    assert sorted(used) == sorted(f'frontal/{number}.png' for number in range(40) if number != 2)
    assert 'frontal/2.png' in (root / 'annotations/own/seed0/left_out.csv').read_text()


@pytest.mark.parametrize(('name', 'path', 'found'), [
    ('p1/s1/v.png', 'files/p1/s1/v.png', True), ('p1/s1/v', 'files/p1/s1/v.png', True),
    ('v', 'p1/s1/v.png', True), ('/old/p1/s1/v.png', 'p1/s1/v.png', True), ('C:\\old\\p1\\v', 'p1/v.png', True),
    ('/old/films/v.png', 'v.png', True), ('p2/s1/v.png', 'p1/s1/v.png', False), ('/old/p2/v.png', 'p1/v.png', False),
    ('/old/p2/v.png', 'v.png', False), ('p1/g', 'p2/g.png', False)])
def test_names_with_folders(tmp_path, name, path, found):
    """The folders of one, the table or the image root, may go on above the other's; those that both have are alike."""
    films = tmp_path / 'films'
    for place in (path, 'another.png'):
        (films / place).parent.mkdir(parents=True, exist_ok=True)
        (films / place).touch()
    settings = DownstreamSettings(tmp_path, films, tmp_path)
    assert find_images([name, 'another'], settings, tmp_path / 'table.csv')[name] == (path if found else '')


def test_a_bare_name_takes_no_file_of_another(tmp_path):
    """What another name of the table stands for is not free, although that image is not asked for."""
    (tmp_path / 'lateral').mkdir()
    (tmp_path / 'lateral/2.png').touch()
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path)
    with pytest.raises(ValueError, match='names 2.png and lateral/2, which are one file, lateral/2.png'):
        find_images(['2.png'], settings, tmp_path / 'table.csv', others=['2.png', 'lateral/2'])


def test_studies_of_several_views(tmp_path):
    """Images of a study share its report; lateral views are left out unless they are wanted."""
    rows = [dict(row, study=f's{number // 2}', view='LATERAL' if number % 2 else 'AP Supine',
                 report=own_rows()[number - number % 2]['report'])
            for number, row in enumerate(own_rows())]
    for number, row in enumerate(rows):
        row['Patient ID'] = f'p{number // 4}'
    convert(write_own(tmp_path, rows))
    studies = [study for split in SPLITS for study in entries(tmp_path, f'pretraining/{split}')['data_list']]
    assert len(studies) == 20 and {len(study['images']) for study in studies} == {1}
    convert(tmp_path, all_views=True)
    studies = [study for split in SPLITS for study in entries(tmp_path, f'pretraining/{split}')['data_list']]
    assert {len(study['images']) for study in studies} == {2} and studies[0]['labels'].keys() == {'Edema', 'Mass'}


def test_reports_in_files(tmp_path):
    """A column may name text files; one that is missing is told."""
    rows = own_rows()
    root = write_own(tmp_path, [dict(row, report=f'texts/{number}.txt') for number, row in enumerate(rows)])
    (root / 'texts').mkdir()
    for number, row in enumerate(rows[:-1]):
        (root / f'texts/{number}.txt').write_text(f'FINDINGS: {row["report"]}')
    convert(root)
    studies = [study for split in SPLITS for study in entries(root, f'pretraining/{split}')['data_list']]
    assert len(studies) == 39 and len(studies[0]['sentences']) == 5
    assert 'there is no' in (root / 'annotations/own/seed0/pretraining/left_out.csv').read_text()


def test_faults(tmp_path):
    """A folder without the images, rows that contradict each other, a name that stands for two files."""
    rows = own_rows()
    with pytest.raises(TableError, match='line 42: Patient ID of f0.png is .p9. here and .p0. in line 2'):
        convert(write_own(tmp_path / 'a', [*rows, dict(rows[0], **{'Patient ID': 'p9'})]))
    root = write_own(tmp_path / 'b', rows)
    (root / 'more').mkdir()
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(root / 'more/f0.png')
    with pytest.raises(ValueError, match='f0.png may be images/f0.png or more/f0.png'):
        convert(root)
    (root / 'images').rename(tmp_path / 'elsewhere')
    (root / 'more/f0.png').unlink()
    with pytest.raises(LayoutError, match='none of 40 that'):
        convert(root)
    with pytest.raises(ValueError, match='nothing is known of the images'):
        convert(write_own(tmp_path / 'c', [dict(file=row['file']) for row in rows]))
