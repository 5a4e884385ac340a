"""What `tools/benchmarks/gpu.py` checks: on a GPU where there is one, and that the checks themselves work without."""
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'benchmarks'))

import gpu
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
def test_one_process(device, tiny):
    """DDP (and SyncBatchNorm on a GPU) in a group of one process change no loss."""
    assert 'losses differ by' in gpu_right.one_process(device, tiny)


@pytest.mark.slow
def test_resumed_run():
    """tools/train.py: a run that is resumed before its last epoch has the weights of the whole run."""
    assert 'the weights of the resumed run differ' in gpu_right.resumed_run()


def test_a_wrong_device_is_told(monkeypatch):
    """A device that computes other numbers fails the check, which says by how much."""
    build, built = gpu_right.build, []

    def other(*args, **options):
        model = build(*args, **options)
        built.append(model)
        if len(built) == 2:
            torch.nn.init.normal_(model.global_image_projection.weight)
        return model

    monkeypatch.setattr(gpu_right, 'build', other)
    with pytest.raises(AssertionError, match='losses differ by'):
        gpu_right.agreement('cpu', True, 1)


@pytest.mark.slow
def test_speed_and_waiting():
    """Each way gives its figures, and a profile its rows; on the CPU the figures mean nothing."""
    rows = [gpu_speed.speed('cpu', True, 3, 4, way, flops=1e9, peak=1e12, steps=2)
            for way in (gpu_speed.WAYS['ours'], gpu_speed.WAYS['plain, float32'], gpu_speed.Way(chunk=2))]
    assert all(len(row) == 4 and ' to ' in row[1] and row[2].endswith('%') for row in rows)
    assert [name for name, _ in gpu_speed.where_it_waits('cpu', True, 3, 4)] == ['most time'] * 8


def test_without_a_gpu(monkeypatch, capsys):
    """Without a GPU the command says so in a line."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(sys, 'argv', ['gpu.py'])
    with pytest.raises(SystemExit):
        gpu.main()
    assert 'there is no GPU that PyTorch sees' in capsys.readouterr().err
