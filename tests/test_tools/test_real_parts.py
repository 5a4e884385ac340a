"""The benchmark of real radiographs from scores to tables, and the tool from a table to its page, on made-up films."""
import runpy
import sys
from statistics import fmean, stdev

import numpy as np
import pytest
from made_up_real import ROOT, write_nih, write_notes
from real import classify, page, parts
from real.cache import Cache
from real.films import Film, folds
from real.tables import read_films
from sklearn.metrics import roc_auc_score

PAGE = ROOT / 'docs' / 'real_data.md'


@pytest.fixture
def bench(tmp_path):
    """Forty films of NIH's kind, ten of them kept back."""
    write_nih(tmp_path / 'nih', 40)
    films = read_films(tmp_path)
    kept = [Film(f'other_{film.name}', film.path, f'other_{number}', film.view, film.findings, kept_back=True)
            for number, film in enumerate(films[:10])]
    return parts.Bench([*films[10:], *kept], tmp_path / 'out/whole', Cache(tmp_path / 'out'), {parts.RANDOM: None}, 5,
                       3)


def cells(text):
    """The rows of a Markdown table, without head and rule."""
    head, rule, *rows = [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines()]
    assert set(rule) == {'---'} and all(len(row) == len(head) for row in rows)
    return rows


def test_rows_over_folds_and_over_kept_back_films(bench):
    """Films of the folds and films kept back are two rows; a start with fewer repeats is compared over those alone."""
    rng = np.random.default_rng(0)
    back = [film for film in bench.labelled if film.kept_back]

    def scores(repeats):
        return [{film.name: float(rng.normal() + bench.labels[film.name]) for film in (*fold.test, *back)}
                for fold in folds(bench.labelled)[:repeats]]

    found = {parts.RANDOM: scores(5), 'a file': scores(2)}
    rows = parts._compared(bench, found, 100, 'frozen')
    assert [(row['tested'], row['start'], row['repeats']) for row in rows] == [
        ('other patients', parts.RANDOM, 5), ('other patients', 'a file', 2), ('films kept back', parts.RANDOM, 5),
        ('films kept back', 'a file', 2)]

    def slow(one, films):
        here = [film for film in films if film.name in one]
        return roc_auc_score([bench.labels[film.name] for film in here], [one[film.name] for film in here])

    for row, films in zip(rows, [bench.labelled] * 2 + [back] * 2, strict=True):
        tested = [film for film in films if film.kept_back is (row['tested'] == 'films kept back')]
        single = [slow(one, tested) for one in found[row['start']]]
        assert row['all']['mean'] == pytest.approx(fmean(single))
        if row['start'] == parts.RANDOM:
            assert row['ahead'] is None
        else:
            base = [slow(one, tested) for one in found[parts.RANDOM][:2]]
            assert row['ahead']['mean'] == pytest.approx(fmean(single) - fmean(base))
    table = cells(page.classification_table(rows))
    assert [row[1] for row in table] == [f'30 ({sum(bench.labels[film.name] for film in bench.labelled[:30])})',
                                         table[1][1], *[f'10 ({sum(bench.labels[film.name] for film in back)})'] * 2]
    assert table[0][-1] == '' and table[1][-1].startswith(f'{rows[1]["ahead"]["mean"]:+.3f} (')


