"""Conversion in parts: the same whoever does it, stopped and gone on with, and never parts of other work."""
import os

import numpy as np
import pytest
from PIL import Image

from prior_mm.converters import conversion_run, part_key
from prior_mm.converters.conversion_run import Conversion, PartSummary, convert_part
from prior_mm.converters.raw_study import RawStudy
from prior_mm.converters.study_conversion import ConversionOptions
from prior_mm.datasets.images import read_radiograph
from prior_mm.datasets.reports import ReportSections

SPLITS = ('train', 'test')


def study(number, **changes):
    """Every third has too few sentences; the paragraph separator is a line end to some readers of text."""
    findings = 'Heart normal. Lungs clear.' if number % 3 else 'Clear.'
    return RawStudy(f's{number}', f'p{number}', SPLITS[number % 2], ReportSections(f'No disease {number}.', findings),
                    (f'{number}\u2029.jpg', ), ('PA', ), **changes)


STUDIES = [study(number) for number in range(20)]


def conversion(root, workers=1, fingerprint=('a', ), **options):
    options = ConversionOptions(root, **{'min_sentences': 3, 'check_images': False, **options})
    return Conversion(root / '.parts', options, fingerprint, workers, part_size=4)


def entries(made):
    return {split: list(made.entries(split)) for split in SPLITS}


def interrupted(count):
    yield from STUDIES[:count]
    raise KeyboardInterrupt


def test_workers_make_no_difference(tmp_path):
    """One process and three: the same counts, and the same entries in the order of the studies."""
    results = []
    for workers in (1, 3):
        made = conversion(tmp_path / str(workers), workers)
        results.append((made.run(STUDIES, 20), entries(made)))
    assert results[0] == results[1]
    summary, found = results[0]
    assert summary.kept == {'train': 6, 'test': 7} and summary.images == summary.kept
    assert summary.dropped == {'train': {'too few sentences': 4}, 'test': {'too few sentences': 3}}
    assert summary.by_reason() == {'too few sentences': 7}
    assert summary.examples == {'too few sentences': [f's{number}: 2' for number in range(0, 20, 3)]}
    assert [entry.split('"')[3] for entry in found['test']] == [f's{number}' for number in range(20)
                                                                if number % 2 and number % 3]


@pytest.mark.parametrize('workers', [1, 2])
def test_stopped_and_gone_on_with(tmp_path, monkeypatch, capsys, workers):
    """After a stop, what was done is not done again, is counted, is told, and the result is that of one run."""
    whole = conversion(tmp_path / 'whole')
    expected = whole.run(STUDIES, 20)
    with pytest.raises(KeyboardInterrupt):
        conversion(tmp_path / 'stopped', workers).run(interrupted(10), 20)
    assert 'before the last stop' not in capsys.readouterr().out
    left = len(list((tmp_path / 'stopped').rglob('part-*.jsonl'))) * 4
    assert left == 8 if workers == 1 else left in (0, 4, 8)  # workers do not begin what waits
    done = []
    monkeypatch.setattr(conversion_run, 'convert_part', lambda part, *rest: done.extend(part) or convert_part(
        part, *rest))
    again = conversion(tmp_path / 'stopped')
    assert again.run(STUDIES, 20) == expected
    assert [study.study_id for study in done] == [f's{number}' for number in range(left, 20)]
    assert not left or f'{left} of these studies were done before the last stop.' in capsys.readouterr().out
    assert entries(again) == entries(whole)


@pytest.mark.parametrize('change', [dict(fingerprint=('b', )), dict(min_sentences=2), dict(short_side=32)])
def test_parts_of_other_work_are_not_used(tmp_path, capsys, change):
    """Another input or another option makes everything anew."""
    conversion(tmp_path).run(STUDIES, 20)
    conversion(tmp_path, **change).run(STUDIES, 20)
    assert 'before the last stop' not in capsys.readouterr().out
    conversion(tmp_path).run(STUDIES, 20)
    assert '20 of these studies were done' in capsys.readouterr().out


def test_parts_of_another_parser_are_not_used(tmp_path, capsys, monkeypatch):
    """Nor are parts from before a change in how reports become sentences: half of a file would be split otherwise."""
    conversion(tmp_path).run(STUDIES, 20)
    source = tmp_path / 'reports' / '__init__.py'
    source.parent.mkdir()
    source.write_text('# changed')
    monkeypatch.setattr(part_key.reports, '__file__', str(source))
    conversion(tmp_path).run(STUDIES, 20)
    assert 'before the last stop' not in capsys.readouterr().out


