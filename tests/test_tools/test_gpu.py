"""What `tools/benchmarks/gpu.py` checks: on a GPU where there is one, and that the checks themselves work without."""
import sys
from functools import partial
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'benchmarks'))

import gpu
import gpu_loader
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
    """Steps under autocast lower the loss and skip one at most; float16 needs a GPU."""
    if dtype == 'float16' and device == 'cpu':
        with pytest.raises(ValueError, match='needs a GPU'):
            gpu_right.training(device, tiny, dtype)
    else:
        assert 'of 50 steps skipped' in gpu_right.training(device, tiny, dtype)


@WHERE
@pytest.mark.parametrize('how', ['DDP', 'FSDP'])
def test_one_process(device, tiny, how):
    """DDP (with SyncBatchNorm on a GPU) and FSDP in a group of one process change no loss."""
    assert 'losses, and the length of the gradients, differ by' in gpu_right.one_process(device, tiny, how)


@pytest.mark.slow
def test_resumed_run():
    """tools/train.py: a run that is resumed before its last epoch has the weights of the whole run."""
    assert 'the weights of the resumed run differ' in gpu_right.resumed_run()


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
    for way in (gpu_speed.WAYS['ours'], gpu_speed.WAYS['plain, float32'], gpu_speed.Way(chunk=2)):
        prepared = partial(gpu_speed.prepared, 3, True, 'cpu', way._replace(dtype='float32'))
        rows = list(gpu_speed.speeds('a name', prepared, 'cpu', True, (3, 4), share=1e-3))
        assert [row[2] for row in rows] == ['3', '4']
        assert all(row[0] == 'a name' and ' to ' in row[3] and row[4].endswith('%') for row in rows)
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


def test_without_a_gpu(monkeypatch, capsys):
    """Without a GPU the command says so in a line."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(sys, 'argv', ['gpu.py'])
    with pytest.raises(SystemExit):
        gpu.main()
    assert 'there is no GPU that PyTorch sees' in capsys.readouterr().err
