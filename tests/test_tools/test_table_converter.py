"""tables.py as a user calls it: what was guessed is said, options are refused, real films where they are at hand."""
import re
from pathlib import Path

import pytest
from made_up_table import own_rows, write_own
from printed_table import rows

REAL = Path(__file__).parents[3] / 'shared/data/real'


def test_a_table(tmp_path, convert):
    """Guesses, classes, a table of the images, and the same bytes when run again."""
    root = write_own(tmp_path / 'mine')
    status, out, err = convert('table.py', root, '--workers', 1)
    assert (status, err) == (0, '')
    assert 'image      file (guessed)' in out and 'Classes: Edema, Mass.' in out
    assert rows(out) == {'kept': 40, 'with Edema': 7, 'with Mass': 14}
    assert 'Pre-training, seed0: ' in out and 'own/1 seed0 (pretraining, classification)' in out
    written = {path: path.read_bytes() for path in (root / 'annotations').rglob('*.*')}
    assert len(written) == 3 * 3 + 5 + 2 + 1
    assert convert('table.py', root, '--workers', 1)[0] == 0
    assert written == {path: path.read_bytes() for path in (root / 'annotations').rglob('*.*')}


def test_a_parquet_file_gives_what_a_csv_file_gives(tmp_path, convert):
    """The same annotation files from both, where pyarrow is there."""
    pyarrow = pytest.importorskip('pyarrow')
    from pyarrow import parquet
    found = []
    for name in ('csv', 'parquet'):
        root = write_own(tmp_path / name / 'mine')
        if name == 'parquet':
            parquet.write_table(pyarrow.Table.from_pylist(own_rows()), root / 'films.parquet')
            (root / 'films.csv').unlink()
        assert convert('table.py', root, '--workers', 1)[0] == 0
        found.append({path.relative_to(root): without_sources(path) for path in (root / 'annotations').rglob('*.*')})
    assert found[0] == found[1] and len(found[0]) > 10


def without_sources(path):
    """An annotation file without the hash of the table it was made from."""
    return re.sub(r'"sources": ?\{[^}]*\}', '', path.read_text())


def test_messages(tmp_path, convert):
    """What is missing is told with its mend; options that make no sense are refused."""
    status, _, err = convert('table.py', tmp_path / 'none')
    assert status == 1 and 'does not exist' in err
    root = write_own(tmp_path / 'mine')
    status, _, err = convert('table.py', root, '--patient', 'subject')
    assert status == 1 and '--patient: ' in err and "no column 'subject'" in err
    assert convert('table.py', root, '--resize', 0)[0] == 2
    assert convert('table.py', root, '--resize', 64, '--no-images')[0] == 2


@pytest.mark.skipif(not (REAL / 'nih').is_dir(), reason='there is no data/real beside the project')
def test_real_films(tmp_path, convert):
    """NIH's own column names, 698 films, their patients apart."""
    status, out, err = convert('table.py', REAL / 'nih', '--out', tmp_path, '--classes', 'Pneumonia')
    assert (status, err) == (0, '') and rows(out) == {'kept': 698, 'with Pneumonia': 354, 'with a box': 33}
