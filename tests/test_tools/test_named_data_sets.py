"""NIH ChestX-ray14, VinDr-CXR and COVIDx: made-up films in the real layouts, and the real label files."""
import csv
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_dicom import write_dicom
from made_up_table import film
from mmengine.config import Config
from PIL import Image

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.downstream.masks import Box
from prior_mm.converters.layout_error import LayoutError
from prior_mm.converters.named import nih, vindr
from prior_mm.converters.named.covidx import read_covidx

_SPEC = find_spec('torchxrayvision')
CARRIED = Path(_SPEC.submodule_search_locations[0], 'data') if _SPEC else Path('none')
real = pytest.mark.skipif(not CARRIED.is_dir(), reason='torchxrayvision is not there')


def write_csv(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='') as file:
        csv.writer(file).writerows([header, *rows])


def films(root, *paths):
    for number, path in enumerate(paths):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(film(number)).save(root / path)


def write_nih(root, count=24):
    """Two films a patient, the last quarter of them in the test list, a box on every third."""
    names = [f'{number // 2:08}_{number % 2:03}.png' for number in range(count)]
    labels = [('No Finding', 'Mass', 'Mass|Infiltration')[number % 3] for number in range(count)]
    write_csv(root / 'Data_Entry_2017_v2020.csv',
              ['Image Index', 'Finding Labels', 'Follow-up #', 'Patient ID', 'View Position'],
              [[name, label, 0, number // 2, 'AP' if number % 2 else 'PA']
               for number, (name, label) in enumerate(zip(names, labels, strict=True))])
    cut = count * 3 // 4
    (root / 'train_val_list.txt').write_text('\n'.join(names[:cut]))
    (root / 'test_list.txt').write_text('\n'.join(names[cut:]) + '\n')
    (root / 'BBox_List_2017.csv').write_text('Image Index,Finding Label,Bbox [x,y,w,h],,,\n' + ''.join(
        f'{name},{"Infiltrate" if number % 2 else "Mass"},256,256,512,512\n'
        for number, name in enumerate(names) if number % 3 == 2))
    films(root, *(f'images_00{number % 2 + 1}/images/{name}' for number, name in enumerate(names)))
    return root


def read(path):
    return json.loads(path.read_text())


def test_nih(tmp_path, convert):
    """The official lists are the splits, 15 % of the training patients are val, and labels are many a film."""
    root = write_nih(tmp_path / 'nih')
    status, out, err = convert('nih.py', root, '--workers', 1)
    assert (status, err) == (0, '') and 'Classes: Infiltration, Mass.' in out
    folder = root / 'annotations/own/given/classification'
    parts = {split: read(folder / f'{split}.json') for split in ('train', 'val', 'test')}
    ids = {split: [entry['image_id'] for entry in part['data_list']] for split, part in parts.items()}
    assert ids['test'] == (root / 'test_list.txt').read_text().split()
    assert parts['train']['metainfo']['dataset'] == 'nih'
    assert sorted(ids['train'] + ids['val']) == (root / 'train_val_list.txt').read_text().split() and ids['val']
    assert not {name[:8] for name in ids['train']} & {name[:8] for name in ids['val']}
    entry = next(entry for part in parts.values() for entry in part['data_list']
                 if entry['image_id'].endswith('1_000.png'))
    assert entry['img_path'] == 'images_001/images/00000001_000.png' and entry['labels'] == [1, 1]
    assert not (folder.parent / 'detection').exists()


def test_nih_by_published_lists(tmp_path, convert):
    """BenchX's lists are taken as they are, in its protocol's folder, with its smaller sets; none: that is said.

    NIH's own lists need not be there then.
    """
    root, lists = write_nih(tmp_path / 'nih'), tmp_path / 'lists'
    lists.mkdir()
    (root / 'train_val_list.txt').unlink()
    (root / 'test_list.txt').unlink()
    names = [f'{number // 2:08}_{number % 2:03}.png' for number in range(24)]
    wanted = dict(train=names[:13], val=names[13:18], test=names[18:], train_1=names[:2], train_10=names[:5])
    for name, ids in wanted.items():
        (lists / f'{name}.txt').write_text('\n'.join(ids))
    status, out, err = convert('nih.py', root, '--workers', 1, '--protocol', 'benchx/2', '--split-dir', lists)
    assert (status, err) == (0, ''), err
    folder = root / 'annotations/benchx-2/official'
    for split in ('train', 'val', 'test'):
        part = read(folder / f'classification/{split}.json')
        assert [entry['image_id'] for entry in part['data_list']] == wanted[split]
        assert (part['metainfo']['protocol'], part['metainfo']['repeat']) == ('benchx/2', 'official')
    assert (folder / 'splits/train_1.txt').read_text().split() == wanted['train_1']
    assert not (folder / 'detection').exists() and not (root / 'annotations/own').exists()
    status, _, err = convert('nih.py', root, '--protocol', 'benchx/2')
    assert status == 2 and '--split-dir' in err


def test_vindr_by_published_lists(tmp_path, convert):
    """As NIH's, and classification alone: the protocol says nothing of boxes."""
    root, lists = write_vindr(tmp_path / 'vindr'), tmp_path / 'lists'
    lists.mkdir()
    known = [entry['image'] for entry in vindr.read_vindr(root, 1).entries]
    for place, name in enumerate(('train', 'val', 'test')):
        (lists / f'{name}.txt').write_text('\n'.join(known[place::3]))
    status, _, err = convert('vindr.py', root, '--workers', 1, '--agree', 1, '--protocol', 'benchx/2', '--split-dir',
                             lists)
    assert (status, err) == (0, ''), err
    made = {path.relative_to(root / 'annotations/benchx-2').parts[:2] for path in
            (root / 'annotations/benchx-2').rglob('*.json')}
    assert made == {('official', 'classification')}


def test_nih_boxes(tmp_path, convert):
    """Boxes of 1024 px are scaled to the films, the other name of infiltration is seen through, patients are apart."""
    root = write_nih(tmp_path / 'nih')
    assert convert('nih.py', root, '--boxed', '--out', tmp_path / 'out', '--workers', 1)[0] == 0
    parts = [read(tmp_path / f'out/annotations/own/seed0/detection/{split}.json') for split in ('train', 'val', 'test')]
    assert sum(part['info']['boxes'] for part in parts) == 8 == sum(len(part['images']) for part in parts)
    assert [item['name'] for item in parts[0]['categories']] == ['Infiltration', 'Mass']
    box = parts[0]['annotations'][0]['bbox']
    assert box == pytest.approx([12, 12, 24, 24], rel=1 / 853)  # of 48 x 40 px, for which 1024 x 853 are meant


def test_nih_faults(tmp_path):
    """Lists that do not go with the table, and lines that are no boxes, are named."""
    root = write_nih(tmp_path / 'nih')
    (root / 'test_list.txt').write_text('00000000_000.png\n')
    with pytest.raises(TableError, match='00000000_000.png is not in .* or in both lists'):
        nih.read_nih(root)
    (root / 'BBox_List_2017.csv').write_text('Image Index,Finding Label\nx.png,Mass,1,2,3\n')
    with pytest.raises(TableError, match='line 2: no box'):
        nih.read_nih(root, boxed=True)
    (root / 'test_list.txt').unlink()
    with pytest.raises(LayoutError, match='splits: .* holds no test_list.txt. Put it there, or give --split-dir'):
        nih.read_nih(root)


@real
@pytest.mark.slow
def test_real_nih(tmp_path):
    """The published counts: 112,120 films of 30,805 patients with 14 labels, 984 boxes on 880 films of 8 findings."""
    boxes = nih.read_nih_boxes(CARRIED / 'BBox_List_2017.csv.gz')
    assert (len(boxes), sum(map(len, boxes.values()))) == (880, 984)
    assert len({box[0] for of in boxes.values() for box in of}) == 8
    assert all(x >= 0 and x + width <= 1024.5 and y + height <= 1024.5 and y >= 0
               for of in boxes.values() for _, x, y, width, height in of)
    rows = [row for _, row in nih.read_rows(CARRIED / 'Data_Entry_2017_v2020.csv.gz',
                                            ('Image Index', 'Finding Labels', 'Patient ID'))]
    assert (len(rows), len({row['Patient ID'] for row in rows})) == (112_120, 30_805)
    assert {name for row in rows for name in row['Finding Labels'].split('|')} == {*nih.CLASSES, 'No Finding'}
    found = nih.read_nih(CARRIED, boxed=True)
    assert len(found.entries) == 880 and found.pixels == 1024


def write_vindr(root, count=12):
    """Three radiologists a training film; two of them see what the film shows, one something else."""
    header = ['image_id', 'rad_id', 'class_name', 'x_min', 'y_min', 'x_max', 'y_max']
    rows = []
    for number in range(count):
        for reader in ('R1', 'R2', 'R3'):
            shown = number % 2 and reader != 'R3'
            rows.append([f'f{number}', reader, *(['Cardiomegaly', 10, 20, 30, 40] if shown else
                                                 ['Atelectasis', 1, 1, 5, 5] if number % 3 == 2 and reader == 'R3' else
                                                 ['No finding', '', '', '', ''])])
    write_csv(root / 'annotations/annotations_train.csv', header, rows)
    write_csv(root / 'annotations/annotations_test.csv', [header[0], *header[2:]],
              [['t0', 'Cardiomegaly', 10, 20, 30, 40], ['t1', 'No finding', '', '', '', '']])
    write_csv(root / 'annotations/image_labels_test.csv', ['image_id', 'Cardiomegaly', 'Pneumothorax'],
              [['t0', 1, 0], ['t1', 0, 1]])
    films(root, *(f'train/f{number}.png' for number in range(count)), 'test/t0.png')
    write_dicom(root / 'test/t1.dicom', film(99))  # as they are published
    return root


def test_vindr(tmp_path, convert):
    """Two of three radiologists are believed, of the test set all; boxes are in the pixels of the films."""
    root = write_vindr(tmp_path / 'vindr')
    status, out, err = convert('vindr.py', root, '--workers', 1)
    assert (status, err) == (0, '') and 'Classes: Cardiomegaly, Pneumothorax.' in out
    test = read(root / 'annotations/own/given/detection/test.json')
    assert [item['bbox'] for item in test['annotations']] == [[10, 20, 20, 20]]
    entries = read(root / 'annotations/own/given/classification/test.json')['data_list']
    assert [(entry['img_path'], entry['labels']) for entry in entries] == [('test/t0.png', [1, 0]),
                                                                          ('test/t1.dicom', [0, 1])]
    by_one = vindr.read_vindr(root, agree=1)
    assert {entry['finding'] for entry in by_one.entries} == {
        'Cardiomegaly', 'No finding', 'Atelectasis', 'Pneumothorax', 'Atelectasis|Cardiomegaly'}


@given(st.lists(st.tuples(st.sampled_from(['R1', 'R2', 'R3']), st.integers(0, 40), st.integers(1, 30)), max_size=6))
def test_merged_boxes(found):
    """No box is kept that too few drew; alone, all stand for something; one drawn by all alike is kept as it is."""
    boxes = [(reader, Box(x, x, size, size)) for reader, x, size in found]
    merged = vindr.merge_boxes(boxes, 1)
    assert len(vindr.merge_boxes(boxes, 3)) <= len(vindr.merge_boxes(boxes, 2)) <= len(merged) <= len(boxes)
    assert bool(merged) == bool(boxes)
    same = Box(1., 2., 3., 4.)
    assert vindr.merge_boxes([(reader, same) for reader in ('R1', 'R2', 'R3')], 3) == [same]
    assert vindr.merge_boxes([('R1', same), ('R1', same)], 2) == []


@real
@pytest.mark.slow
def test_real_vindr():
    """Kaggle's table: 36,096 boxes of 17 radiologists on 15,000 films become one for each thing that two agree on."""
    found = vindr._entries(CARRIED / 'vinbigdata-train.csv.gz', None, '', 2)
    boxes = [box[0] for entry in found for box in entry['boxes']]
    assert (len(found), len(boxes)) == (15_000, 8_163) and set(boxes) == set(vindr.CLASSES)
    assert sum(entry['finding'] == 'No finding' for entry in found) == 10_648
    assert all(name in entry['finding'].split('|') for entry in found for name, *_ in entry['boxes'])


@pytest.mark.parametrize('names, classes', [(('negative', 'positive'), ('COVID-19', )),
                                            (('normal', 'pneumonia', 'COVID-19'), ('Pneumonia', 'COVID-19'))])
def test_covidx(tmp_path, convert, names, classes):
    """Both kinds of lists; files with blanks in their names; a version is asked for where there are several."""
    root = tmp_path / 'covidx'
    root.mkdir()
    for split, count in (('train', 30), ('test', 9)):
        (root / f'{split}_COVIDx9B.txt').write_text('\n'.join(
            f'{split}{number} {split} film {number}.png {names[number % len(names)]} ricord'
            for number in range(count)))
        films(root, *(f'{split}/{split} film {number}.png' for number in range(count)))
    status, out, err = convert('covidx.py', root, '--workers', 1)
    assert (status, err) == (0, '') and f'Classes: {", ".join(classes)}.' in out
    test = read(root / 'annotations/own/given/classification/test.json')
    assert len(test['data_list']) == 9 and test['data_list'][0]['img_path'] == 'test/test film 0.png'
    (root / 'train_COVIDx8A.txt').write_text('')
    with pytest.raises(LayoutError, match='Say which with --version'):
        read_covidx(root)
    assert len(read_covidx(root, 'covidx9b').entries) == 39
    (root / 'train_COVIDx9B.txt').write_text('1 a.png sick\n')
    with pytest.raises(TableError, match='list of train, line 1: wanted are patient'):
        read_covidx(root, 'COVIDx9B')


@pytest.mark.parametrize('name, task', [('nih_cls', 'classification'), ('vindr_cls', 'classification'),
                                        ('vindr_det', 'detection'), ('covidx_cls', 'classification')])
def test_configs(name, task):
    """Each named data set has a config, of the annotation files that its converter writes."""
    if task == 'detection':
        pytest.importorskip('mmdet')
    settings = Config.fromfile(Path(__file__).parents[2] / f'configs/downstream/{name}.py').downstream
    assert (settings.task, settings.protocol, settings.repeat) == (task, 'own/1', 'given')
    assert settings.dataset == name.partition('_')[0] and settings.classes is None
