"""The converters of the supervised data sets as a user calls them: options, tables, messages, exit status."""
import json
import runpy
import sys
from pathlib import Path

import pytest
from made_up_downstream import chexpert_row, write_chexpert, write_file, write_rsna, write_siim

ROOT = Path(__file__).parents[2]


@pytest.fixture
def call(monkeypatch, capsys):
    """Calls a converter in this process: exit status, standard output and errors."""
    def run(tool, *arguments):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
        monkeypatch.setenv('COLUMNS', '120')
        with pytest.raises(SystemExit) as status:
            runpy.run_path(str(ROOT / 'tools' / 'dataset_converters' / tool), run_name='__main__')
        printed = capsys.readouterr()
        return status.value.code, printed.out, printed.err

    return run


def rows(text):
    """The table that stands at the end, by the first column: the numbers of the last."""
    lines = [line.strip('\u2502').split('\u2502') for line in text.splitlines() if line.startswith('\u2502')]
    return {cells[0].strip(): int(cells[-1].replace(',', '')) for cells in lines}


def test_rsna(tmp_path, call):
    """A table by reason and split, a word on the splits, examples; the same bytes when run again."""
    root = write_rsna(tmp_path)
    write_file(root / 'stage_2_train_images/p11.dcm', b'')
    status, out, err = call('rsna.py', root, '--pixels', 64, '--examples', 2)
    assert (status, err) == (0, '')
    assert rows(out) == {'kept': 39, 'with pneumonia': 10, 'with no pneumonia': 29,
                         'dropped: image missing or empty': 1}
    assert '  stage_2_train_images/p11.dcm' in out and 'drawn, seed 0. Smaller sets of labels: train_1 (1)' in out
    written = {path: path.read_bytes() for path in (root / 'annotations').rglob('*.*')}
    assert len(written) == 3 * 4 + 5
    assert call('rsna.py', root, '--pixels', 64)[0] == 0
    assert written == {path: path.read_bytes() for path in (root / 'annotations').rglob('*.*')}


def test_lists_and_synthetic_data(tmp_path, call):
    """--split-dir takes published lists, what they do not name is dropped; data that say so are marked synthetic."""
    root, lists = write_siim(tmp_path / 'siim'), tmp_path / 'lists'
    (root / 'README.txt').write_text('The radiographs are SYNTHETIC.')
    assert call('siim.py', root, '--pixels', 64, '--no-masks', '--shares', 'train=50,test=50', '--label-shares')[0] == 0
    (root / 'annotations/splits').rename(lists)
    (lists / 'test.txt').unlink()
    status, out, _ = call('siim.py', root, '--pixels', 64, '--split-dir', lists, '--out', tmp_path / 'out')
    assert status == 0 and rows(out)['kept'] == rows(out)['dropped: not in the split lists'] == 20
    assert 'those of the lists' in out
    found = json.loads((tmp_path / 'out/annotations/classification/train.json').read_text())
    assert found['metainfo']['synthetic'] is True and 'train.txt' in found['metainfo']['sources']


def test_chexpert(tmp_path, call):
    """Policies by the command line, and the 5x200 list of the same folder."""
    names = ['Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural_Effusion']
    root = write_chexpert(tmp_path, [chexpert_row(number, **{names[number % 5]: '1.0', 'Pneumonia': '-1.0'})
                                     for number in range(50)])
    status, out, _ = call('chexpert.py', root, '--classes', 'Edema', 'Pneumonia', '--uncertain-of', 'Pneumonia=ones')
    assert status == 0 and rows(out) == {'kept': 50, 'with Edema': 10, 'with Pneumonia': 50}
    status, out, _ = call('chexpert_5x200.py', root, '--seeds', 0, 1, '--per-class', 4)
    assert status == 0 and rows(out)['kept'] == 40
    assert (root / 'annotations/chexpert_5x200_seed1.json').is_file()


@pytest.mark.parametrize('tool, arguments', [
    ('rsna.py', ()), ('siim.py', ()), ('chexpert.py', ()), ('chexpert_5x200.py', ('--seeds', 0))])
def test_layout_errors(tmp_path, call, tool, arguments):
    """An empty folder: everything that is missing in one go, no traceback, nothing written."""
    status, _, err = call(tool, tmp_path, *arguments)
    assert status == 1 and all(f'  - {part}' in err for part in ('labels: ', 'images: ')) and 'Traceback' not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('arguments, message', [
    (('rsna.py', '.', '--shares', 'train=50'), 'add up to 50 percent'),
    (('rsna.py', '.', '--shares', 'train=100', '--split-dir', 'x'), 'not allowed with'),
    (('rsna.py', '.', '--label-shares', '0'), 'more than 0'), (('siim.py', '.', '--pixels', 'x'), 'whole number'),
    (('chexpert.py', '.', '--classes', 'Oedema'), 'none of the classes'),
    (('chexpert.py', '.', '--classes', 'all'), 'nothing is published'), (('chexpert_5x200.py', '.'), 'is required'),
    (('chexpert_5x200.py', '.', '--seeds', '1', '--per-class', '0'), 'at least 1')])
def test_usage_errors(call, arguments, message):
    """Options that make no sense are refused before anything is read."""
    status, _, err = call(*arguments)
    assert status == 2 and message in err
