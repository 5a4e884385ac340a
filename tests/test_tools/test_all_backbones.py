"""The comparison of many weights: which runs it makes, on which GPU, and that its table knows the names; the sweep."""
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from prior_mm.dependencies import has_compiled_mmcv
from prior_mm.downstream import runs as module
from prior_mm.downstream.done_before import Stand
from prior_mm.downstream.runs import Run, run_all, visible_devices

ROOT = Path(__file__).parents[2]


def test_each_run_has_a_gpu_of_its_own(tmp_path, monkeypatch):
    """Two at a time on two GPUs: never both on one; without GPUs nothing is said."""
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'test.py').write_text(
        'import json, os, sys, time\ngpu = os.environ.get("CUDA_VISIBLE_DEVICES")\n'
        'lock = f"{sys.argv[-1]}.lock" if gpu is None else os.path.join(os.path.dirname(sys.argv[-1]), gpu)\n'
        'os.mkdir(lock)\ntime.sleep(.3)\nos.rmdir(lock)\njson.dump(dict(gpu=gpu), open(sys.argv[-1], "w"))\n')
    monkeypatch.setattr(module, '_stand', lambda run: Stand())
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    made = [Run('a.py', (), tmp_path / f'out/{number}.json', train=False) for number in range(4)]
    assert {record['gpu'] for record in run_all(made, tools, 2, devices=['0', '1'])} == {'0', '1'}
    assert [record['gpu'] for record in run_all(made[:1], tools)] == [None]


@pytest.mark.parametrize(('said', 'count', 'expected'), [
    (None, 2, ['0', '1']), ('2,3', 2, ['2', '3']), ('GPU-a, GPU-b', 2, ['GPU-a', 'GPU-b']), ('1,-1,0', 1, ['1']),
    ('', 0, []), (None, 0, [])])
def test_only_the_gpus_that_were_given(monkeypatch, said, count, expected):
    """Runs stay on those of CUDA_VISIBLE_DEVICES, under the names that it gives them."""
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    if said is not None:
        monkeypatch.setenv('CUDA_VISIBLE_DEVICES', said)
    assert visible_devices() == expected


def plan(monkeypatch, *words):
    """The planned runs' options by the name of their folder."""
    tool = runpy.run_path(str(ROOT / 'tools/benchmarks/all_backbones.py'))
    monkeypatch.setattr(sys, 'argv', ['all_backbones.py', *words])
    return {run.out.parents[1].name: ' '.join(run.options) for _, run in tool['plan'](tool['parse_args']()).values()}


def test_repeats_and_seeds_are_the_protocols(monkeypatch):
    """BenchX's three seeds, PRIOR's five splits; others if they are asked for."""
    benchx = plan(monkeypatch, 'a=b', '--labels', '1', '--tasks', 'configs/downstream/benchx/rsna_cls.py')
    assert list(benchx) == [f'benchx_rsna_cls_labels1_seed{seed}' for seed in (42, 0, 1)]
    prior = plan(monkeypatch, 'a=b', '--labels', '1', '--tasks', 'configs/downstream/rsna_cls.py', '--data-root', 'd')
    assert list(prior) == [f'downstream_rsna_cls_labels1{repeat}_seed0'
                           for repeat in ('', '_seed1', '_seed2', '_seed3', '_seed4')]
    assert all(f'--repeat seed{number} ' in words and '--data-root d' in words
               for number, words in enumerate(prior.values()))
    asked = plan(monkeypatch, 'a=b', '--labels', '1', '--tasks', 'configs/downstream/rsna_cls.py', '--repeats', 'seed3',
                 '--seeds', '7')
    assert list(asked) == ['downstream_rsna_cls_labels1_seed3_seed7']


@pytest.mark.skipif(not has_compiled_mmcv(), reason='its config of segmentation needs the compiled mmcv')
def test_random_backbones_are_frozen_only_if_asked_for(monkeypatch):
    """By default they are trained, whatever the protocol says; --frozen leaves all as they are."""
    words = ('--labels', '1', '--tasks', 'configs/downstream/lovt/siim_seg_unet.py', '--seeds', '0')
    assert ['--finetune' in options for options in plan(monkeypatch, 'random=none', *words).values()] == [True]
    assert ['--f' in options for options in plan(monkeypatch, 'a=b', *words).values()] == [False]
    frozen = plan(monkeypatch, 'random=none', *words, '--frozen')
    assert list(frozen) == ['lovt_siim_seg_unet_labels1_frozen_seed0']
    assert all(options.endswith('--frozen') for options in frozen.values())


