"""The page docs/nothing_silent.md: a row for each kind of thing that used to happen without a word.

A test that has seen what happens calls :func:`says`; rows of any test file go to the section that is named. With
``PRIOR_WRITE_DOCS=1`` the row is written, in place of that with the same first two cells; without, the test fails where
the page says something else. A row whose test is gone fails in ``test_nothing_silent.py``.
"""
import os
from pathlib import Path

from any_input_page import normalised

PAGE = Path(__file__).resolve().parents[1] / 'docs' / 'nothing_silent.md'
SECTIONS = ('Figures that may end in a paper', 'Resuming', 'Data that differ from what was written',
            'Loud, but in the way', 'Public reports: resuming', 'Public reports: report sections',
            'Public reports: DICOM', 'Public reports: weights loading', 'Public reports: metrics')
_HEAD = ['| kind | what was given | what happens |', '| --- | --- | --- |']


def says(section: str, kind: str, given: str, happens: str, *roots: Path) -> None:
    """Hold a row of the page true.

    Args:
        section: One of :data:`SECTIONS`.
        kind: Such as 'a cache without a key'; of public reports, in a word or two, whose users said it.
        given: What was done, in a line, and in one literal of the test's source: a row without a test fails.
        happens: What was seen: a message, say.
        roots: Folders of this machine in ``happens``, which the page leaves out.
    """
    assert section in SECTIONS, section
    row = f'| {kind} | {given} | {normalised(happens, *roots)} |'
    if os.environ.get('PRIOR_WRITE_DOCS'):
        _write(section, f'| {kind} | {given} |', row)
    assert row in rows(section), f'{PAGE.name} says something else; write it anew with PRIOR_WRITE_DOCS=1: {row}'


def rows(section: str) -> list[str]:
    """The rows of a section, without the head of the table."""
    _, found = _split(section)
    return [line for line in found.splitlines() if line.startswith('| ') and line not in _HEAD]


def _split(section: str) -> tuple[str, str]:
    """The page before the section's heading, and from the heading to the next one."""
    before, heading, after = PAGE.read_text(encoding='utf-8').partition(f'\n## {section}\n')
    assert heading, f'{PAGE.name} has no section {section!r}'
    return before, heading + after.split('\n## ')[0]


def _write(section: str, begin: str, row: str) -> None:
    text = PAGE.read_text(encoding='utf-8')
    before, old = _split(section)
    kept = rows(section)
    places = [place for place, line in enumerate(kept) if line.startswith(begin)]
    kept[places[0] if places else len(kept):places[0] + 1 if places else len(kept)] = [row]
    words = old.split('\n|')[0].rstrip()  # the heading, and what stands between it and the table
    PAGE.write_text(before + words + '\n\n' + '\n'.join([*_HEAD, *kept]) + '\n' + text[len(before) + len(old):],
                    encoding='utf-8')
