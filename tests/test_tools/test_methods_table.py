"""The benchmark of all methods: equal steps for each, and one row a method whatever its results are called."""
import argparse
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'benchmarks'))

import torch
from methods import METHODS, RANDOM, START, TASKS, stages, table
from mmengine.config import Config

from prior_mm.checkpoints.checkpoint import load_state_dict, read_meta, save_checkpoint

ROOT = Path(__file__).parents[2]


@given(st.sampled_from(sorted(METHODS)), st.integers(3, 200))
def test_equal_epochs(name, total):
    """The stages of each method add up to the epochs that were asked for, and none is empty."""
    counts = [int(option.partition('=')[2]) for option in METHODS[name].epochs(total)]
    assert sum(counts) == total and min(counts) >= 1
    assert METHODS['PRIOR'].epochs(60) == [f'train_cfg.stages.{stage}.epochs={count}'
                                           for stage, count in enumerate((36, 16, 8))]
    with pytest.raises(ValueError, match='--epochs must be at least 3'):
        METHODS['PRIOR'].epochs(2)


@pytest.mark.parametrize('name', sorted(METHODS))
def test_stages_are_those_of_the_config(name):
    """A method's config has as many stages as its epochs are shared among; its options fit the config."""
    config = Config.fromfile(ROOT / METHODS[name].train)
    assert len(config.train_cfg.stages) == len(METHODS[name].epochs(60))
    for path in (METHODS[name].zero_shot, METHODS[name].grounding):
        assert (ROOT / path).is_file()


def arguments(folder: Path, **changed) -> argparse.Namespace:
    return argparse.Namespace(**{**dict(methods=['PRIOR', 'MGCA'], tasks=list(TASKS), seeds=[0, 1], epochs=6,
                                        labels=['10', '100'], options=['model.same_report.by=text'], folder=folder,
                                        starts=['none']),
                                 **changed})


def test_what_is_run(tmp_path):
    """A training and a test for each method and seed, then the tasks that start from them, and random weights."""
    first, trainings, rest = stages(arguments(tmp_path))
    assert [name for name, _ in trainings.values()] == ['PRIOR', 'PRIOR', 'MGCA', 'MGCA']
    for out, (_, run) in trainings.items():
        assert 'model.same_report.by=text' in run.options and run.train and out.name == 'zero_shot.json'
    of_each = {'grounding.json', *(f'rsna_{task}_labels{labels}.json' for task in ('cls', 'seg', 'det')
                                   for labels in (10, 100))}
    assert {out.name for out, (name, _) in rest.items() if name == 'MGCA'} == of_each
    assert {name for name, _ in first.values()} == {RANDOM} and len(first) == 2 * 8
    assert {out.name for out in first} == {*of_each, 'zero_shot.json'}
    assert len(rest) == len({run.out for _, run in rest.values()}) == 2 * 2 * 7
    chosen = stages(arguments(tmp_path, tasks=['zero_shot'], methods=['PRIOR']))
    assert [len(runs) for runs in chosen] == [2, 2, 0]


def test_one_start_for_all(tmp_path):
    """By default a training a seed comes first, and every method starts from its encoders: theirs, and nothing else."""
    given = stages(arguments(tmp_path, tasks=['zero_shot'], starts=None))
    first = next(given)
    assert [(run.config, run.train) for name, run in first.values() if name != RANDOM] == [(START, True)] * 2
    weights = {name: torch.ones(2) for name in ('image_encoder.backbone.a', 'text_encoder.b', 'global_alignment.c')}
    for seed in (0, 1):
        folder = tmp_path / f'start_{seed}'
        folder.mkdir()
        save_checkpoint(dict(meta=dict(seed=seed), state_dict=weights), folder / 'epoch_1.pth')
        (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
    for _, run in next(given).values():
        seed = run.options[run.options.index('--seed') + 1]
        path = run.options[-1].removeprefix('load_from=')
        assert load_state_dict(path).keys() == {'image_encoder.backbone.a', 'text_encoder.b'}
        assert read_meta(path) == dict(seed=int(seed))
    named = next(stages(arguments(tmp_path, starts=['a.pth', 'b.pth'])))
    assert [(run.train, run.test_options[0]) for name, run in named.values() if name != RANDOM] == [
        (False, 'a.pth'), (False, 'b.pth')]
    with pytest.raises(ValueError, match='1 checkpoints for 2 seeds'):
        next(stages(arguments(tmp_path, starts=['a.pth'])))


def test_one_row_a_method():
    """Zero-shot, grounding and a supervised task of a method stand in one row, over its seeds; random weights too."""
    def record(metrics: dict, **more) -> dict:
        data = dict(dataset='demo', synthetic=True)
        return dict(config='c.py', metrics=metrics, protocol='demo/1', data=data, **more)

    names = {'PRIOR': 'prior', 'PRIOR, grounded': 'prior_grounded', RANDOM: None}
    records, named = {}, {}
    for place, (name, folder) in enumerate(names.items()):
        for seed in (0, 1):
            weights = folder and f'{folder}_{seed}/epoch_1.pth'
            given = {
                'zero_shot': record({'zero_shot/accuracy': (place + 1) / 10}, checkpoint=weights, seed=seed),
                'cls': record({'classification/auroc': (place + 5) / 10}, pretrained=weights, task='classification',
                              labels=100, frozen=bool(weights), seed=seed)}
            for kind, one in given.items():
                out = Path(f'{folder}_{seed}/{kind}.json')
                records[out], named[out] = one, name
    lines = [line for line in table(records, named).splitlines() if line.startswith('|')][2:]
    assert [line.split('|')[1].strip() for line in lines] == [*names]
    for place, line in enumerate(lines):
        assert f'{10. * (place + 1):.1f}' in line and f'{10. * (place + 5):.1f}' in line


def test_phrases_by_the_own_map():
    """A method's pointing game is that of its own map: GLoRIA's of the attention, ConVIRT's of the cosine."""
    figures = {'grounding/pointing': .25, 'grounding_attention/pointing': .75, 'grounding_attention/cnr': 1.}
    named = {Path(name, 'grounding.json'): name for name in ('GLoRIA', 'ConVIRT')}
    records = {out: dict(config='c.py', metrics=dict(figures), protocol='demo/1', seed=0, checkpoint=f'{name}/a.pth',
                         data=dict(dataset='demo', synthetic=True)) for out, name in named.items()}
    rows = {line.split('|')[1].strip(): line for line in table(records, named).splitlines() if '|' in line}
    assert '75.0' in rows['GLoRIA'] and '25.0' in rows['ConVIRT']
