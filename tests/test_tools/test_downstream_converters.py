"""The converters of the supervised data sets as a user calls them: options, tables, messages, exit status."""
import json

import pytest
from made_up_downstream import chexpert_row, siim_id, write_chexpert, write_file, write_rsna, write_siim
from printed_table import rows


def test_rsna(tmp_path, convert):
    """A table by reason and split, a word on the splits, examples; the same bytes when run again."""
    root = write_rsna(tmp_path)
    write_file(root / 'stage_2_train_images/p11.dcm', b'')
    status, out, err = convert('rsna.py', root, '--pixels', 64, '--examples', 2)
    assert (status, err) == (0, '')
    assert rows(out) == {'kept': 39, 'with pneumonia': 10, 'with no pneumonia': 29,
                         'dropped: image missing or empty': 1}
    assert '  stage_2_train_images/p11.dcm' in out and 'drawn, seed 0. Smaller sets of labels: train_1 (1)' in out
    written = {path: path.read_bytes() for path in (root / 'annotations').rglob('*.*')}
    assert len(written) == 3 * 4 + 5 + 1
    assert b'stage_2_train_images/p11.dcm' in written[root / 'annotations/left_out.csv']
    assert convert('rsna.py', root, '--pixels', 64)[0] == 0
    assert written == {path: path.read_bytes() for path in (root / 'annotations').rglob('*.*')}


def test_rsna_by_lists_with_the_challenges_test(tmp_path, convert):
    """MRM's test films lie in a folder of their own, their labels in a table that is named: all are taken."""
    root, lists = write_rsna(tmp_path / 'rsna'), tmp_path / 'lists'
    for name in ('q1', 'q2', 'not_in_the_table'):
        write_file(root / f'stage_2_test_images/{name}.dcm')
    table = tmp_path / 'with_test.csv'
    table.write_text((root / 'stage_2_train_labels.csv').read_text() + 'q1,4.0,6.0,10.0,12.0,1\nq2,,,,,0\n')
    lists.mkdir()
    wanted = dict(train=[f'p{number:02d}' for number in range(30)], val=[f'p{number}' for number in range(30, 40)],
                  test=['q1', 'q2'])
    for name, ids in wanted.items():
        (lists / f'{name}.txt').write_text('\n'.join(ids))
    status, _, err = convert('rsna.py', root, '--pixels', 64, '--protocol', 'mrm/1', '--split-dir', lists, '--labels',
                             table)
    assert (status, err) == (0, '')
    for name, ids in wanted.items():
        found = json.loads((root / f'annotations/mrm/official/classification/{name}.json').read_text())['data_list']
        assert len(found) == len(ids)
    assert [(entry['img_path'], entry['gt_label']) for entry in found] == [
        ('stage_2_test_images/q1.dcm', 1), ('stage_2_test_images/q2.dcm', 0)]


def test_lists_and_synthetic_data(tmp_path, convert):
    """--split-dir takes published lists, what they do not name is dropped; data that say so are marked synthetic."""
    root, lists = write_siim(tmp_path / 'siim'), tmp_path / 'lists'
    (root / 'README.txt').write_text('The radiographs are SYNTHETIC.')
    options = ('--no-masks', '--shares', 'train=50,test=50', '--label-shares')
    assert convert('siim.py', root, '--pixels', 64, *options)[0] == 0
    (root / 'annotations/splits').rename(lists)
    (lists / 'test.txt').unlink()
    status, out, _ = convert('siim.py', root, '--pixels', 64, '--split-dir', lists, '--out', tmp_path / 'out')
    assert status == 0 and rows(out)['kept'] == rows(out)['dropped: not in the split lists'] == 20
    assert 'those of the lists' in out
    found = json.loads((tmp_path / 'out/annotations/classification/train.json').read_text())
    assert found['metainfo']['synthetic'] is True and 'train.txt' in found['metainfo']['sources']


def test_chexpert(tmp_path, convert):
    """Policies by the command line, and the 5x200 list of the same folder."""
    names = ['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural_Effusion']
    root = write_chexpert(tmp_path, [chexpert_row(number, **{names[number % 5]: '1.0', 'Pneumonia': '-1.0'})
                                     for number in range(50)])
    status, out, _ = convert('chexpert.py', root, '--classes', 'Edema', 'Pneumonia', '--uncertain-of', 'Pneumonia=ones')
    assert status == 0 and rows(out) == {'kept': 50, 'with Edema': 10, 'with Pneumonia': 50}
    status, out, _ = convert('chexpert_5x200.py', root, '--seeds', 0, 1, '--per-class', 4)
    assert status == 0 and rows(out)['kept'] == 40
    assert (root / 'annotations/chexpert_5x200_seed1.json').is_file()
    status, _, err = convert('chexpert_5x200.py', root, '--protocol', 'prior/1')
    assert status == 1 and '200 images a class are asked for' in err


def test_5x200_of_reports(tmp_path, convert):
    """Drawn from an annotation file and by a list of ids; what is missing is told with its mend."""
    status, _, err = convert('mimic_5x200.py', tmp_path, '--seeds', 0)
    assert status == 1 and '  - annotations: there is no' in err and '--ann-file' in err
    studies = [dict(study_id=f's{100 + number}', images=[f'{number}.jpg'], sentences=['No change.'],
                    labels={'Edema': 1} if number % 2 else {'Atelectasis': 1, 'Edema': 0}) for number in range(12)]
    write_file(tmp_path / 'annotations/test.json', json.dumps(dict(
        metainfo=dict(schema='prior_mm.studies/1', dataset='x', synthetic=True), data_list=studies)).encode())
    options = (tmp_path, '--classes', 'Atelectasis', 'Edema')
    status, out, _ = convert('mimic_5x200.py', *options, '--seeds', 0, 1, '--per-class', 2)
    assert status == 0 and rows(out) == {'kept': 8, 'with Atelectasis': 4, 'with Edema': 4}
    listed = tmp_path / 'ids.txt'
    listed.write_text('101\ns102\n999\n')
    status, out, _ = convert('mimic_5x200.py', tmp_path, '--list', listed, '--protocol', 'benchx/1', '--examples', 1)
    assert status == 0 and rows(out)['dropped: not in the annotation files'] == 1 and '  s999' in out
    found = json.loads((tmp_path / 'annotations/mimic_5x200.json').read_text())
    assert [entry['exclusive'] for entry in found['data_list']] == ['Edema', 'Atelectasis']
    assert (found['metainfo']['protocol'], found['metainfo']['repeat']) == ('benchx/1', 'official')


