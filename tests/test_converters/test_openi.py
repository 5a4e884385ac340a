"""Open-i's XML reports: read from folders and archives, in one order, and damaged files told by name."""
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.converters.openi import (
    OpenIReport,
    find_openi_archive,
    parse_openi_report,
    read_openi_reports,
)

XML = """<?xml version="1.0" encoding="utf-8"?>
<eCitation><uId id="CXR{number}"/><MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText><AbstractText Label="INDICATION">Cough</AbstractText>
<AbstractText Label="FINDINGS">The heart is &lt; normal. Lungs are clear.</AbstractText>
<AbstractText Label="IMPRESSION">No acute disease.</AbstractText></Abstract></Article></MedlineCitation>
<MeSH><major>Cardiomegaly/mild</major><major> normal </major><major/><automatic>heart</automatic></MeSH>
<parentImage id="CXR{number}_IM-0001-1001"/><parentImage id="CXR{number}_IM-0001-2001"/><parentImage/></eCitation>
"""


def xml(number=1, **changes):
    text = XML.format(number=number)
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def test_report():
    """Findings, impression, codes and images of one file; other sections and automatic codes stay out."""
    assert parse_openi_report(xml(), '1.xml') == OpenIReport(
        'CXR1', 'The heart is < normal. Lungs are clear.', 'No acute disease.', ('Cardiomegaly/mild', 'normal'),
        ('CXR1_IM-0001-1001', 'CXR1_IM-0001-2001'))


def test_sections_that_are_empty_missing_or_twice():
    """An empty section is '', one in two parts is joined, and labels are read in any case."""
    report = parse_openi_report(xml(FINDINGS='impression'), '1.xml')
    assert report.findings == ''
    assert report.impression == 'The heart is < normal. Lungs are clear. No acute disease.'


@pytest.mark.parametrize('content, message', [
    (xml()[:-30], 'not XML, or cut short'), (b'', 'not XML'), (xml(uId='id'), 'lacks <uId'),
    (xml(CXR1=''), 'lacks <uId'), (b'\x00\xff' * 20, 'not XML'), (b' ' * 2**20 + xml(), 'more than a million bytes'),
    (xml(**{'<eCitation>': '<!DOCTYPE e [<!ENTITY a "aaaa">]><eCitation>'}), 'neither entities nor a document type'),
    (xml(**{'utf-8': 'no-such-code'}), 'not XML')])
def test_damaged_files(content, message):
    """Each damage is a ValueError that names the file."""
    with pytest.raises(ValueError, match=f'^7.xml: .*{message}'):
        parse_openi_report(content, '7.xml')


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 900), rubbish=st.binary(max_size=6), cut=st.booleans())
def test_any_bytes(place, rubbish, cut):
    """Whatever a file holds: a report with an id, or a ValueError with the file's name."""
    content = xml()
    try:
        report = parse_openi_report(content[:place] + rubbish + (b'' if cut else content[place + len(rubbish):]), 'f')
    except ValueError as error:
        assert str(error).startswith('f: ')
    else:
        assert report.report_id


def write_archive(path, files, mode='w:gz'):
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f'ecgen-radiology/{name}')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize('kind', ['folder', 'tgz', 'tar'])
def test_sources(tmp_path, kind):
    """A folder and an archive give the same reports, ordered by number, not by name."""
    files = {f'{number}.xml': xml(number) for number in (10, 9, 100)} | {'readme.txt': b'no report'}
    if kind == 'folder':
        source = tmp_path / 'reports'
        source.mkdir()
        for name, content in files.items():
            (source / name).write_bytes(content)
    else:
        source = write_archive(tmp_path / 'reports.tgz', files, 'w:gz' if kind == 'tgz' else 'w')
    assert [report.report_id for report in read_openi_reports(source)] == ['CXR9', 'CXR10', 'CXR100']


def test_damaged_file_among_others(tmp_path):
    """It is an error, or is put aside with its name where the caller keeps a list."""
    source = write_archive(tmp_path / 'reports.tgz', {'1.xml': xml(1), '2.xml': xml(2)[:200], '3.xml': xml(3)})
    with pytest.raises(ValueError, match=r'reports\.tgz, ecgen-radiology/2\.xml: not XML'):
        list(read_openi_reports(source))
    damaged = {}
    assert [report.report_id for report in read_openi_reports(source, damaged)] == ['CXR1', 'CXR3']
    assert list(damaged) == ['2.xml'] and 'not XML' in damaged['2.xml']


def test_faults_of_the_source(tmp_path):
    """Nothing there, nothing in it, an archive cut short, and a report that is there twice."""
    with pytest.raises(FileNotFoundError, match='There is no .*nowhere'):
        list(read_openi_reports(tmp_path / 'nowhere'))
    with pytest.raises(ValueError, match=r'holds no \*\.xml file'):
        list(read_openi_reports(tmp_path))
    archive = write_archive(tmp_path / 'reports.tgz', {f'{number}.xml': xml(number) for number in range(200)})
    archive.write_bytes(archive.read_bytes()[:-400])
    with pytest.raises(ValueError, match='no tar archive, or cut short'):
        list(read_openi_reports(archive))
    with pytest.raises(ValueError, match='CXR1 is there twice'):
        list(read_openi_reports(write_archive(tmp_path / 'twice.tgz', {'1.xml': xml(), '2.xml': xml()})))


def test_packaged_reports():
    """All of the collection is found in the package that carries it, without importing that."""
    pytest.importorskip('importlib.util').find_spec('torchxrayvision') or pytest.skip('torchxrayvision is not there')
    reports = list(read_openi_reports(find_openi_archive()))
    assert len(reports) == 3955
    assert sum(bool(report.findings) for report in reports) == 3425
    assert sum(bool(report.impression) for report in reports) == 3921
    assert sum(len(report.images) for report in reports) == 7470
