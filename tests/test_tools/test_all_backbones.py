"""The comparison of many weights: which runs it makes, on which GPU, and that its table knows the names."""
import json
import runpy
import sys
from pathlib import Path

import pytest

from prior_mm.downstream import runs as module
from prior_mm.downstream.done_before import Stand
from prior_mm.downstream.runs import Run, run_all

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
    """Rates and decay within bounds; the tricks of the head for classification alone."""
    sweep = runpy.run_path(str(ROOT / 'tools/benchmarks/sweep.py'))

    class Trial:
        def suggest_float(self, name, low, high, log):
            assert log
            return (low * high)**.5

        def suggest_categorical(self, name, choices):
            return choices[-1]

    options, changes = sweep['trial_options'](Trial(), True)
    assert options == ['--finetune', '--backbone-rate', '0.1', '--head-norm', '--head-init', 'truncated_normal']
    assert changes == ['optim_wrapper.optimizer.lr=0.000316', 'optim_wrapper.optimizer.weight_decay=0.000316']
    assert sweep['trial_options'](Trial(), False)[0] == ['--finetune', '--backbone-rate', '0.1']