def test_protocols(tmp_path, convert):
    """Two protocols at once: a row for each repeat, a folder for each, one look at a broken image, named once."""
    root = write_siim(tmp_path / 'siim')
    write_file(root / f'dicom-images-train/s3/t3/{siim_id(3)}.dcm', b'')
    status, out, err = convert('siim.py', root, '--pixels', 64, '--protocol', 'prior/1', '--protocol', 'demo/1',
                               '--examples', 3)
    assert (status, err) == (0, '') and out.count(f'  dicom-images-train/s3/t3/{siim_id(3)}.dcm') == 1
    lines = {cells[1].strip(): [int(cell) for cell in cells[2:-1]] for line in out.splitlines()
             if line.startswith('\u2502') and (cells := line.split('\u2502'))}
    assert len(lines) == 5 + 5 + 1 and '<repeat>: 11.' in out
    assert lines['demo/1 seed0 (classification, segmentation)'][3:] == [39, 0, 1]
    assert lines['prior/1 fold4 (segmentation)'][3:] == [9, 30, 1]
    assert sorted(path.name for path in (root / 'annotations').iterdir()) == ['demo', 'prior']


def test_published_lists_for_a_protocol(tmp_path, convert):
    """Without them the message names the option; with them, the files say which protocol they are of."""
    root, lists = write_rsna(tmp_path / 'rsna'), tmp_path / 'lists'
    options = (root, '--pixels', 64, '--no-masks')
    status, _, err = convert('rsna.py', *options, '--protocol', 'benchx/1')
    assert status == 1 and '  - splits: the protocol benchx/1 takes published lists for rsna' in err
    assert '--split-dir' in err and not (root / 'annotations').exists()
    assert convert('rsna.py', *options)[0] == 0
    (root / 'annotations/splits').rename(lists)
    assert convert('rsna.py', *options, '--protocol', 'benchx/1', '--split-dir', lists)[0] == 0
    found = json.loads((root / 'annotations/benchx/official/classification/test.json').read_text())['metainfo']
    assert (found['protocol'], found['repeat'], found['options']['splits']) == ('benchx/1', 'official', 'lists')
    assert 'test.txt' in found['sources']
    written = root / 'annotations/benchx/official/splits/train_10.txt'
    assert written.read_text() == (lists / 'train_10.txt').read_text()


@pytest.mark.parametrize('tool, arguments', [
    ('rsna.py', ()), ('siim.py', ()), ('chexpert.py', ()), ('chexpert_5x200.py', ('--seeds', 0))])
def test_layout_errors(tmp_path, convert, tool, arguments):
    """An empty folder: everything that is missing in one go, no traceback, nothing written."""
    status, _, err = convert(tool, tmp_path, *arguments)
    assert status == 1 and all(f'  - {part}' in err for part in ('labels: ', 'images: ')) and 'Traceback' not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('arguments, message', [
    (('rsna.py', '.', '--shares', 'train=50'), 'add up to 50 percent'),
    (('rsna.py', '.', '--shares', 'train=100', '--split-dir', 'x'), 'not allowed with'),
    (('rsna.py', '.', '--protocol', 'mgca/1', '--shares', 'train=100'), '--shares: not allowed with --protocol'),
    (('siim.py', '.', '--protocol', 'prior/1', '--seed', '0', '--positives-only'), '--seed, --positives-only: not'),
    (('siim.py', '.', '--protocol', 'mgca/1', '--split-dir', 'x'), 'the splits of mgca/1 are drawn'),
    (('chexpert.py', '.', '--protocol', 'mgca/1'), 'invalid choice'),
    (('chexpert_5x200.py', '.', '--protocol', 'prior/1', '--per-class', '9'), 'not allowed with --protocol'),
    (('mimic_5x200.py', '.'), 'is required'), (('mimic_5x200.py', '.', '--protocol', 'benchx/1'), 'published list'),
    (('mimic_5x200.py', '.', '--protocol', 'prior/1', '--seeds', '0'), 'not allowed with --protocol'),
    (('mimic_5x200.py', '.', '--seeds', '0', '--per-class', '0'), 'at least 1'),
    (('rsna.py', '.', '--label-shares', '0'), 'more than 0'), (('siim.py', '.', '--pixels', 'x'), 'whole number'),
    (('chexpert.py', '.', '--classes', 'Oedema'), 'none of the classes'),
    (('chexpert.py', '.', '--classes', 'all'), 'nothing is published'), (('chexpert_5x200.py', '.'), 'is required'),
    (('chexpert_5x200.py', '.', '--protocol', 'benchx/1'), 'takes a published list'),
    (('chexpert_5x200.py', '.', '--seeds', '1', '--per-class', '0'), 'at least 1')])
def test_usage_errors(convert, arguments, message):
    """Options that make no sense are refused before anything is read."""
    status, _, err = convert(*arguments)
    assert status == 2 and message in err