@pytest.mark.parametrize('changed', ['image', 'report', 'nothing'])
def test_parts_of_files_that_changed_are_not_used(tmp_path, capsys, changed):
    """A report or an image that was replaced after a stop is read anew."""
    report, image = tmp_path / 's1.txt', tmp_path / 'a.png'
    report.write_text('FINDINGS: Heart normal. Lungs clear. No effusion.')
    Image.fromarray(np.full((40, 40), 30, np.uint8)).save(image)
    raw = [RawStudy('s1', 'p1', 'train', report, ('a.png', ), ('AP', ))]
    options = dict(check_images=True, short_side=32, copies_root=tmp_path)
    conversion(tmp_path, **options).run(raw, 1)
    if changed == 'report':
        report.write_text('FINDINGS: Heart large. Lungs clear. No effusion.')
    elif changed == 'image':
        Image.fromarray(np.full((40, 40), 200, np.uint8)).save(image)
    made = conversion(tmp_path, **options)
    made.run(raw, 1)
    assert ('before the last stop' in capsys.readouterr().out) == (changed == 'nothing')
    assert ('Heart large.' in entries(made)['train'][0]) == (changed == 'report')
    pixels = read_radiograph(tmp_path / 'resized_32/a.jpg')
    assert np.abs(pixels.astype(int) - (200 if changed == 'image' else 30)).max() <= 2


@pytest.mark.parametrize('content', ['', '{', '{}', '[]', '{"kept": 1, "images": {}, "dropped": {}, "examples": {}}',
                                     '\0' * 50])
def test_damaged_parts_are_made_anew(tmp_path, content):
    """A part that a crash of the machine left half written is not believed."""
    first = conversion(tmp_path)
    expected, found = first.run(STUDIES, 20), entries(first)
    next(iter(sorted(tmp_path.rglob('part-*.jsonl')))).write_text(content)
    again = conversion(tmp_path)
    assert again.run(STUDIES, 20) == expected and entries(again) == found


def test_what_was_missing_is_looked_for_again(tmp_path):
    """Parts with images that were missing are made anew: the images may have been fetched since."""
    made = conversion(tmp_path, check_images=True)
    assert made.run(STUDIES, 20).by_reason()['unreadable'] == 13
    for raw in STUDIES:
        (tmp_path / raw.images[0]).write_bytes(b'image')
    again = conversion(tmp_path, check_images=True)
    assert sum(again.run(STUDIES, 20).kept.values()) == 13


def test_lost_images_are_counted(tmp_path):
    """A study that keeps one of its two images is kept, and the other one counted."""
    (tmp_path / 'a.jpg').write_bytes(b'image')
    sections = ReportSections('', 'Heart normal. Lungs clear. No effusion.')
    raw = RawStudy('s1', 'p1', 'train', sections, ('a.jpg', 'b.jpg'), ('AP', 'PA'))
    summary = conversion(tmp_path, check_images=True).run([raw], 1)
    assert (summary.kept['train'], summary.images['train'], summary.images_lost) == (1, 1, 1)


def test_killed_worker(tmp_path, monkeypatch):
    """A worker that the system kills is told in words, and what others did is kept."""
    def convert(study, options):
        if study.study_id == 's13':
            os._exit(9)
        return convert_study(study, options)

    convert_study = conversion_run.convert_study
    monkeypatch.setattr(conversion_run, 'convert_study', convert)  # the workers are forks
    with pytest.raises(RuntimeError, match='A worker was killed, perhaps for lack of memory.*fewer --workers'):
        conversion(tmp_path, 2).run(STUDIES, 20)
    assert 1 <= len(list(tmp_path.rglob('part-*.jsonl'))) <= 4


def test_clean(tmp_path):
    """Parts are removed, also those of other options; nothing else is."""
    for fewest in (2, 3):
        made = conversion(tmp_path, min_sentences=fewest)
        made.run(STUDIES, 20)
    (tmp_path / 'mine.txt').write_text('')
    made.clean()
    assert [path.name for path in tmp_path.iterdir()] == ['mine.txt']


def test_summaries_add_up():
    """Counts are added by split and reason; of the examples some are kept, not all of a data set."""
    total = PartSummary()
    for number in range(30):
        part = PartSummary(examples={'no report': [f's{number}']}, images_lost=1)
        part.kept['train'] += 2
        part.dropped = {'train': part.by_reason() + type(part.kept)({'no report': 1})}
        total.add(part)
    assert total.kept == {'train': 60} and total.dropped == {'train': {'no report': 30}} and total.images_lost == 30
    assert total.examples['no report'] == [f's{number}' for number in range(20)]
