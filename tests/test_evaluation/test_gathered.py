"""One table: what may stand side by side does, and nothing else; figures of others stand where they may."""
import csv
import io
import json
import runpy
import sys
from pathlib import Path

import pytest

from prior_mm.evaluation import write_per_image
from prior_mm.evaluation.compared import compare
from prior_mm.evaluation.gathered import MIXED, gather
from prior_mm.evaluation.overview import MAIN
from prior_mm.evaluation.per_image import read_per_image
from prior_mm.evaluation.published import published_figures
from prior_mm.evaluation.written_tables import write_tables
from prior_mm.protocols import PROTOCOLS

ROOT = Path(__file__).parents[2]


def record(auroc, seed=42, weights='runs/prior/last.pth', protocol='benchx/2', f1=.6, **changes):
    return dict(dict(config='rsna_cls.py', task='classification', dataset='rsna', protocol=protocol, repeat='official',
                     labels=1, frozen=False, pretrained=weights, seed=seed, size=224, data=dict(synthetic=False),
                     left_protocol=dict(than=protocol, differences={}),
                     metrics={'classification/auroc': auroc, 'classification/auroc_low': auroc - .1,
                              'classification/auroc_high': auroc + .1, 'classification/f1': f1}), **changes)


def files(*records):
    return {Path(f'{number}.json'): item for number, item in enumerate(records)}


def test_seeds_become_one_cell():
    """Mean and deviation of the runs with Student's interval; of a single run that of its images."""
    table, = gather(files(record(.7, 42), record(.8, 0), record(.9, 1), record(.5, weights=None)))
    assert list(table.cells) == ['prior, fine-tuned', 'random, fine-tuned']
    f1, auroc = sorted(table.columns, key=lambda column: column.figure, reverse=True)
    assert (auroc.figure, f1.figure) == ('classification/auroc', 'classification/f1')
    cell = table.cells['prior, fine-tuned'][auroc]
    assert cell.mean == pytest.approx(.8) and cell.deviation == pytest.approx(.1)
    assert cell.interval == pytest.approx((.8 - 4.302653 * .1 / 3**.5, .8 + 4.302653 * .1 / 3**.5))
    assert table.cells['random, fine-tuned'][auroc].interval == pytest.approx((.4, .6))
    with pytest.raises(ValueError, match='of the same run'):
        gather(files(record(.7), record(.8)))


@pytest.mark.parametrize('weights, expected', [
    (['ablation_a/prior/last.pth', 'full_model/prior/last.pth'], ['ablation_a/prior', 'full_model/prior']),
    (['a/x/prior', 'b/x/prior', 'y/prior'], ['a/x/prior', 'b/x/prior', 'y/prior']),
    (['runs/seed_0/prior/last.pth', 'runs/seed_1/prior/last.pth'], ['prior', 'prior']),
    (['a_0/prior/last.pth', 'a_1/prior/last.pth', 'b_0/prior/last.pth'], ['a_N/prior', 'a_N/prior', 'b_N/prior']),
    (['prior_0/last.pth', 'prior_1/last.pth'], ['prior_0', 'prior_1']),
    (['work_dirs/prior/last.pth', '/home/me/work_dirs/prior/best.pth'], ['prior', 'prior']),
    (['runs/prior/last.pth', 'runs/prior', 'last.pth'], ['prior', 'prior', 'last'])])
def test_models_of_one_folder_name(weights, expected):
    """They are no runs of one model, unless the folders above differ in a number alone, as those of seeds do."""
    table, = gather(files(*(record(.7, seed, one) for seed, one in enumerate(weights))))
    assert list(table.cells) == [f'{name}, fine-tuned' for name in dict.fromkeys(expected)]
    named, = gather(files(*(record(.7, seed, one) for seed, one in enumerate(weights))), {weights[0]: 'mine'})
    assert 'mine, fine-tuned' in named.cells


