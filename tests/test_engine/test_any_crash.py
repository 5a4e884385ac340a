"""Runs that are killed at any moment, on one process and on two: what is resumed is the run."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_run import short_config
from warm_process import ROOT, WarmProcess, as_launched, free_port

BENCHMARKS = str(ROOT / 'tools/benchmarks')
sys.path.insert(0, BENCHMARKS)
import crash  # noqa: E402  # a tool, and no package

pytestmark = pytest.mark.slow  # each run is a process of its own, or two


def start(config: Path, work_dir: Path, *options, **environment) -> WarmProcess:
    return WarmProcess('tools/train.py', [config, '--work-dir', work_dir, '--resume', *options],
                       Path(f'{work_dir}.log'), PYTHONPATH=BENCHMARKS, **environment)


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    """A folder with a run on one process that was left alone."""
    folder = tmp_path_factory.mktemp('crash')
    config = short_config(folder, **{'train_dataloader.num_workers': 1})
    assert start(crash.write_config(config, folder / 'whole.py'), folder / 'whole').wait() == 0
    return folder, config


def test_killed_at_any_moment(alone):
    """Killed while it writes, validates, steps and reads, once in each stage and twice in the last: it is the same run.

    tools/benchmarks/crash.py does so at 20 drawn moments; see docs/robustness.md.
    """
    folder, config = alone
    moments = [crash.Moment(2, 'half a checkpoint written'), crash.Moment(5, 'validation'),
               crash.Moment(7, 'parameters just changed'), crash.Moment(8, 'worker')]
    assert crash.train_through(config, folder, moments, start) == 4
    assert len(crash.read_studies(folder / 'run' / crash.STUDIES)) == 9
    assert crash.compare(folder / 'whole', folder / 'run') == []
    log = (folder / 'run.log').read_text()
    assert 'removed' in log and 'iter_2.pth.part, which a crash left half written' in log
    assert 'A worker process of the data loader was lost' in log and 'Traceback' not in log


def test_comparison_sees_differences(alone, tmp_path):
    """Another seed is another run: the comparison above can fail."""
    folder, config = alone
    other = crash.write_config(config, tmp_path / 'other.py')
    assert start(other, tmp_path / 'other', '--seed', '4').wait() == 0
    found = crash.compare(folder / 'whole', tmp_path / 'other')
    assert found[0] == 'the order of the studies' and any(place.startswith('/state_dict') for place in found)


def start_two(config: Path, work_dir: Path) -> list[WarmProcess]:
    return [start(config, work_dir, '--launcher', 'pytorch', **variables) for variables in as_launched(2)]


@pytest.fixture(scope='module')
def together(tmp_path_factory):
    """A folder with a run on two processes that was left alone."""
    folder = tmp_path_factory.mktemp('together')
    config = short_config(folder, **{'train_dataloader.batch_size': 2})
    processes = start_two(crash.write_config(config, folder / 'whole.py'), folder / 'whole')
    assert [process.wait() for process in processes] == [0, 0]
    return folder, config


def test_lost_process(together):
    """When a process is killed, the other one stops by itself and soon, also without a launcher that stops it."""
    folder, config = together
    moment = dict(step=5, phase='parameters just changed', rank=1)
    first, second = start_two(crash.write_config(config, folder / 'lost.py', moment), folder / 'lost')
    assert second.wait() == -signal.SIGKILL
    killed = time.monotonic()
    assert first.wait() not in (0, None) and time.monotonic() - killed < 60
    for process in start_two(crash.write_config(config, folder / 'found.py'), folder / 'lost'):
        assert process.wait() == 0
    assert crash.compare(folder / 'whole', folder / 'lost') == []


def test_sigterm_on_one_of_two(together):
    """Whichever process gets the signal, both stop at the same step, one checkpoint holds it, and both end with 143."""
    folder, config = together
    moment = dict(step=4, phase='parameters just changed', rank=1, signal=int(signal.SIGTERM),
                  once=str(folder / 'sent'))
    processes = start_two(crash.write_config(config, folder / 'term.py', moment), folder / 'term')
    assert [process.wait() for process in processes] == [128 + signal.SIGTERM] * 2
    logs = [crash.read_studies(folder / 'term' / name) for name in (crash.STUDIES, f'1_{crash.STUDIES}')]
    assert logs[0].keys() == logs[1].keys() == set(range(1, 6)), 'one step after the signal'
    assert crash.latest_checkpoint(folder / 'term').name == 'preempted.pth'
    assert 'SIGTERM: stopped after step 5' in (folder / 'term.log').read_text()
    for process in start_two(folder / 'term.py', folder / 'term'):
        assert process.wait() == 0
    assert crash.compare(folder / 'whole', folder / 'term') == []
    assert not (folder / 'term' / 'preempted.pth').exists(), 'the next checkpoint replaces it'


def test_restarts(together):
    """With MAX_RESTARTS a job whose process was lost goes on from its last checkpoint by itself, and finishes."""
    folder, config = together
    moment = dict(step=6, phase='before the step', rank=1, once=str(folder / 'killed'))
    crash.write_config(config, folder / 'restarted.py', moment)
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': BENCHMARKS, 'MAX_RESTARTS': '1',
                   'PORT': free_port(), 'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}'}
    result = subprocess.run(
        [str(ROOT / 'tools/dist_train.sh'), 'restarted.py', '2', '--work-dir', 'restarted'], cwd=folder,
        env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-3000:]
    assert (folder / 'killed').exists()
    assert f'resumed from {folder}/restarted/iter_4.pth' in result.stdout + result.stderr
    assert crash.compare(folder / 'whole', folder / 'restarted') == []
