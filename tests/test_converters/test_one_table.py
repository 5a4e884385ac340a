"""Two tables of one kind: the same one twice is read once, two that differ are an error that names both."""
import gzip
import json
from pathlib import Path

import pytest
from made_up_downstream import CHEXPERT_HEADER, chexpert_row, write_chexpert, write_csv
from made_up_mimic import Study, write_mimic, write_table
from rich.console import Console

from prior_mm.converters.csv_tables import TableError, one_table
from prior_mm.converters.downstream.chexpert import ChexpertOptions, convert_chexpert
from prior_mm.converters.downstream.chexpert_5x200 import convert_5x200, read_list
from prior_mm.converters.downstream.chexpert_labels import COMPETITION
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.mimic_cxr import read_mimic_tables
from prior_mm.converters.mimic_layout import find_mimic_layout

NAMES = [name.replace(' ', '_') for name in COMPETITION]
QUIET = Console(quiet=True)


@pytest.mark.parametrize('kind', ['metadata', 'split', 'chexpert'])
@pytest.mark.parametrize('name', ['mimic-cxr-2.0.0-{}.csv', 'my-{}.csv', '{}.csv', 'my-{}.csv.gz'])
def test_two_tables_of_mimic(tmp_path, kind, name):
    """A plain copy of the gzipped table changes nothing; another table is named with the first, and how to choose."""
    write_mimic(tmp_path, [Study(0)])
    zipped = tmp_path / f'mimic-cxr-2.0.0-{kind}.csv.gz'
    other = tmp_path / name.format(kind)
    other.write_bytes(gzip.decompress(zipped.read_bytes()))
    assert find_mimic_layout(tmp_path)
    other.write_bytes(other.read_bytes() + b'1,2,3\n')
    with pytest.raises(TableError) as caught:
        find_mimic_layout(tmp_path)
    option = '--labels' if kind == 'chexpert' else f'--{kind}'
    assert all(part in str(caught.value) for part in (str(zipped), str(other), option))


def test_two_tables_of_chexpert(tmp_path):
    """The same rule for the tables of the supervised tasks."""
    root = write_chexpert(tmp_path, [chexpert_row(0, Edema='1.0')])
    (root / 'train.csv.gz').write_bytes(gzip.compress(b'Path\n'))
    with pytest.raises(TableError, match='train.csv and .*train.csv.gz are two tables.*--train-csv'):
        convert_chexpert(DownstreamSettings(root, root, root), ChexpertOptions(), QUIET)


def test_one_table(tmp_path):
    """None of none; ends of lines do not make another table; a damaged file is named."""
    assert one_table([], '--x') is None
    plain, zipped = tmp_path / 'a.csv', tmp_path / 'a.csv.gz'
    plain.write_bytes(b'a,b\n1,2\n')
    zipped.write_bytes(gzip.compress(b'a,b\r\n1,2\r\n'))
    assert one_table([zipped, plain], '--x') == plain
    zipped.write_bytes(zipped.read_bytes()[:12])
    with pytest.raises(TableError, match='a.csv.gz: the gzip file is damaged'):
        one_table([zipped, plain], '--x')


def test_five_of_two_thousand(tmp_path):
    """A partial download, wherever its studies stand in the table, is converted; none at all is still an error."""
    made = [Study(number, ('PA', ), images=number % 400 == 399, report=None if number % 400 != 399 else Study(0).report)
            for number in range(2000)]
    write_mimic(tmp_path, made)
    studies = read_mimic_tables(find_mimic_layout(tmp_path))
    assert len(studies) == 2000 and sum(study.report.is_file() for study in studies.studies()) == 5


def test_the_code_where_the_position_is_empty(tmp_path):
    """ViewCodeSequence is taken where ViewPosition says nothing, and only there."""
    study = Study(0)
    write_mimic(tmp_path, [study])
    (tmp_path / f'{study.folder}/d.jpg').write_bytes(b'x')
    rows = [(name, study.subject_id, study.study_id, view, code) for name, view, code in (
        ('a', '', 'antero-posterior'), ('b', '', 'Postero-Anterior'), ('c', '', 'lateral'),
        ('d', 'LATERAL', 'postero-anterior'), ('e', 'AP', ''), ('f', '', ''))]
    write_table(tmp_path / 'mimic-cxr-2.0.0-metadata.csv.gz', [
        ('dicom_id', 'subject_id', 'study_id', 'ViewPosition', 'ViewCodeSequence_CodeMeaning'), *rows])
    found, = read_mimic_tables(find_mimic_layout(tmp_path), check_images=False).studies()
    assert found.views == ('AP', 'PA', 'AP')


