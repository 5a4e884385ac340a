"""The Slurm scripts, with an `srun` that only says what it was asked for."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from prior_mm.engine.launch import load_config, resume_after_restart

TOOLS = Path(__file__).parents[2] / 'tools'
SRUN = f'#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\nsys.exit(143)\n'


def call(tmp_path, script: str, *arguments: str, **environment: str) -> tuple[list[str], list[str], int]:
    """What srun gets before the command, the command, and the status of the script."""
    (tmp_path / 'srun').write_text(SRUN)
    (tmp_path / 'srun').chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if 'GPU' not in name and 'SRUN' not in name}
    result = subprocess.run([str(TOOLS / script), *arguments], capture_output=True, text=True, env={
        **clean, **environment, 'PATH': f'{tmp_path}{os.pathsep}{os.environ["PATH"]}'})
    words = json.loads(result.stdout)
    return words[:words.index('python')], words[words.index('python'):], result.returncode


def test_train(tmp_path):
    """MMPretrain's order of arguments and names of variables; the rest goes to train.py, and the status comes back."""
    options, command, status = call(tmp_path, 'slurm_train.sh', 'gpu', 'my job', 'c.py', '--resume', '--cfg-options',
                                    'a=[1, 2]', GPUS='16', CPUS_PER_TASK='7', SRUN_ARGS='--time=10 --signal=TERM@60')
    assert options == ['--partition=gpu', '--job-name=my job', '--gres=gpu:8', '--ntasks=16', '--ntasks-per-node=8',
                       '--cpus-per-task=7', '--kill-on-bad-exit=1', '--signal=TERM@120', '--time=10',
                       '--signal=TERM@60']
    assert command == ['python', '-u', str(TOOLS / 'train.py'), 'c.py', '--launcher', 'slurm', '--resume',
                       '--cfg-options', 'a=[1, 2]']
    assert status == 143


def test_test(tmp_path):
    """The checkpoint comes after the config; fewer GPUs than a node has are one node's."""
    options, command, _ = call(tmp_path, 'slurm_test.sh', 'gpu', 'job', 'c.py', 'a.pth', '--out', 'x.json', GPUS='4')
    assert {'--gres=gpu:4', '--ntasks=4', '--ntasks-per-node=4', '--cpus-per-task=5'} <= set(options)
    assert command == ['python', '-u', str(TOOLS / 'test.py'), 'c.py', 'a.pth', '--launcher', 'slurm', '--out',
                       'x.json']


@pytest.mark.parametrize('script', ['slurm_train.sh', 'slurm_test.sh'])
def test_too_few_arguments(script):
    """Without them nothing is started."""
    assert subprocess.run([str(TOOLS / script), 'gpu'], capture_output=True).returncode != 0


@pytest.mark.parametrize(('variable', 'count', 'resumes'), [
    ('SLURM_RESTART_COUNT', '1', True), ('TORCHELASTIC_RESTART_COUNT', '2', True), ('SLURM_RESTART_COUNT', '0', False)])
def test_requeued_job(tmp_path, monkeypatch, variable, count, resumes):
    """A job that was requeued, or started again by torchrun, resumes by itself: from its folder, whatever was said."""
    for name in ('SLURM_RESTART_COUNT', 'TORCHELASTIC_RESTART_COUNT'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, count)
    (tmp_path / 'c.py').write_text("load_from = 'weights.pth'\n")
    config = load_config(str(tmp_path / 'c.py'), work_dir=str(tmp_path))
    resume_after_restart(config)
    assert config.load_from == 'weights.pth', 'it had not written a checkpoint yet: it starts as it did'
    torch.save({}, tmp_path / 'epoch_1.pth')
    (tmp_path / 'last_checkpoint').write_text('epoch_1.pth')
    resume_after_restart(config)
    assert (config.get('resume', False), config.load_from) == ((True, None) if resumes else (False, 'weights.pth'))