def test_protocols_have_their_own_tables():
    """Never side by side unless asked, and then each row says which one is its."""
    records = files(record(.7), record(.8, protocol='mrm/1'))
    assert [table.protocol for table in gather(records)] == ['benchx/2', 'mrm/1']
    table, = gather(records, mixed=True)
    assert table.protocol == MIXED
    assert list(table.cells) == ['prior, fine-tuned [benchx/2]', 'prior, fine-tuned [mrm/1]']


def test_what_is_other_than_it_seems_is_marked():
    """Synthetic data, lists that share images, tricks, another size, a model with random parts."""
    marked = record(.7, backbone_rate=.1, head_norm=True, size=96, missing={'head': 2},
                    data=dict(synthetic=True, overlap={'train and test': 5}, split='val'))
    table, = gather(files(marked))
    (row, ), (title, *_) = table.cells, [column.title for column in table.columns]
    assert row.startswith('prior, fine-tuned, rate x 0.1, head normed, NOT AS benchx/2: 96 px, NOT WHOLE')
    assert 'SYNTHETIC ON val LISTS OVERLAP: 5 images in train and test' in title


def rows(*records, **options):
    """The published rows of the one table of some results."""
    table, = gather(files(*records), published=published_figures(), **options)
    return table, list(table.published)


def test_published_figures_stand_beside_the_same_protocol_only():
    """The protocol, the share of labels, the figure; never synthetic or validation images, or other protocols."""
    ours = record(.7)
    table, found = rows(ours)
    assert len(found) == 10 and set(table.published.values()) == {'BenchX, arXiv 2410.21969, second hand'}
    f1 = next(column for column in table.columns if column.figure == 'classification/f1')
    assert table.cells['MGCA-R50, fine-tuned (published [1])'][f1].mean == pytest.approx(.573)
    for other in (record(.7, protocol='benchx/1'), dict(ours, data=dict(synthetic=True)), dict(ours, labels=5),
                  dict(ours, data=dict(split='val'))):
        assert not rows(other)[1]


@pytest.mark.parametrize('changes', [
    dict(left_protocol=dict(than='benchx/2', differences={'optim_wrapper.optimizer.lr': .01})),
    dict(left_protocol=None), dict(left_protocol=dict(than='mine.py', differences={})), dict(size=96),
    dict(frozen=True), dict(missing={'head': 2})])
def test_what_left_its_protocol_has_nothing_published_beside_it(changes):
    """A config that trains otherwise, one that nothing is known of, another size, a frozen backbone, random parts."""
    assert rows(record(.7))[1] and not rows(record(.7, **changes))[1]


def test_how_a_run_left_its_protocol_is_in_its_name():
    """So that the trials of a sweep are rows of their own; of many settings some, and how many more."""
    def trial(seed=42, **differences):
        return record(.7, seed, left_protocol=dict(than='rsna_cls.py', differences=differences))

    table, = gather(files(trial(**{'optim_wrapper.optimizer.lr': .01}), trial(**{'optim_wrapper.optimizer.lr': .02})))
    assert list(table.cells) == [f'prior, fine-tuned, NOT AS rsna_cls.py: optimizer.lr {rate}' for rate in (.01, .02)]
    table, = gather(files(trial(**{f'model.{name}': 1 for name in 'abcdef'})))
    assert next(iter(table.cells)).endswith('model.c 1, model.d 1 and 2 more')


def test_tricks_are_matched():
    """Table 6 stands beside runs with the same tricks alone; figures whose tricks were chosen for each beside any."""
    def of(**tricks):
        return [row for row in rows(record(.7, dataset='nih', **tricks))[1] if row.startswith('ConVIRT')]

    main = 'ConVIRT, fine-tuned (published [1])'
    assert of() == [main, 'ConVIRT, fine-tuned (published [2])'] == of(backbone_rate=1)
    assert of(backbone_rate=.1) == [main, 'ConVIRT, fine-tuned, rate x 0.1 (published [2])']
    assert of(backbone_rate=.1, head_norm=True, head_init='truncated_normal') == [
        main, 'ConVIRT, fine-tuned, rate x 0.1, head normed, head truncated (published [2])']
    assert of(head_init='truncated_normal') == [main]