def test_tables_hold_what_was_found():
    """Means, deviations and chance levels stand in the columns that say so."""
    dice = [dict(dice=.5, dice_pooled=.6, images=8, kept_back=dict(dice=.1, dice_pooled=.2, images=3)),
            dict(dice=.7, dice_pooled=.9, images=9, kept_back=dict(dice=.1, dice_pooled=.2, images=3))]
    assert cells(page.segmentation_table(dict(some=dice, none=[]))) == [
        ['other patients', 'some', '2', '17', f'0.600 ± {stdev([.5, .7]):.3f}', f'0.750 ± {stdev([.6, .9]):.3f}'],
        ['films kept back', 'some', '2', '3', '0.100 ± 0.000', '0.200 ± 0.000']]
    names = [f'{way}/recall@{count}' for count in (5, 10) for way in ('image_to_text', 'text_to_image')]
    figures = {name + end: value + place / 100 for place, name in enumerate(names)
               for end, value in (('', .3), ('_chance', .1))}
    one = dict(test=44, losses=[dict(loss=[3., 2.]), dict(loss=[5., 4.], loss_prototype=[9., 1.])], retrieval=figures)
    one['kept_back'] = dict(test=4, retrieval={'image_to_text/recall@1': .2})  # there is no recall at 5 among 4
    retrieval, losses = page.notes_table({'pairs': [one], 'shuffled pairs': []}).split('\n\n')
    shown = [f'{.3 + place / 100:.3f} ({.1 + place / 100:.3f})' for place in range(4)]
    assert cells(retrieval) == [['other patients', 'pairs', '1', '44', *shown],
                                ['films kept back', 'pairs', '1', '4', *'----']]
    assert cells(losses) == [['pairs', '1', 'loss', '3.00', '2.00'], ['pairs', '2', 'loss', '5.00', '4.00'],
                             ['pairs', '2', 'prototype', '9.00', '1.00']]
    assert page.notes_table({'pairs': []}) == page.segmentation_table({'none': []}) == 'Not run.'


def test_parts_without_their_films_give_no_table(bench, monkeypatch, tmp_path):
    """A folder without notes, masks or labels has tables for the rest, and no empty ones; so has one without mmseg."""
    assert parts.segmentation(bench) == parts.notes(bench) == {}
    write_notes(tmp_path / 'more/notes', 6)
    other = parts.Bench(read_films(tmp_path / 'more'), bench.images, bench.cache, bench.starts, 5, 3)
    assert parts.classification(other) == parts.differences(other) == {}
    monkeypatch.setattr(parts, '_lungs_module', lambda: None)
    assert parts.segmentation(other) == {}


def test_the_page_has_a_place_for_each_table():
    """A table without a place would be found out after hours of training."""
    assert all(f'<!-- real: {name} -->\n' in PAGE.read_text(encoding='utf-8') for name in page.BLOCKS)


@pytest.mark.slow
def test_from_a_table_to_the_page(tmp_path, monkeypatch, capsys):
    """The tool reads, trains, compares and fills its page; a second run takes all of it from the first."""
    write_nih(tmp_path / 'root/nih', 60)
    write_nih(tmp_path / 'mine', 20, seed=1)
    table = (tmp_path / 'mine/index.csv').read_text().splitlines()
    (tmp_path / 'mine/index.csv').write_text('\n'.join([table[0], *(line.replace(',', ',9', 2).replace(',9', ',', 1)
                                                                    for line in table[1:])]))  # other patients
    monkeypatch.setattr(classify, 'STEPS', {100: 4})
    monkeypatch.setattr(parts, 'STEPS', {100: 4})
    (tmp_path / 'page.md').write_text(''.join(f'<!-- real: {name} -->\n<!-- end -->\n' for name in page.BLOCKS))

    def run(*more):
        monkeypatch.setattr(sys, 'argv', [
            'real_data.py', '--root', str(tmp_path / 'root'), '--images', str(tmp_path / 'mine/images'), '--table',
            str(tmp_path / 'mine/index.csv'), '--demo', str(tmp_path / 'none'), '--folder', str(tmp_path / 'out'),
            '--docs', str(tmp_path / 'page.md'), '--repeats', '1', '--parts', 'sheet', 'classification', *more])
        runpy.run_path(str(ROOT / 'tools/benchmarks/real_data.py'), run_name='__main__')
        assert '20 other films are tested on; 0 are of patients' in capsys.readouterr().out
        return (tmp_path / 'page.md').read_text()

    first = run()
    rows = [line for line in first.splitlines() if line.startswith(('| other patients', '| films kept back'))]
    assert [line.split(' | ')[3] for line in rows] == ['frozen', 'fine-tuned'] * 2 and (tmp_path / 'out').is_dir()
    assert rows[2].startswith('| films kept back | 20 (')
    assert run('--reuse') == first
