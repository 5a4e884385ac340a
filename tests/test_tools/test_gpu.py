"""What `tools/benchmarks/gpu.py` checks: on a GPU where there is one, and that the checks themselves work without."""
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'benchmarks'))

import gpu
import gpu_loader
import gpu_model
import gpu_page
import gpu_right
import gpu_speed

ON_GPU = pytest.param('cuda', False, marks=[pytest.mark.gpu, pytest.mark.skipif(
    not torch.cuda.is_available(), reason='there is no GPU')], id='GPU')
TINY = pytest.param('cpu', True, marks=pytest.mark.slow, id='tiny, on the CPU')
WHERE = pytest.mark.parametrize(('device', 'tiny'), [ON_GPU, TINY])


@WHERE
@pytest.mark.parametrize('stage', [1, 2, 3])
def test_agreement(device, tiny, stage):
    """Losses and gradients in float32 are those of the CPU."""
    assert gpu_right.agreement(device, tiny, stage).startswith('losses differ by ')


@WHERE
@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
def test_mixed_precision(device, tiny, dtype):
    """Steps under autocast lower the loss, and none but the first is skipped; float16 needs a GPU."""
    if dtype == 'float16' and device == 'cpu':
        with pytest.raises(ValueError, match='needs a GPU'):
            gpu_right.training(device, tiny, dtype)
    else:
        assert 'of 50 steps skipped' in gpu_right.training(device, tiny, dtype)
        assert 'of 10 steps skipped' in gpu_right.training(device, tiny, dtype, 1, 10, gpu_model.grounded)


@WHERE
@pytest.mark.parametrize('how', ['DDP', 'FSDP'])
def test_one_process(device, tiny, how):
    """DDP (with SyncBatchNorm on a GPU) and FSDP in a group of one process change no loss and no gradient."""
    assert 'losses, and the length of the gradients, differ by' in gpu_right.one_process(device, tiny, how)


@pytest.mark.slow
def test_gradients_of_the_same_length_are_compared_too(monkeypatch):
    """Gradients that are as long as they should be and point elsewhere fail the check, whatever wraps their names."""

    def turned(model, device, wrap=gpu_right._in_ddp):
        for parameter in model.parameters():
            parameter.register_hook(torch.neg)
        return wrap(model, device)

    monkeypatch.setattr(gpu_right, '_in_ddp', turned)
    with pytest.raises(AssertionError, match=r'the gradients themselves by 2\.0e\+00'):
        gpu_right.one_process('cpu', True, 'DDP')


@pytest.mark.parametrize('at', [0, 1])
def test_a_skipped_step(monkeypatch, at):
    """The first step may be skipped, where a scale is sought; any other one is an error."""
    losses = iter(range(9, 0, -1))

    class Skips:
        def __init__(self, *args):
            self.wrapper = SimpleNamespace(skipped=0)

        def step(self, data):
            loss = next(losses)
            self.wrapper.skipped += loss == 9 - at
            return torch.tensor(float(loss))

    monkeypatch.setattr(gpu_right, 'Training', Skips)
    if at:
        with pytest.raises(AssertionError, match='1 of 8 steps were skipped, 1 after the first'):
            gpu_right.training('cpu', True, 'float32', steps=8)
    else:
        assert gpu_right.training('cpu', True, 'float32', steps=8).startswith('1 of 8 steps skipped')


@pytest.mark.slow
def test_resumed_run():
    """tools/train.py: a run that is resumed before its last epoch has the weights of the whole run."""
    assert 'the weights of the resumed run differ' in gpu_right.resumed_run(600)


def test_a_wrong_device_is_told(monkeypatch):
    """A device that computes other losses fails the check, which says by how much."""
    number, studies = iter(range(9)), gpu_right.studies

    def other(*args):
        images, reports = studies(*args)
        return images + (next(number) == 3), reports

    monkeypatch.setattr(gpu_right, 'studies', other)
    with pytest.raises(AssertionError, match='losses differ by'):
        gpu_right.agreement('cpu', True, 1)


@pytest.mark.slow
def test_wrong_gradients_are_told(monkeypatch):
    """Gradients that are wrong where the losses are right fail the check, too."""
    number = iter(range(9))
    monkeypatch.setattr(torch.Tensor, 'backward', lambda loss, backward=torch.Tensor.backward: backward(
        loss * (1 + 1e-5 * (next(number) == 1))))
    with pytest.raises(AssertionError, match=r'gradients in float64 by 1\.0e-05'):
        gpu_right.agreement('cpu', True, 1)


@pytest.mark.slow
def test_speed_and_waiting():
    """Each way gives its figures, and a profile its rows; on the CPU the figures mean nothing."""
    for way, share in ((gpu_speed.WAYS['ours'], 1e-3), (gpu_speed.WAYS['plain, float32'], 1e-3),
                       (gpu_speed.Way(chunk=2), None)):
        prepared = partial(gpu_speed.prepared, 3, True, 'cpu', way._replace(dtype='float32'))
        rows = list(gpu_speed.speeds('a name', prepared, 'cpu', True, (3, 4), share))
        assert [row[2] for row in rows] == ['3', '4']
        assert all(row[0] == 'a name' and ' to ' in row[3] and row[4][-1:] == '%' * bool(share) for row in rows)
    assert [name for name, _ in gpu_speed.where_it_waits('cpu', True, 3, 4)] == ['most time'] * 12