def test_plan_and_table(tmp_path, monkeypatch, capsys):
    """Each weight through each task with each share of the labels, one row a weight under its name."""
    def finished(made, tools, jobs, done, anew, devices):
        for run in made:
            words = dict(zip(run.options[::2], run.options[1::2], strict=False))
            weights = None if words['--pretrained'] == 'none' else words['--pretrained']
            run.out.parent.mkdir(parents=True)
            run.out.write_text(json.dumps(dict(
                task='classification', dataset='rsna', protocol='demo/1', pretrained=weights, repeat='seed0',
                labels=int(words['--labels']), seed=int(words['--seed']), frozen=False, size=128,
                data=dict(synthetic=True), metrics={'classification/auroc': .5 + int(words['--labels']) / 1000})))

    monkeypatch.setattr(module, 'run_all', finished)
    monkeypatch.setattr(sys, 'argv', ['all_backbones.py', 'random=none', 'PRIOR=a/b.pth', '--labels', '1', '100',
                                      '--tasks', 'configs/downstream/demo/rsna_cls.py', '--folder', str(tmp_path)])
    runpy.run_path(str(ROOT / 'tools/benchmarks/all_backbones.py'), run_name='__main__')
    table = capsys.readouterr().out
    assert 'protocol demo/1' in table and '| random, fine-tuned' in table and '| PRIOR, fine-tuned' in table
    assert table.count('SYNTHETIC') == 2 and table.count('60.0') == 2 == table.count('50.1')
    assert '--finetune' not in table and len(list(tmp_path.rglob('*.json'))) == 4


def test_weights_need_a_name(monkeypatch, capsys):
    """A bare path is refused with the form that is wanted."""
    monkeypatch.setattr(sys, 'argv', ['all_backbones.py', 'a/b.pth'])
    with pytest.raises(SystemExit):
        runpy.run_path(str(ROOT / 'tools/benchmarks/all_backbones.py'), run_name='__main__')
    assert 'wanted is NAME=WHERE' in capsys.readouterr().err


def test_sweep_draws_what_a_task_has():
    """Rates and decay within bounds; the tricks of the head for classification, a backbone's rate if it is trained."""
    draw = runpy.run_path(str(ROOT / 'tools/benchmarks/sweep.py'))['trial_options']

    class Trial:
        def suggest_float(self, name, low, high, log):
            assert log
            return (low * high)**.5

        def suggest_categorical(self, name, choices):
            return choices[-1]

    options, changes = draw(Trial(), SimpleNamespace(task='classification', frozen=False))
    assert options == ['--backbone-rate', '0.1', '--head-norm', '--head-init', 'truncated_normal']
    assert changes == ['optim_wrapper.optimizer.lr=0.000316', 'optim_wrapper.optimizer.weight_decay=0.000316']
    assert draw(Trial(), SimpleNamespace(task='segmentation', frozen=False))[0] == ['--backbone-rate', '0.1']
    assert draw(Trial(), SimpleNamespace(task='segmentation', frozen=True))[0] == []


@pytest.mark.slow
def test_sweep_with_optuna(tmp_path, monkeypatch, capsys):
    """The best of the trials is the command's; the same command takes what is there and ends the same."""
    pytest.importorskip('optuna')
    for split in ('train', 'val', 'test'):
        path = tmp_path / f'data/annotations/demo/seed0/classification/{split}.json'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"metainfo": {}, "data_list": []}')
    trained = []

    def stand_in(runs, tools):
        run, = runs
        if not run.out.is_file():
            trained.append(run.out.stem)
            rate = float(next(word for word in run.options if word.startswith('optim_wrapper.optimizer.lr='))[27:])
            assert run.options[-1].endswith('classification/val.json') and '--finetune' not in run.options
            run.out.parent.mkdir(exist_ok=True)
            run.out.write_text(json.dumps(dict(metrics={'classification/auroc': 1 - abs(rate - 1e-3)})))
        return [json.loads(run.out.read_text())]

    monkeypatch.setattr(module, 'run_all', stand_in)
    monkeypatch.setattr(sys, 'argv', [
        'sweep.py', 'configs/downstream/demo/rsna_cls.py', 'classification/auroc', '--trials', '5', '--folder',
        str(tmp_path / 'sweep'), '--options', '--data-root', str(tmp_path / 'data')])
    printed = []
    for _ in range(2):
        runpy.run_path(str(ROOT / 'tools/benchmarks/sweep.py'), run_name='__main__')
        printed.append(capsys.readouterr().out)
    assert trained == [f'trial{number}' for number in range(5)] and printed[0] == printed[1]
    values = [json.loads((tmp_path / f'sweep/trial{number}.json').read_text())['metrics']['classification/auroc']
              for number in range(5)]
    assert f'trial {values.index(max(values))} of 5' in printed[0] and 'optim_wrapper.optimizer.lr=' in printed[0]