def test_layout_of_2022(tmp_path):
    """Batches, validate and test folders; test labels without Frontal/Lateral, whose paths tell the view."""
    rows = [chexpert_row(number, **{NAMES[number % 5]: '1.0'}) for number in range(20)]
    valid = [chexpert_row(64540, folder='valid', Edema='1.0')]
    for row in rows:
        image = row[0].split('/train/')[1]
        path = tmp_path / f'CheXpert-v1.0 batch {2 + int(image[7:12]) % 2} (train {1 + int(image[7:12]) % 2})' / image
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b'x')
    first = tmp_path / 'CheXpert-v1.0 batch 1 (validate & csv)'
    write_csv(first / 'train.csv', [CHEXPERT_HEADER, *rows])
    write_csv(first / 'valid.csv', [CHEXPERT_HEADER, *valid])
    tested = tmp_path / 'CheXpert/test/patient64741/study1'
    for path in (first / 'valid/patient64540/study1/view1_frontal.jpg', tested / 'x'):
        path.parent.mkdir(parents=True)
        path.write_bytes(b'x')
    for view in ('frontal', 'lateral'):
        (tested / f'view1_{view}.jpg').write_bytes(b'x')
    write_csv(tmp_path / 'test_labels.csv', [('Path', *COMPETITION)] + [
        (f'test/patient64741/study1/view1_{view}.jpg', *'01000') for view in ('frontal', 'lateral')])
    settings = DownstreamSettings(tmp_path, tmp_path, tmp_path / 'out')
    tally, _, names = convert_chexpert(settings, ChexpertOptions(), QUIET)
    assert names == ('train', 'val', 'test', 'valid', 'official_test')
    assert sum(tally.kept.values()) == 22 and tally.kept['official_test'] == 1
    found = json.loads((tmp_path / 'out/annotations/official_test.json').read_text())
    entry, = found['data_list']
    assert entry['img_path'] == 'CheXpert/test/patient64741/study1/view1_frontal.jpg' and entry['gt_label'] == [1]
    assert entry['image_id'] == 'test/patient64741/study1/view1_frontal.jpg'
    assert 'test_labels.csv' in found['metainfo']['sources']


@pytest.mark.parametrize('name', ['small.json', 'v1.json', 'gloria.csv'])
def test_given_lists(tmp_path, name):
    """Lists with the paths of another version, or as a table, are matched by patient, study and view."""
    source = Path(__file__).parents[1] / 'data' / 'lists' / name
    chosen = read_list(source)
    assert all(item.path.startswith('train/patient') for item in chosen)
    assert {item.label for item in chosen} == set(range(5))
    # in another order than the list's, behind a row of somebody else
    rows = [chexpert_row(int(item.path[13:18]), **{NAMES[item.label]: '1.0'}) for item in chosen[::-1]]
    rows.insert(0, chexpert_row(0))
    root = write_chexpert(tmp_path, rows)
    tally, compared = convert_5x200(DownstreamSettings(root, root, root), {'listed': source}, QUIET)
    assert compared and tally.kept == {'listed': len(chosen)}
    entries = json.loads((root / 'annotations/listed.json').read_text())['data_list']
    assert [(entry['img_path'], entry['gt_label']) for entry in entries] == [(item.path, item.label) for item in chosen]
    assert all(rows[entry['row']][0].endswith(entry['img_path']) for entry in entries)
    own = tmp_path / 'own.json'
    own.write_text(json.dumps({'0': dict(image_path=f'/home/somebody/data/CheXpert-v1.0/{chosen[0].path}',
                                         label=[1, 0, 0, 0, 0])}))
    assert read_list(own)[0].path == chosen[0].path
