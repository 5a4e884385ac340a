"""A data set to annotation files: what is written, what is said of it, and when nothing is."""
import csv
import io
import json
import os
from pathlib import Path

import pytest
from rich.console import Console

from prior_mm.converters.convert import DatasetSource, convert_dataset, print_summary
from prior_mm.converters.raw_study import RawStudy
from prior_mm.converters.study_conversion import ConversionOptions
from prior_mm.datasets.reports import SENTENCE_SPLITTER, ReportSections
from prior_mm.datasets.study_table import read_studies

GOOD = ReportSections('No disease.', 'Heart normal. Lungs clear. No effusion.')
SHORT = ReportSections('No disease.', '')


def raw(number, split='train', report=GOOD, images=('a.jpg', 'b.jpg')):
    return RawStudy(f's{number}', f'p{number}', split, report, images, ('AP', 'PA')[:len(images)])


def source(root, made, **changes):
    return DatasetSource(**{**dict(name='made-up', synthetic=True, splits=['train', 'test'], total=len(made),
                                   studies=lambda: made, image_root=root, fingerprint=(root / 'table.csv', 1)),
                            **changes})


def convert(root, made, fresh=False, **changes):
    return convert_dataset(source(root, made, **changes), root, ConversionOptions(root, check_images=False),
                           workers=1, fresh=fresh)


STUDIES = [raw(1), raw(2), raw(3, report=SHORT), raw(4, 'test'), raw(5, 'test', images=()), raw(6, '')]


def test_files(tmp_path):
    """A file a split with its studies in order, how they came about, and its own counts; no parts are left."""
    convert(tmp_path, STUDIES)
    assert sorted(path.name for path in (tmp_path / 'annotations').iterdir()) == ['left_out.csv', 'test.json',
                                                                                  'train.json']
    train = read_studies(tmp_path / 'annotations' / 'train.json')
    assert [train[index]['study_id'] for index in range(len(train))] == ['s1', 's2']
    assert train.metainfo == dict(
        schema='prior_mm.studies/1', dataset='made-up', split='train', synthetic=True, min_sentences=4,
        sentence_splitter=SENTENCE_SPLITTER, resized_short_side=None, images_checked=False,
        summary=dict(kept=2, images=4, dropped={'too few sentences': 1}))
    assert read_studies(tmp_path / 'annotations' / 'test.json').metainfo['summary'] == dict(
        kept=1, images=2, dropped={'no frontal view': 1})


def test_the_file_is_plain_json(tmp_path):
    """Anything that reads JSON reads it, an entry a line, letters as they are."""
    convert(tmp_path, [raw(1, report=GOOD._replace(impression='Caf\u00e9.'))])
    text = (tmp_path / 'annotations' / 'train.json').read_text(encoding='utf-8')
    assert json.loads(text)['data_list'][0]['sentences'][0] == 'Caf\u00e9.'
    assert sum(line.startswith('{"study_id"') for line in text.splitlines()) == 1 and 'Caf\u00e9' in text


def test_older_file_of_an_empty_split(tmp_path):
    """A split that keeps no study any more leaves no file of an earlier conversion."""
    convert(tmp_path, STUDIES)
    convert(tmp_path, STUDIES[:3])
    assert sorted(path.name for path in (tmp_path / 'annotations').iterdir()) == ['left_out.csv', 'train.json']


def test_all_that_was_left_out_is_listed(tmp_path):
    """Each study that was left out stands in left_out.csv with the reason; if there is none, no older table stays."""
    def listed():
        return list(csv.reader((tmp_path / 'annotations' / 'left_out.csv').open(encoding='utf-8')))

    convert(tmp_path, STUDIES)
    expected = [['study_id', 'split', 'reason', 'detail'], ['s3', 'train', 'too few sentences', '1'],
                ['s5', 'test', 'no frontal view', ''], ['s6', '', 'not in the split file', '']]
    assert listed() == expected
    with pytest.raises(ValueError, match='No study'):
        convert(tmp_path, STUDIES[2:3])
    assert listed() == expected[:2]
    convert(tmp_path, STUDIES[:2], fresh=True)
    assert [path.name for path in (tmp_path / 'annotations').iterdir()] == ['train.json']


