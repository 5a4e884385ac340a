"""The tools as a user calls them: train, resume, evaluate, on one process and on two."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tiny_run import LABELS, tiny_config
from warm_process import free_port

from prior_mm.checkpoints.checkpoint import load_checkpoint

ROOT = Path(__file__).parents[2]


def call(tool: str, *arguments, cwd) -> subprocess.CompletedProcess:
    environment = {**os.environ, 'OMP_NUM_THREADS': '1'}
    command = [str(ROOT / tool)] if tool.endswith('.sh') else [sys.executable, str(ROOT / tool)]
    environment['PATH'] = f'{Path(sys.executable).parent}{os.pathsep}{environment["PATH"]}'
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=environment,
                          timeout=300)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Data, a config for training and one for zero-shot classification and retrieval."""
    folder = tmp_path_factory.mktemp('tools')
    config = tiny_config(folder / 'data', 'work_dirs/tiny')
    config.dump(str(folder / 'tiny.py'))
    config.model.update(type='ZeroShotClassifier', tokenizer=str(folder / 'data' / 'vocab.txt'),
                        prompts={LABELS[0]: ['large heart .'], LABELS[1]: ['effusion .', 'left effusion .']})
    config.test_evaluator = [dict(type='ZeroShotMetric'), dict(type='RetrievalMetric')]
    config.dump(str(folder / 'evaluate.py'))
    return folder


@pytest.fixture(scope='module')
def trained(folder):
    """The folder after `tools/train.py`."""
    result = call('tools/train.py', 'tiny.py', cwd=folder)
    assert result.returncode == 0, result.stderr[-2000:]
    return folder


def test_train_then_test(trained):
    """Without a checkpoint, test.py takes the run's last, says so, prints a table and writes the same as JSON."""
    result = call('tools/test.py', 'evaluate.py', cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert 'checkpoint: ' in result.stdout + result.stderr and 'epoch_6.pth' in result.stdout + result.stderr
    results = json.loads((trained / 'work_dirs/tiny/results/evaluate.json').read_text())
    assert results['synthetic'] is True and results['checkpoint'].endswith('epoch_6.pth')
    assert 0 <= results['metrics']['zero_shot/accuracy'] <= 1
    assert results['metrics']['zero_shot/studies'] == 12
    assert 'SYNTHETIC' in result.stdout and 'precision@5' in result.stdout


@pytest.mark.slow
def test_random_weights(trained):
    """`none` evaluates a model with random weights, the baseline of any table."""
    result = call('tools/test.py', 'evaluate.py', 'none', '--out', 'random.json', cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert json.loads((trained / 'random.json').read_text())['checkpoint'] is None


@pytest.mark.slow
def test_resume_and_options(trained):
    """`--resume` goes on from the latest checkpoint; a finished run is left as it is."""
    result = call('tools/train.py', 'tiny.py', '--resume', '--amp', '--no-validate', '--cfg-options',
                  'default_hooks.logger.interval=2', cwd=trained)
    assert result.returncode == 0, result.stderr[-2000:]
    assert 'resumed from' in result.stdout + result.stderr and 'epoch 6' in result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(('arguments', 'message'), [
    (('tools/train.py', 'missing.py'), 'there is no config missing.py'),
    (('tools/test.py', 'evaluate.py', 'missing.pth'), 'there is no checkpoint missing.pth'),
    (('tools/test.py', 'evaluate.py', '--work-dir', 'empty'), 'python tools/train.py evaluate.py'),
    (('tools/train.py', 'tiny.py', '--cfg-options', 'train_dataloader.dataset.data_root=nowhere'), 'nowhere'),
])
def test_errors_are_messages(trained, arguments, message):
    """What a user can mend is told in a message, without a traceback."""
    result = call(*arguments, cwd=trained)
    assert result.returncode == 1
    assert message in result.stderr and 'Traceback' not in result.stderr


@pytest.mark.slow
def test_two_processes(folder):
    """dist_train.sh trains on two processes without a GPU (gloo), all three stages."""
    result = call('tools/dist_train.sh', 'tiny.py', 2, '--work-dir', 'two', '--cfg-options',
                  'train_dataloader.batch_size=2', cwd=folder)
    assert result.returncode == 0, result.stderr[-3000:]
    assert (folder / 'two' / 'stage_3_reconstruction.pth').is_file()
    result = call('tools/dist_test.sh', 'evaluate.py', 'two/epoch_6.pth', 2, '--out', 'two.json', cwd=folder)
    assert result.returncode == 0, result.stderr[-3000:]
    assert json.loads((folder / 'two.json').read_text())['metrics']['zero_shot/studies'] == 12


@pytest.mark.slow
def test_two_nodes_of_two_processes(folder):
    """dist_train.sh, started on each machine with NNODES and NODE_RANK, joins their processes; here on one machine."""
    config = tiny_config(folder / 'data', 'nodes', **{'train_dataloader.batch_size': 1})
    config.train_cfg.stages = [dict(config.train_cfg.stages[0], epochs=1)]
    config.dump(str(folder / 'nodes.py'))
    port = free_port()
    path = f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'
    nodes = [subprocess.Popen(
        [str(ROOT / 'tools/dist_train.sh'), 'nodes.py', '2'], cwd=folder, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env={
            **os.environ, 'OMP_NUM_THREADS': '1', 'PATH': path, 'NNODES': '2', 'NODE_RANK': str(rank), 'PORT': port})
             for rank in range(2)]
    for node in nodes:
        printed, _ = node.communicate(timeout=300)
        assert node.returncode == 0, printed[-3000:]
    assert load_checkpoint(folder / 'nodes' / 'epoch_1.pth')['meta']['world_size'] == 4