@pytest.mark.slow
def test_the_loader(tmp_path):
    """A short run of tools/train.py on made-up studies says how long a step took, and how long it waited for data."""
    gpu_loader.write_studies(tmp_path / 'studies', 32, films=3)
    config = gpu_loader.training_config(tmp_path / 'studies', 4, 1, False, True)
    step, waiting = gpu_loader.seconds_of_a_step(tmp_path / 'run', config)
    assert 0 < waiting < step
    config.model.embed_dims = 'none'
    with pytest.raises(RuntimeError, match='tools/train.py ended with '):
        gpu_loader.seconds_of_a_step(tmp_path / 'broken', config)


def test_a_page_keeps_what_was_seen(tmp_path, capsys):
    """Each row is in the file as it comes; what is wrong, fails, or is not reached in time is a row, too."""
    path = tmp_path / 'gpu.md'
    path.write_text('Before.\n<!-- gpu: measured -->\n\nold\n\n<!-- end -->\nAfter.\n')
    page = gpu_page.Page(100, path)
    page.head = 'On a test.'

    def two_rows():
        yield ['first', '1']
        assert '| first | 1 |  |' in path.read_text()
        raise AssertionError('2 is not 3')

    page.attempt('Right', 'what | seen | more', 'second', 10, two_rows)
    assert page.failed
    page.attempt('Right', 'what | seen | more', 'third', 10, lambda: [['', '', '']][1:2] or 1 / 0)
    page.attempt('Fast', 'what | seen', 'fourth', 1000, two_rows)
    text = path.read_text()
    for row in ('| second | **wrong**: 2 is not 3 |', '| third | **failed**, ZeroDivisionError: division by zero |',
                '| fourth | not reached |', '## Fast'):
        assert row in text
    assert text.startswith('Before.') and text.endswith('After.\n') and 'old' not in text
    assert 'Right: first | 1' in capsys.readouterr().out


@pytest.fixture
def page():
    return gpu_page.Page(1.5)


def test_what_runs_when_the_time_is_up_is_cut_off(page):
    """To be late is no fault: what was seen before stays, what is left is not begun, and no alarm goes off later."""

    def late():
        yield ['first', '1']
        with suppress(Exception):
            time.sleep(60)

    start = time.monotonic()
    page.attempt('Right', 'what | seen', 'second', 0, late)
    page.attempt('Right', 'what | seen', 'third', 0, late)
    assert time.monotonic() - start < 30 and not page.failed
    assert page.tables['Right'][1] == [['first', '1'], ['second', 'cut off'], ['third', 'not reached']]
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_no_program_outlives_the_run(page, monkeypatch):
    """What was started ends with what started it, in the main thread and beside it."""
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(subprocess, 'Popen', lambda *args, **options: started.append(popen(*args, **options))
                        or started[-1])

    def run(name, timeout):
        page.attempt('Right', 'what | seen', name, 0, lambda: gpu_right.run_python(
            '-c', 'import time; time.sleep(60)', timeout=timeout))

    with ThreadPoolExecutor(1) as beside:
        beside.submit(run, 'beside', page.left())
        run('main', 60)
    assert sorted(page.tables['Right'][1]) == [['beside', 'cut off'], ['main', 'cut off']]
    assert len(started) == 2 and all(run.returncode < 0 for run in started)


def test_set_up_as_the_training(monkeypatch):
    """What is measured has the switches of `tools/train.py`."""
    monkeypatch.setattr(torch.backends.cudnn, 'benchmark', False)
    page = gpu_page.Page(0)
    gpu.measure(page, 'cpu', True, parts=())
    assert torch.backends.cudnn.benchmark and page.head.startswith('On CPU') and not page.tables
    if hasattr(torch.backends.cuda, 'enable_cudnn_sdp'):
        assert not torch.backends.cuda.cudnn_sdp_enabled()


@pytest.mark.slow
def test_without_a_peak(monkeypatch):
    """The parts that are asked for, and no others; without a peak and operations the speeds are told all the same."""
    monkeypatch.setattr(gpu_speed, 'matrix_peak', lambda *args: 1 / 0)
    monkeypatch.setattr(gpu_speed, 'PLAN', [('plain, float32', (1, ), (4, ))])
    monkeypatch.setattr(gpu_right, 'run_python', lambda *args, **options: 1 / 0)
    page = gpu_page.Page(0, hurry=False)
    gpu.measure(page, 'cpu', True, parts=('fast', ))
    assert list(page.tables) == ['Peak', 'Fast'] and page.failed
    (row, ) = page.tables['Fast'][1]
    assert row[0] == 'plain, float32, 1' and row[4] == ''


def test_without_a_gpu(monkeypatch, capsys):
    """Without a GPU the command says so in a line."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(sys, 'argv', ['gpu.py'])
    with pytest.raises(SystemExit):
        gpu.main()
    assert 'there is no GPU that PyTorch sees' in capsys.readouterr().err