def test_lost_images_of_kept_studies_are_listed(tmp_path):
    """An image that is missing is named, although its study is kept."""
    (tmp_path / 'b.jpg').write_bytes(b'image')
    convert_dataset(source(tmp_path, [raw(1)]), tmp_path, ConversionOptions(tmp_path), workers=1)
    _, row = csv.reader((tmp_path / 'annotations' / 'left_out.csv').open(encoding='utf-8'))
    assert row[:3] == ['s1', 'train', 'some of its images'] and 'a.jpg: cannot be opened' in row[3]


def test_nothing_kept(tmp_path):
    """That is an error that says why, with an example of each reason."""
    with pytest.raises(ValueError, match=r'No study of 2 .*too few sentences: 1.*no frontal view: 1.*s3: 1; s5'):
        convert(tmp_path, [raw(3, report=SHORT), raw(5, images=())])
    with pytest.raises(ValueError, match='there is none'):
        convert(tmp_path, [])


def stopped(studies):
    yield from studies
    raise KeyboardInterrupt


def test_fingerprint_and_fresh(tmp_path, capsys):
    """Parts are used again for the same files and options, not after a file was changed, and not if that is asked."""
    studies = [raw(number) for number in range(300)]  # a part and a bit
    (tmp_path / 'table.csv').write_text('1')

    def run_twice(change=lambda: None, **options):
        with pytest.raises(KeyboardInterrupt):
            convert(tmp_path, studies, studies=lambda: stopped(studies))
        change()
        convert(tmp_path, studies, **options)
        return '256 of these studies were done before' in capsys.readouterr().out

    assert run_twice()
    assert not run_twice(lambda: (tmp_path / 'table.csv').write_text('22'))
    assert not run_twice(fresh=True)
    assert not run_twice(fingerprint=(tmp_path / 'table.csv', 2))


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    """An annotation file is replaced when the new one is complete, not before."""
    convert(tmp_path, STUDIES)
    before = (tmp_path / 'annotations' / 'train.json').read_bytes()

    def replace_all_but_one(old, new):
        if Path(new).name == 'train.json':
            raise OSError('no space left')
        replace(old, new)

    replace = os.replace
    monkeypatch.setattr(os, 'replace', replace_all_but_one)
    with pytest.raises(OSError, match='no space left'):
        convert(tmp_path, [raw(9)])
    assert (tmp_path / 'annotations' / 'train.json').read_bytes() == before
    assert not list((tmp_path / 'annotations').glob('*.part'))


def printed(summary, examples=0):
    console = Console(file=io.StringIO(), width=100)
    print_summary(summary, ['train', 'test'], console, examples)
    return console.file.getvalue()


def test_table(tmp_path):
    """Kept and dropped by reason, by split and in all; every reason has its row, with a zero if need be."""
    text = printed(convert(tmp_path, STUDIES))
    rows = {cells[0].strip(): [cell.strip() for cell in cells[1:]]
            for line in text.splitlines() if len(cells := line.strip('\u2502').split('\u2502')) == 5}
    assert rows == {
        'kept': ['2', '1', '0', '3'], 'their frontal images': ['4', '2', '0', '6'],
        'dropped: not in the split file': ['0', '0', '1', '1'], 'dropped: no frontal view': ['0', '1', '0', '1'],
        'dropped: no report': ['0', '0', '0', '0'], 'dropped: no section': ['0', '0', '0', '0'],
        'dropped: too few sentences': ['1', '0', '0', '1'], 'dropped: unreadable': ['0', '0', '0', '0']}
    assert 's3' not in text


def test_examples(tmp_path):
    """So many of each reason as are asked for, with what was found."""
    studies = [*STUDIES, raw(7, report=SHORT), raw(8, report=SHORT)]
    text = printed(convert(tmp_path, studies), examples=2)
    assert 's3: 1\n' in text and 's7: 1\n' in text and 's5\n' in text and 's8' not in text


def test_lost_images_are_told(tmp_path):
    """Images that kept studies lost stand below the table."""
    (tmp_path / 'a.jpg').write_bytes(b'image')
    summary = convert_dataset(source(tmp_path, [raw(1)]), tmp_path, ConversionOptions(tmp_path), workers=1)
    assert '1 images of kept studies are missing or unreadable' in printed(summary)
