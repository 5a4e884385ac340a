"""Findings and impression are found in reports laid out like those of MIMIC-CXR; the reports here are made up."""
import textwrap
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.datasets.reports import ReportSections, find_sections

HEAD = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)
 \n INDICATION:  ___F with cough. // pneumonia?
 \n TECHNIQUE:  Chest PA and lateral
 \n COMPARISON:  ___
 \n"""
CLEAR, NORMAL = 'The lungs are clear.', 'No acute process.'


def tidy(sections: ReportSections) -> tuple[str, str]:
    """Findings and impression on one line each."""
    return ' '.join(sections.findings.split()), ' '.join(sections.impression.split())


@pytest.mark.parametrize('text, findings, impression', [
    (' FINDINGS: \n \n The lungs are clear.\n \n IMPRESSION: \n \n No acute process.', CLEAR, NORMAL),
    (' FINDINGS:  The lungs\n are clear.\n \n IMPRESSION:  No acute\n process.', CLEAR, NORMAL),
    (' FINIDNGS : The lungs are clear.\n\n IMPRSSION : No acute process.', CLEAR, NORMAL),
    ('## FINDINGS\nThe lungs are clear.\n\n## IMPRESSION\nNo acute process.', CLEAR, NORMAL),  # Markdown
    ('### Findings:\nThe lungs are clear.\n\n### Impression\nNo acute process.', CLEAR, NORMAL),
    ('FINDINGS:\rThe lungs are clear.\r\rIMPRESSION:\rNo acute process.\r', CLEAR, NORMAL),
    (' FINDINGS; The lungs are clear.\n\n CONCLUSION; No acute process.', CLEAR, NORMAL),
    (' FINDINGS.  The lungs are clear.\n\n IMPRESSION.  No acute process.', CLEAR, NORMAL),
    (' FINDINGS - The lungs are clear.\n\n IMPRESSION - No acute process.', CLEAR, NORMAL),
    (' FINDINGS\n The lungs are clear.\n\n IMPRESSION\n No acute process.', CLEAR, NORMAL),
    (' FINDINGS The lungs are clear.\n\n IMPRESSION No acute process.', CLEAR, NORMAL),
    (' **FINDINGS:** The lungs are clear.\n\n ## IMPRESSION: No acute process.', CLEAR, NORMAL),
    (' Findings:\n The lungs are clear.\n\n Impression:\n No acute process.', CLEAR, NORMAL),
    (' findings: The lungs are clear.\n\n impression: No acute process.', CLEAR, NORMAL),
    ('findings: The lungs are clear.\nimpression: No acute process.', CLEAR, NORMAL),
    (' RESULT: The lungs are clear.\n\n ASSESSMENT: No acute process.', CLEAR, NORMAL),
    (' FINDINGS: The lungs are clear. IMPRESSION: No acute process.', CLEAR, NORMAL),
    (' IMPRESSION: No acute process.\n\n FINDINGS: The lungs are clear.', CLEAR, NORMAL),
    (' FINDINGS AND IMPRESSION:  The lungs are clear.', CLEAR, ''),
    (' FINDINGS/IMPRESSION:  The lungs are clear.', CLEAR, ''),
    (' IMPRESSION:  No acute process.', '', NORMAL),
    (' CHEST, TWO VIEWS:  The lungs are clear.\n\n IMPRESSION: No acute process.', CLEAR, NORMAL),
    (' PA AND LATERAL VIEWS OF THE CHEST:  The lungs are clear.\n\n CONCLUSION: No acute process.', CLEAR, NORMAL),
    (' PA AND LATERAL:  The lungs are clear.\n\n IMPRESSION: No acute process.', CLEAR, NORMAL),
    (' REPORT:  The lungs are clear.\n\n SUMMARY: No acute process.', CLEAR, NORMAL),
    (' The lungs are clear.\n\n IMPRESSION: No acute process.', CLEAR, NORMAL),
    (' The lungs\n are clear.', CLEAR, ''),
    (' Two views were obtained.\n \n The lungs are clear.', CLEAR, ''),
    (' FINDINGS: LUNGS: The lungs are clear.\n HEART: Big.\n\n IMPRESSION: No acute process.',
     'LUNGS: The lungs are clear. HEART: Big.', NORMAL),
    (' FINDINGS: \n\n IMPRESSION: \n', '', ''), ('', '', '')])
def test_variants(text, findings, impression):
    """Headings with and without colon, on their own line or not, misspelt, in any case and order, or not there."""
    assert tidy(find_sections(HEAD + text)) == (findings, impression)
    assert tidy(find_sections((HEAD + text).replace('\n', '\r\n'))) == (findings, impression)


@pytest.mark.parametrize('text, findings, impression', [
    (' AP CHEST, 8:20 A.M., ___\n \n HISTORY:  Cough.\n \n IMPRESSION:  AP chest compared to ___:\n \n No change.',
     '', 'AP chest compared to ___: No change.'),  # a view within the impression does not end it
    (' CHEST, SINGLE AP FILM:\n\n HISTORY: Cough.\n\n Heart is big.\n\n IMPRESSION: Big heart.',
     'Heart is big.', 'Big heart.'),  # a title with a colon
    (' HISTORY: Cough.\n\n CHEST, TWO VIEWS: PA and lateral.\n\n Heart is big.\n\n IMPRESSION: Big heart.',
     'Heart is big.', 'Big heart.'),
    (' PORTABLE CHEST, ___\n\n COMPARISON: ___.\n\n The tube was removed.', 'The tube was removed.', ''),
    (' CHEST\n\n\nThe heart is big.', 'The heart is big.', ''),
    (' REASON FOR EXAM:  Line placement.\n \n Radiographs were reviewed.\n \n Heart is big.', 'Heart is big.', '')])
def test_neither_heading(text, findings, impression):
    """The text under a view's heading, else the last paragraph that is no title and no other heading's own text."""
    assert tidy(find_sections(' FINAL REPORT\n' + text)) == (findings, impression)


@pytest.mark.parametrize('before, after', [
    (' WET READ: ___ ___ 8:21 PM\n  Big heart.\n' + '_' * 78 + '\n FINAL REPORT\n', ''),
    (' FINAL ADDENDUM\n ADDENDUM:  Read again by Dr. ___.\n' + '_' * 78 + '\n FINAL REPORT\n', ''),
    (' PRELIMINARY REPORT: Big heart.\n\n', ''), (' WETREAD: FINDINGS unclear.\n\n', ''),
    ('', '\n\n NOTIFICATION:  Dr. ___ was told by telephone.'), ('', '\n\n RECOMMENDATION(S):  CT of the chest.'),
    ('', '\n\n PRELIMINARY IMPRESSION: Big heart.'), ('', '\n\n ADDENDUM: Big heart.'),
    ('', '\n\n PROVISIONAL FINDINGS IMPRESSION (PFI): Big heart.')])
def test_what_is_not_the_report_itself(before, after):
    """Preliminary readings, addenda and letters are left out, wherever they stand."""
    text = f'{before} INDICATION: Cough.\n\n FINDINGS: {CLEAR}\n\n IMPRESSION: {NORMAL}{after}'
    assert tidy(find_sections(text)) == (CLEAR, NORMAL)


@pytest.mark.parametrize('text', [
    'There are no acute cardiopulmonary\n findings.', 'There is a nodule, see the\n impression:  it is old.',
    'Dr. ___ was told of the following\n findings: edema and effusion.',
    'The heart is big, with a\n COMPRESSION FRACTURE: old.', 'Left lung:\n CONTUSION: small.',
    'Mild edema.\n Findings were discussed with Dr. ___: she agrees.', 'Mild edema.\n LATERAL: no effusion.'])
def test_text_that_looks_like_a_heading(text):
    """A word that was wrapped to the beginning of a line, a label or a sentence with a colon cuts nothing."""
    wanted = ' '.join(text.split())
    assert tidy(find_sections(f'{HEAD} FINDINGS: {text}\n\n IMPRESSION: {NORMAL}')) == (wanted, NORMAL)
    assert tidy(find_sections(f'{HEAD} FINDINGS: {CLEAR}\n\n IMPRESSION: {text}')) == (CLEAR, wanted)


BODIES = st.lists(st.lists(st.sampled_from('the heart lungs are clear big . , ___ 2.5 cm no No Heart Dr.'.split()),
                           min_size=5, max_size=20).map(' '.join), min_size=1, max_size=3)


@settings(deadline=None)
@given(BODIES, BODIES, st.sampled_from(['FINDINGS', 'FINDING', 'Findings', 'FINDNGS', 'REFERENCE FINDINGS']),
       st.sampled_from(['IMPRESSION', 'CONCLUSIONS', 'Impression', 'IMPRESSOIN']),
       st.sampled_from([': ', ':\n', ':\n \n ', '  :  ']), st.sampled_from([' \n', '\n', '\n \n ']), st.booleans(),
       st.integers(30, 90))
def test_any_layout(findings, impression, first, second, colon, gap, turned, width):
    """Whatever stands under the two headings comes out, all of it and nothing else, however the lines are broken."""
    parts = []
    for heading, paragraphs in ((first, findings), (second, impression)):
        wrapped = ('\n'.join(textwrap.wrap('|' + paragraph, width)).lstrip('|') for paragraph in paragraphs)
        parts.append(f' {heading}{colon}' + '\n \n'.join(wrapped))
    text = f'{HEAD}{parts[turned]}\n{gap}{parts[not turned]}\n'
    assert tidy(find_sections(text)) == (' '.join(findings), ' '.join(impression))


PIECES = st.sampled_from(['FINDINGS', 'IMPRESSION', 'IMPRSSION:', 'Findings:', 'findings', 'CHEST, TWO VIEWS:', '.',
                          '1.', 'WET READ:', 'FINAL REPORT', 'COMPARISON', ':', '\n', '\n \n', '\r', '  ', '___',
                          '_' * 12, '* ', 'The heart is big.', '\x00', '\x85', '\u2028', '\ufeff'])


@settings(deadline=None)
@given(st.lists(PIECES | st.text(max_size=8), max_size=30).map(''.join))
def test_broken_text(text):
    """Any text is read; what comes out stands in it and is taken once, without blanks around it."""
    sections = find_sections(text)
    assert all(section == section.strip() and '\r' not in section for section in sections)
    assert Counter(''.join(''.join(sections).split())) <= Counter(text)


@pytest.mark.parametrize('unit', [' ', '\n', ' \n', 'A ', 'FINDINGS ', 'FINDINGS:', 'CHEST: \n\n', 'AB: \n', '_', '.'])
@pytest.mark.parametrize('end', ['', 'x'])
def test_time_for_damaged_files(unit, end):
    """A file full of blanks or headings costs no more than its length does: 50,000 characters within a second or so."""
    start = time.process_time()
    find_sections('A' + unit * (50_000 // len(unit)) + end)
    assert time.process_time() - start < 5
