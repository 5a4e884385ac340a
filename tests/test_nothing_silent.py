"""docs/nothing_silent.md (tests/nothing_silent_page.py): no row without the test that saw it."""
from pathlib import Path

import nothing_silent_page
import pytest
from nothing_silent_page import PAGE, SECTIONS, rows, says

TESTS = Path(__file__).parent


def test_each_row_has_its_test():
    """What was given stands in the source of a test, which fails if something else happens."""
    sources = ' '.join(' '.join(path.read_text(encoding='utf-8').split()) for path in TESTS.rglob('test_*.py'))
    for section in SECTIONS:
        for row in rows(section):
            given = row.split(' | ')[1]
            assert given in sources, f'{PAGE.name}: no test says {given!r} any more; strike the row out'


def test_rows_are_written_and_held_to(tmp_path, monkeypatch):
    """A row is added, replaced by one of the same kind and input, and an untrue one is an error; the rest stays."""
    page = tmp_path / 'page.md'
    page.write_text('# Title\n' + ''.join(f'\n## {section}\n\nIn words.\n' for section in SECTIONS))
    monkeypatch.setattr(nothing_silent_page, 'PAGE', page)
    monkeypatch.setenv('PRIOR_WRITE_DOCS', '1')
    for section in (SECTIONS[0], SECTIONS[1], SECTIONS[-1]):
        says(section, 'a kind', 'this', f'read from {tmp_path}/a', tmp_path)
        says(section, 'a kind', 'that', 'stops')
        says(section, 'a kind', 'this', 'stops, too')
        assert rows(section) == ['| a kind | this | stops, too |', '| a kind | that | stops |']
    assert rows(SECTIONS[2]) == [] and page.read_text().count('In words.') == len(SECTIONS)
    assert [line[3:] for line in page.read_text().splitlines() if line.startswith('## ')] == list(SECTIONS)
    monkeypatch.delenv('PRIOR_WRITE_DOCS')
    says(SECTIONS[0], 'a kind', 'that', 'stops')
    with pytest.raises(AssertionError, match='says something else'):
        says(SECTIONS[0], 'a kind', 'that', 'goes on')