def test_two_sources_of_one_model_stay_apart():
    """MS-CXR's figures are there, and the two that were published of BioViL are not one of two runs."""
    grounding = dict(config='ms_cxr_biovil_grounding.py', checkpoint='runs/prior/last.pth', seed=0,
                     data=dict(dataset='ms_cxr', split='all', synthetic=False),
                     metrics={'grounding/protocol': 'biovil/1', 'grounding/cnr': 1., 'grounding/cnr_low': .9,
                              'grounding/cnr_high': 1.1, 'grounding/miou': .2, 'grounding/pointing': .5})
    table, found = rows(grounding)
    assert [column.figure for column in table.columns] == ['grounding/cnr', 'grounding/miou', 'grounding/pointing']
    cells = {row: table.cells[row][table.columns[0]] for row in found if row.startswith('BioViL, ')}
    assert [cell.values for cell in cells.values()] == [[1.027], [1.07]]
    text = write_tables([table], 'md')
    assert '[1] BioViL, card of CXR-BERT, second hand' in text and '[2] BioViL-T, its card, second hand' in text
    assert 'runs)' not in text


def test_other_protocols_stand_in_a_mixed_table_alone():
    """There the figures whose protocol is unknown have their place, each row with its protocol."""
    assert {row.rpartition(' (published [')[2][2:] for row in rows(record(.7), mixed=True)[1]} == {
        ') [benchx/2]', ') [mrm/1]'}
    _, found = rows(record(.7, dataset='chexpert', protocol='prior/1'), mixed=True)
    assert 'MRM, fine-tuned (published [1]) [unknown]' in found


def test_published_files():
    """Each figure has a source, is there once, and can stand in a table; none is outside of what it counts."""
    figures = list(published_figures())
    assert len(figures) > 300 and all(figure.source and figure.second_hand for figure in figures)
    assert len({figure._replace(value=0) for figure in figures}) == len(figures)
    for figure in figures:
        if figure.protocol != 'unknown':
            setting = PROTOCOLS[figure.protocol].setting(figure.dataset, figure.task)
            main = f'{figure.task}/{MAIN[figure.task][0]}'
            assert figure.figure in (*setting.figures, main), figure
    assert all(0 < figure.value <= (2 if figure.figure.endswith('cnr') else 1) for figure in figures)


@pytest.fixture
def compared(tmp_path):
    """Result files of two models with what each image gave."""
    class Metric:
        def __init__(self, scores):
            self.per_image = {'image': [f'{n}.png' for n in range(len(scores))], 'pneumonia:score': scores,
                              'pneumonia:label': [1., 1., 0., 0., -1., 0.]}

    paths = []
    for name, scores in (('random', [.4, .6, .5, .7, .1, .2]), ('prior', [.9, .8, .2, .1, .3, .4])):
        path = tmp_path / f'{name}.json'
        said = write_per_image(path, [Metric(scores), object()])
        path.write_text(json.dumps(dict(record(.7, weights=None if name == 'random' else 'a/b.pth'), **said)))
        paths.append(path)
    return paths


