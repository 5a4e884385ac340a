"""One study: each reason to drop it, what its entry holds, and reports of any bytes."""
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_mimic import REPORT, SENTENCES, Study, write_mimic

from prior_mm.converters.raw_study import Dropped, RawStudy
from prior_mm.converters.study_conversion import ConversionOptions, convert_study, read_report
from prior_mm.datasets.reports import ReportSections
from prior_mm.datasets.study_schema import check_study

SECTIONS = ReportSections('No acute disease.', 'Heart normal. Lungs clear. No effusion.')


def raw(report=SECTIONS, images=('a.jpg', ), **changes):
    return RawStudy('s1', 'p1', changes.pop('split', 'train'), report, images, ('PA', ) * len(images), **changes)


def options(root, **changes):
    return ConversionOptions(root, **{'check_images': False, **changes})


def test_entry(tmp_path):
    """Ids, all frontal images with their views, impression before findings, labels: what the schema asks for."""
    study = Study(0)
    write_mimic(tmp_path, [study])
    entry = convert_study(RawStudy('s1', 'p1', 'train', tmp_path / f'{study.folder}.txt', ('a.jpg', 'b.jpg'),
                                   ('AP', 'PA'), {'Edema': -1}), options(tmp_path)).entry
    assert entry == dict(study_id='s1', subject_id='p1', images=['a.jpg', 'b.jpg'], views=['AP', 'PA'],
                         sentences=SENTENCES, labels={'Edema': -1})
    assert check_study(entry) == entry
    assert 'labels' not in convert_study(raw(), options(tmp_path)).entry


@pytest.mark.parametrize('study, reason, detail', [
    (raw(split=''), Dropped.NOT_IN_SPLIT, ''), (raw(images=()), Dropped.NO_FRONTAL_VIEW, ''),
    (raw(fault='cut short'), Dropped.UNREADABLE, 'cut short'), (raw(ReportSections('', '')), Dropped.NO_SECTION, ''),
    (raw(ReportSections('', 'Heart normal. Lungs clear. No effusion.')), Dropped.TOO_FEW_SENTENCES, '3')])
def test_dropped(tmp_path, study, reason, detail):
    """Each reason, with what was found."""
    outcome = convert_study(study, options(tmp_path))
    assert (outcome.entry, outcome.reason, outcome.detail) == (None, reason, detail)


@pytest.mark.parametrize('content, reason, detail', [
    (None, Dropped.NO_REPORT, 'there is no'), (b'', Dropped.NO_SECTION, ''), (b' \r\n\t', Dropped.NO_SECTION, ''),
    (bytes(range(256)) * 9, Dropped.UNREADABLE, 'control characters'), (b'\0' * 99, Dropped.UNREADABLE, 'control'),
    (REPORT.encode('utf-16')[:-1], Dropped.UNREADABLE, 'UTF-16'),
    (b'a. ' * 400000, Dropped.UNREADABLE, 'a million bytes')])
def test_report_files_that_are_dropped(tmp_path, content, reason, detail):
    """Missing, empty, binary and huge files are told apart, and named."""
    if content is not None:
        (tmp_path / 's1.txt').write_bytes(content)
    outcome = convert_study(raw(tmp_path / 's1.txt'), options(tmp_path))
    assert outcome.reason is reason and detail in outcome.detail
    assert 's1.txt' in outcome.detail or reason is Dropped.NO_SECTION


def test_folder_in_place_of_a_report(tmp_path):
    """What cannot be opened is unreadable, not missing."""
    assert convert_study(raw(tmp_path), options(tmp_path)).reason is Dropped.UNREADABLE


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'cp1252'])
def test_encodings(tmp_path, encoding):
    """UTF-8 with and without a mark, and Latin of Windows, give the same letters."""
    (tmp_path / 's1.txt').write_bytes('5\u00a0mm \u2013 caf\u00e9'.encode(encoding))
    assert read_report(tmp_path / 's1.txt') == '5\u00a0mm \u2013 caf\u00e9'


def test_fewest_sentences(tmp_path):
    """Exactly so many are enough."""
    assert convert_study(raw(), options(tmp_path, min_sentences=4)).entry
    assert convert_study(raw(), options(tmp_path, min_sentences=5)).reason is Dropped.TOO_FEW_SENTENCES


def test_images_that_are_missing_or_empty(tmp_path):
    """One lost image leaves the study with the others and their views; none left drops it; unasked all stay."""
    (tmp_path / 'a.jpg').write_bytes(b'')
    (tmp_path / 'c.jpg').write_bytes(b'image')
    study = RawStudy('s1', 'p1', 'train', SECTIONS, ('a.jpg', 'b.jpg', 'c.jpg'), ('AP', 'AP', 'PA'))
    outcome = convert_study(study, options(tmp_path, check_images=True))
    assert (outcome.entry['images'], outcome.entry['views']) == (['c.jpg'], ['PA'])
    assert 'a.jpg' in outcome.detail and 'b.jpg' in outcome.detail
    (tmp_path / 'c.jpg').unlink()
    assert convert_study(study, options(tmp_path, check_images=True)).reason is Dropped.UNREADABLE
    assert len(convert_study(study, options(tmp_path)).entry['images']) == 3


@settings(max_examples=200, deadline=None)
@given(report=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode('utf-8', 'surrogatepass'))
       | st.lists(st.sampled_from([b'FINDINGS:', b'IMPRESSION:\n', b'Heart normal. ', b'1. ', b'___', b'\n\n', b'\xff',
                                   b'\0', b'\xed\xa0\x80']), max_size=12).map(b' '.join))
def test_reports_of_any_bytes(tmp_path_factory, report):
    """Whatever a report holds: a reason, or an entry that the data set will read."""
    root = tmp_path_factory.mktemp('report')
    (root / 's1.txt').write_bytes(report)
    outcome = convert_study(raw(root / 's1.txt'), options(root, min_sentences=1))
    if outcome.entry is None:
        assert outcome.reason in (Dropped.NO_SECTION, Dropped.TOO_FEW_SENTENCES, Dropped.UNREADABLE, Dropped.FOREIGN)
    else:
        check_study(outcome.entry)
