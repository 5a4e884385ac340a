"""What is saved in place of a report is refused and counted, and a text without any word of radiology is listed."""
import gzip
import json
from pathlib import Path

import pytest
from made_up_mimic import REPORT
from nothing_silent_page import says

from prior_mm.converters.conversion_run import DOUBTFUL, convert_part
from prior_mm.converters.raw_study import Dropped, RawStudy
from prior_mm.converters.report_file import ForeignContent, read_report
from prior_mm.converters.study_conversion import ConversionOptions, convert_study

CASES = Path(__file__).parents[1] / 'data' / 'reports'
FOREIGN = {
    'page': (CASES / '4-a-web-page.txt').read_bytes(),
    'page with a mark': b'\xef\xbb\xbf\n <!DOCTYPE html><p>Sign in.</p>',
    'page that begins with text': b'Error\n\n<html><body>The lungs are clear.</body></html>',
    'XML': b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>No.</Message></Error>',
    'XML without its declaration': b'<Error><Code>AccessDenied</Code></Error>',
    'JSON': json.dumps({'message': 'Not found. Try again. Sign in. Bye.'}).encode(),
    'JSON with a report in it': json.dumps([{'report': REPORT}], indent=1).encode(),
    'JSON cut short': b'{"message": "Forbidden. Please sign in. Try', 'PDF': b'%PDF-1.7\n1 0 obj\nThe lungs are clear.',
    'RTF': rb'{\rtf1\ansi The lungs are clear.\par No effusion.}', 'gzip': gzip.compress(REPORT.encode(), mtime=0),
    'Office': b'PK\x03\x04' + bytes(range(200)), 'old Office': b'\xd0\xcf\x11\xe0' + b'text ' * 200,
    'JPEG': b'\xff\xd8\xff\xe0JFIF',
    'XML of a report': b'<eCitation><Abstract>The lungs are clear.</Abstract></eCitation>',
    'a link': b'Please <a class="x" href="https://a">sign in</a> first.',
    'HL7': b'MSH|^~\\&|RAD|X\rOBX|1|TX|||The lungs are clear.',
    'Git LFS': b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n', 'DICOM': bytes(128) + b'DICM'}


@pytest.mark.parametrize('name', FOREIGN)
def test_foreign_content(tmp_path, name):
    """Refused with its kind, whatever the file's name, and counted apart from damaged files."""
    path = tmp_path / 's1.txt'
    path.write_bytes(FOREIGN[name])
    with pytest.raises(ForeignContent, match='Fetch the text again'):
        read_report(path)
    outcome = convert_study(RawStudy('s1', 'p1', 'train', path, ('a.jpg', ), ('PA', )),
                            ConversionOptions(tmp_path, min_sentences=1, check_images=False))
    assert outcome.reason is Dropped.FOREIGN and 's1.txt' in outcome.detail


@pytest.mark.parametrize('text', [REPORT, REPORT.replace('\n', '<br>\n'), f'<p>{REPORT}',
                                  '[**Known lastname**] FINDINGS: Clear.',
                                  'FINDINGS: Effusion < 5 mm, {small}.', '{unclear} [1] FINDINGS: Clear.', '[', '{'])
def test_reports_are_none(tmp_path, text):
    """Brackets, breaks and signs of comparison do not make a report foreign."""
    (tmp_path / 's1.txt').write_text(text)
    assert read_report(tmp_path / 's1.txt') == text


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-be', 'utf-32', 'utf-32-be', 'utf-8-sig', 'cp1252'])
def test_encodings(tmp_path, encoding):
    """What Windows calls Unicode, by its byte order mark; the same text as in UTF-8."""
    path, text = tmp_path / 's1.txt', f'{REPORT} \u2013 \xe9'
    path.write_bytes(('\ufeff' if encoding.endswith('be') else '').encode(encoding) + text.encode(encoding))
    assert read_report(path) == text
    if encoding == 'utf-16':
        says('Data that differ from what was written', 'foreign content', 'a report in UTF-16 with a byte order mark',
             'read, to the letter')


def test_wide_text_that_is_none(tmp_path):
    """Two bytes that look like a byte order mark, a file cut within a letter, and a page in UTF-16 are no report."""
    path = tmp_path / 's1.txt'
    for content in (b'\xff\xfe' + b'\x00\xd8' * 40, REPORT.encode('utf-16')[:-1]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match='begins as UTF-16 text, and goes on otherwise, or is cut short'):
            read_report(path)
    path.write_bytes('<html><body>Sign in</body></html>'.encode('utf-16'))
    with pytest.raises(ForeignContent, match='web page'):
        read_report(path)


@pytest.mark.parametrize('text, listed', [
    ('Access denied. You have no rights. Sign in. Try again.', True), ('Big heart. Well. Yes. No.', False)])
def test_a_text_without_a_medical_word_is_listed(tmp_path, text, listed):
    """It may be another language's report: it is kept, counted, and named in left_out.csv."""
    (tmp_path / 's1.txt').write_text(text)
    study = RawStudy('s1', 'p1', 'train', tmp_path / 's1.txt', ('a.jpg', ), ('PA', ))
    summary = convert_part([study], ConversionOptions(tmp_path, check_images=False), tmp_path / 'part.jsonl')
    assert (summary.kept['train'], summary.doubtful) == (1, int(listed))
    lines = (tmp_path / 'part.jsonl').read_text().splitlines()[1:]
    assert [json.loads(line[2:]) for line in lines if line.startswith('-')] == (
        [['s1', 'train', DOUBTFUL, str(tmp_path / 's1.txt')]] if listed else [])