def test_paired_comparison(compared):
    """Both figures of the two rows are tested over the labels that are known; other images are refused."""
    records = {path: json.loads(path.read_text()) for path in compared}
    table, = gather(records)
    found = {column.figure: item for column, item in compare(table, 'random, fine-tuned', 'a, fine-tuned',
                                                             records).items()}
    assert found['classification/auroc'].value == pytest.approx(1 - 3 / 6)
    assert found['classification/f1'].value == pytest.approx(1 - 2 / 5)
    with pytest.raises(ValueError, match="no row 'x'; it has: random, fine-tuned; a, fine-tuned"):
        compare(table, 'x', 'a, fine-tuned', records)
    other = compared[0].with_name('random_images.csv')
    other.write_text(other.read_text().replace('5.png', '9.png'))
    with pytest.raises(ValueError, match='are of other images: 6 and 6, 5 of them the same'):
        compare(table, 'random, fine-tuned', 'a, fine-tuned', records)
    other.write_text(other.read_text().replace('9.png', '0.png'))
    with pytest.raises(ValueError, match='an image is there twice'):
        read_per_image(other)
    with pytest.raises(ValueError, match='does not hold what each image gave'):
        read_per_image(compared[0])


def test_every_column_has_a_test_or_a_reason(compared):
    """Without runs of the same seed, without what each image gave, without two images of each kind."""
    records = {path: json.loads(path.read_text()) for path in compared}
    one, other = compared

    def said(**changes):
        changed = {one: records[one], other: dict(records[other], **changes)}
        table, = gather(changed)
        return {*compare(table, 'random, fine-tuned', 'a, fine-tuned', changed).values()}

    assert said(seed=7) == {'no two runs have the same repeat and seed'}
    assert said(per_image=None) == {f'what each image gave is not kept with {other}'}
    for path in compared:
        images = path.with_name(f'{path.stem}_images.csv')
        images.write_text(images.read_text().replace(',1.0\n', ',0.0\n'))
    table, = gather(records)
    found = compare(table, 'random, fine-tuned', 'a, fine-tuned', records)
    assert "DeLong's test needs two images with" in next(text for column, text in found.items()
                                                         if column.figure == 'classification/auroc')
    assert next(text for column, text in found.items() if column.figure == 'classification/f1') == \
        'no draw of the images has the figure'


def test_all_pairs_of_runs_are_compared(compared):
    """Those of the same repeat and seed, together; one whose other is missing is left out."""
    records = {}
    for seed in (42, 0, 1):
        for path in compared:
            if (seed, path.stem) != (1, 'prior'):
                again = path.with_name(f'{path.stem}{seed}.json')
                record = dict(json.loads(path.read_text()), seed=seed)
                again.write_text(json.dumps(record))
                records[again] = record
    table, = gather(records)
    auroc, f1 = compare(table, 'random, fine-tuned', 'a, fine-tuned', records).values()
    assert auroc.test == f1.test == 'bootstrap of 2 pairs of runs and their images'
    assert auroc.value == pytest.approx(1 - 3 / 6) and f1.value == pytest.approx(1 - 2 / 5)


@pytest.mark.parametrize('form', ['md', 'csv', 'tex', 'html'])
def test_tool(compared, form, tmp_path, monkeypatch, capsys):
    """The command writes each form; published rows are called so, with their source; the numbers are there."""
    out = tmp_path / 'table'
    monkeypatch.setattr(sys, 'argv', ['results.py', *map(str, compared), '--format', form, '--out', str(out),
                                      '--published', '--name', 'a/b.pth=PRIOR_1', '--compare', 'random, fine-tuned',
                                      'PRIOR_1, fine-tuned'])
    runpy.run_path(str(ROOT / 'tools/results.py'), run_name='__main__')
    text = out.read_text()
    assert ('PRIOR\\_1' if form == 'tex' else 'PRIOR_1') in text and 'second hand' in text and 'benchx/2' in text
    assert 'p = ' in capsys.readouterr().out
    if form == 'csv':
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row['mean'] for row in rows if row['model'] == 'PRIOR_1, fine-tuned'} == {'0.7', '0.6'}


def test_other_forms_and_files_are_refused():
    """What there is none of, with what there is."""
    with pytest.raises(ValueError, match='md, csv, tex, html'):
        write_tables([], 'docx')
    with pytest.raises(ValueError, match='is no result'):
        gather({Path('a.json'): {}})
