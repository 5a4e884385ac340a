"""Splits of supervised data: patients are never on both sides, findings are spread evenly, lists must fit."""
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.list_names import read_list_names
from prior_mm.converters.downstream.split_lists import read_split_lists
from prior_mm.converters.downstream.splits import SHARES, draw_folds, draw_splits, parse_shares, read_patients

TABLE = Path('table.csv')
LABELS = {f'i{number:03d}': frozenset(['x'] if number % 4 == 0 else []) for number in range(400)}


@given(st.lists(st.integers(0, 40), min_size=60, max_size=200), st.integers(0, 3))
@settings(max_examples=30)
def test_patients_stay_together(owners, seed):
    """All images of a patient are in one split, and each image is in one."""
    labels = {f'i{number}': frozenset(['x'] if number % 3 else []) for number in range(len(owners))}
    patients = {f'i{number}': f'p{owner}' for number, owner in enumerate(owners)}
    splits = draw_splits(labels, patients, SHARES, (1., 10.), seed)
    of_patient = defaultdict(set)
    for image, split in splits.of.items():
        of_patient[patients[image]].add(split)
    assert list(splits.of) == list(labels) and all(len(found) == 1 for found in of_patient.values())


def test_shares_and_seed():
    """Sizes are as asked for, a finding is as frequent in each, and only the seed matters."""
    splits = draw_splits(LABELS, {}, SHARES, (1., 10.), 0)
    assert Counter(splits.of.values()) == dict(train=280, val=60, test=60)
    found = Counter(split for image, split in splits.of.items() if LABELS[image])
    assert abs(found['train'] - 70) <= 1 and abs(found['val'] - 15) <= 1 and abs(found['test'] - 15) <= 1
    assert splits == draw_splits(LABELS, {}, SHARES, (1., 10.), 0)
    assert splits.of != draw_splits(LABELS, {}, SHARES, (1., 10.), 1).of
    assert {name: len(ids) for name, ids in splits.subsets.items()} == dict(train_1=2, train_10=28)
    assert set(splits.subsets['train_1']) <= set(splits.subsets['train_10'])
    assert all(splits.of[image] == 'train' for image in splits.subsets['train_10'])


def test_folds():
    """Five folds are five shares of equal size; each has its own smaller sets."""
    splits = draw_splits(LABELS, {}, parse_shares('f0=20,f1=20,f2=20,f3=20,f4=20'), (10., 100.), 0)
    assert Counter(splits.of.values()) == {f'f{number}': 80 for number in range(5)}
    assert {name: len(ids) for name, ids in splits.subsets.items()} == {f'f{number}_10': 8 for number in range(5)}


@given(st.lists(st.integers(0, 30), min_size=15, max_size=150), st.integers(3, 6), st.integers(0, 3))
@settings(max_examples=30)
def test_cross_validation(owners, folds, seed):
    """Tests are disjoint and together everything, the next fold validates, no patient is on two sides, smaller sets of
    labels are nested, and the same seed gives the same."""
    labels = {f'i{number}': frozenset(['x'] if number % 3 else []) for number in range(len(owners))}
    patients = {f'i{number}': f'p{owner}' for number, owner in enumerate(owners)}
    items = draw_folds(labels, patients, folds, (10., 50.), seed)
    tests = [{image for image, split in item.of.items() if split == 'test'} for item in items]
    assert sum(map(len, tests)) == len(labels) and set.union(*tests) == set(labels)
    for fold, item in enumerate(items):
        assert list(item.of) == list(labels) and item.names == ('train', 'val', 'test')
        assert {image for image, split in item.of.items() if split == 'val'} == tests[(fold + 1) % folds]
        sides = defaultdict(set)
        for image, split in item.of.items():
            sides[patients[image]].add(split)
        assert all(len(found) == 1 for found in sides.values())
        smaller = [set(item.subsets.get(name, ())) for name in ('train_10', 'train_50')]
        assert smaller[0] <= smaller[1] <= {image for image, split in item.of.items() if split == 'train'}
        assert item.origin['fold'] == fold
    again = draw_folds(dict(reversed(labels.items())), patients, folds, (10., 50.), seed)
    assert [item.of for item in again] == [item.of for item in items]  # whatever the order of the table


def test_folds_are_stratified():
    """Without patients, sizes and findings are the same in each fold but for one or two; another seed differs."""
    items = draw_folds(LABELS, {}, 5, (1., 10.), 0)
    for item in items:
        assert Counter(item.of.values()) == dict(train=240, val=80, test=80)
        assert all(abs(sum(bool(LABELS[image]) for image, split in item.of.items() if split == name) - count) <= 2
                   for name, count in dict(train=60, val=20, test=20).items())
    assert items[0].of != draw_folds(LABELS, {}, 5, (1., ), 1)[0].of
    with pytest.raises(ValueError, match='at least 3 folds'):
        draw_folds(LABELS, {}, 2, (), 0)


@pytest.mark.parametrize('text', ['', 'train', 'train=x,val=50', 'train=70,val=20', 'a=50,a=50', '../a=50,b=50',
                                  'a_1=50,b=50', 'a=nan,b=50', 'a=0,b=100'])
def test_shares_that_are_none(text):
    """Shares must be numbers that add up to 100, under names that can be files'."""
    with pytest.raises(ValueError, match='share'):
        parse_shares(text)


def write_lists(folder, **lists):
    folder.mkdir(exist_ok=True)
    for name, ids in lists.items():
        (folder / f'{name}.txt').write_text('\n'.join(ids) + '\n')
    return folder


