"""Whether training on a GPU is right: each check gives a line for the page of ``gpu.py``, and raises if it is not."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import torch.distributed as dist
from gpu_model import Training, build, studies, without_tf32
from torch.nn.parallel import DistributedDataParallel
from train_step import ROOT

from prior_mm.checkpoints.checkpoint import load_checkpoint

_TRAIN = ('import sys; from pathlib import Path; sys.path.insert(0, "tests"); from tiny_run import tiny_config; '
          'tiny_config(Path(sys.argv[1]), Path(sys.argv[2])).dump(sys.argv[3])')


def agreement(device: str, tiny: bool, stage: int, tolerance: float = 1e-4) -> str:
    """Losses and gradients of a batch in float32, without dropout: device against CPU.

    Raises:
        AssertionError: If they differ by more than the tolerance, relative to the length of the gradient.
    """
    seen = []
    with without_tf32():
        for place in ('cpu', device):
            model = build(stage, tiny, dropout=False).to(place)
            losses = model(*studies(8, tiny, place), mode='loss')
            sum(losses.values()).backward()
            seen.append(({name: float(loss) for name, loss in losses.items()},
                         {name: p.grad.cpu().double() for name, p in model.named_parameters() if p.grad is not None}))
    (losses, gradients), (ours, our_gradients) = seen
    loss_error = max(abs(ours[name] - loss) / abs(loss) for name, loss in losses.items())
    apart = sum(float((our_gradients[name] - gradient).square().sum()) for name, gradient in gradients.items())
    error = (apart / sum(float(gradient.square().sum()) for gradient in gradients.values()))**0.5
    assert max(loss_error, error) <= tolerance, f'losses differ by {loss_error:.1e}, gradients by {error:.1e}'
    return f'losses differ by {loss_error:.1e}, gradients by {error:.1e}'


def training(device: str, tiny: bool, dtype: str, stage: int = 3, steps: int = 50) -> str:
    """Steps on one batch, in a type of autocast.

    Raises:
        AssertionError: If more than the first step was skipped, or the loss did not fall.
    """
    trained, data = Training(build(stage, tiny).to(device), dtype), studies(8, tiny, device)
    losses = [trained.step(data) for _ in range(steps)]
    first, last = float(losses[0]), float(torch.stack(losses[-5:]).mean())
    assert trained.wrapper.skipped <= 1, f'{trained.wrapper.skipped} of {steps} steps were skipped'
    assert last < first, f'the loss went from {first:.3f} to {last:.3f}'
    return f'{trained.wrapper.skipped} of {steps} steps skipped, loss {first:.3f} to {last:.3f}'


def one_process(device: str, tiny: bool, stage: int = 3) -> str:
    """DDP with SyncBatchNorm in a group of one process against neither, float32.

    Raises:
        AssertionError: If the losses differ by more than 1e-4.
    """
    data, backend = studies(8, tiny, device), 'nccl' if device == 'cuda' else 'gloo'
    with without_tf32():
        plain = build(stage, tiny, dropout=False).to(device)(*data, mode='loss')
        with tempfile.TemporaryDirectory() as folder:
            dist.init_process_group(backend, init_method=f'file://{folder}/meeting', rank=0, world_size=1)
            try:
                model = build(stage, tiny, dropout=False).to(device)
                for parameter in model.unused_parameters():
                    parameter.requires_grad_(False)
                if device == 'cuda':
                    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)
                wrapped = DistributedDataParallel(model)
                losses = wrapped(*data, mode='loss')
                sum(losses.values()).backward()
            finally:
                dist.destroy_process_group()
    error = max(float(abs(losses[name] - loss) / abs(loss)) for name, loss in plain.items())
    assert error <= 1e-4, f'losses differ by {error:.1e}'
    return f'{backend}: losses differ by {error:.1e} from those without'


def resumed_run() -> str:
    """tools/train.py on a dozen tiny studies, on the GPU if there is one: three stages, and the last epoch again.

    Raises:
        AssertionError: If the resumed run's weights differ from the whole run's by more than 1e-3, relative.
        RuntimeError: If a run fails; with the end of what it said.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, whole = folder / 'config.py', folder / 'whole'
        _python('-c', _TRAIN, folder / 'data', whole, config)
        _python('tools/train.py', config, '--work-dir', whole)
        weights = load_checkpoint(whole / 'epoch_6.pth')['state_dict']
        _python('tools/train.py', config, '--work-dir', folder / 'resumed', '--resume', whole / 'epoch_5.pth')
        resumed = _apart(load_checkpoint(folder / 'resumed' / 'epoch_6.pth')['state_dict'], weights)
    assert resumed <= 1e-3, f'the weights of the resumed run differ by {resumed:.1e}'
    return f'the weights of the resumed run differ from those of the whole one by {resumed:.1e}'


def _python(*arguments: object) -> None:
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), *sys.path]))
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise RuntimeError(f'{arguments[0]} ended with {done.returncode}: {(done.stderr or done.stdout)[-600:]}')


def _apart(ours: dict, theirs: dict) -> float:
    pairs = [(ours[name].double(), value.double()) for name, value in theirs.items() if value.is_floating_point()]
    return float((sum((mine - other).square().sum() for mine, other in pairs)
                  / sum(other.square().sum() for _, other in pairs))**0.5)