def test_lists(tmp_path):
    """Published lists are taken as they are, smaller sets, too; what is written is read as the same."""
    folder = write_lists(tmp_path / 'a', test=['i000'], val=['i001'], train=['i005', 'i002', 'i003'], train_10=['i003'])
    splits = read_split_lists(folder, LABELS, (1., ), 0, TABLE)
    assert splits.names == ('train', 'val', 'test') and len(splits.of) == 5 and splits.of['i005'] == 'train'
    assert splits.subsets == dict(train_10=['i003']) and len(splits.files) == 4
    splits.write(tmp_path / 'b')
    again = read_split_lists(tmp_path / 'b', LABELS, (1., ), 0, TABLE)
    assert (again.of, again.subsets) == (splits.of, splits.subsets)
    assert (tmp_path / 'b/train.txt').read_text() == 'i002\ni003\ni005\n'


def test_smaller_sets_are_drawn_where_none_is_published(tmp_path):
    """Lists of the splits alone: the smaller sets are drawn from train."""
    folder = write_lists(tmp_path / 'a', train=list(LABELS)[:200], test=list(LABELS)[200:])
    splits = read_split_lists(folder, LABELS, (10., ), 0, TABLE)
    assert {name: len(ids) for name, ids in splits.subsets.items()} == dict(train_10=20)


def test_lists_that_overlap(tmp_path):
    """Refused with the numbers of each pair; taken as published when that is asked for, and then it is said."""
    images = list(LABELS)
    folder = write_lists(tmp_path / 'a', train=images[:10], val=images[7:12], train_10=[images[9]],
                         test=[*images[9:11], images[2], images[2]])
    numbers = '3 images in train and val, 2 in train and test, 2 in val and test'
    with pytest.raises(TableError, match='test.txt, line 4: .* is there twice'):
        read_split_lists(folder, LABELS, (1., ), 0, TABLE)
    write_lists(folder, test=[*images[9:11], images[2]])
    with pytest.raises(TableError, match=rf'{numbers}.*--allow-overlap'):
        read_split_lists(folder, LABELS, (1., ), 0, TABLE)
    splits = read_split_lists(folder, LABELS, (1., ), 0, TABLE, allow_overlap=True)
    members = {name: {image for image in LABELS if name in splits.all_of(image)} for name in splits.names}
    assert members == dict(train=set(images[:10]), val=set(images[7:12]), test={*images[9:11], images[2]})
    assert splits.origin['overlap'] == {'train and val': 3, 'train and test': 2, 'val and test': 2}
    assert numbers in splits.describe() and splits.subsets == dict(train_10=[images[9]])
    splits.write(tmp_path / 'b')
    assert (tmp_path / 'b/test.txt').read_text().split() == [images[2], *images[9:11]]


def test_smaller_sets_of_overlapping_lists(tmp_path):
    """Drawn from all that is trained on, also what is tested, too."""
    images = list(LABELS)[:100]
    folder = write_lists(tmp_path / 'a', train=images, test=images[:50])
    assert len(read_split_lists(folder, LABELS, (10., ), 0, TABLE, allow_overlap=True).subsets['train_10']) == 10


def test_names_of_another_copy(tmp_path):
    """Names that another copy's own tables translate; two translations of one name are an error."""
    images = list(LABELS)
    tables = [tmp_path / 'train.csv', tmp_path / 'test.csv']
    for path, rows in zip(tables, ((0, 1), (2, )), strict=True):
        path.write_text('new_filename,ImageId,has_pneumo\n'
                        + ''.join(f'{row}_x_.png,{images[row]},1\n' for row in rows))
    folder = write_lists(tmp_path / 'a', train=['0_x_', '1_x_'], test=['2_x_'])
    with pytest.raises(TableError, match="'2_x_' is not in table.csv.*--list-names"):
        read_split_lists(folder, LABELS, (), 0, TABLE)
    splits = read_split_lists(folder, LABELS, (), 0, TABLE, read_list_names(tables))
    assert splits.of == {images[0]: 'train', images[1]: 'train', images[2]: 'test'}
    tables[1].write_text(f'new_filename,ImageId\n0_x_.png,{images[5]}\n')
    with pytest.raises(TableError, match='test.csv, line 2: 0_x_ is .* above'):
        read_list_names(tables)


@pytest.mark.parametrize('lists, message', [
    (dict(train=['i000', 'zzz']), "train.txt, line 2: 'zzz' is not in table.csv"),
    (dict(train=['i000', '', 'i000']), 'train.txt, line 3: i000 is there twice'),
    (dict(train=['i000'], val=['i001', 'i000']), 'line [12]: i000 is in (train|val).txt, too'),
    (dict(train=['i000'], test=['i001'], train_1=['i001']), 'train_1.txt, line 1: i001 is not in train.txt'),
    (dict(train=[]), 'train.txt: the list is empty'), (dict(train_1=['i000']), 'holds no list')])
def test_faults_of_lists(tmp_path, lists, message):
    """An image that is unknown, twice, in two splits, or in a part of another split: file and line."""
    with pytest.raises(TableError, match=message):
        read_split_lists(write_lists(tmp_path / 'a', **lists), LABELS, (1., ), 0, TABLE)


def test_patients(tmp_path):
    """A table of patients must name one for each image."""
    path = tmp_path / 'patients.csv'
    path.write_text('image_id,patient_id\na,1\nb,1\n')
    assert read_patients(path, ['a', 'b']) == dict(a='1', b='1')
    with pytest.raises(TableError, match='no patient for 1 images, such as c'):
        read_patients(path, ['a', 'c'])
    path.write_text('image_id,patient_id\na,1\na,2\n')
    with pytest.raises(TableError, match='line 3: the image a is of another patient'):
        read_patients(path, ['a'])
