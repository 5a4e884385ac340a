"""Whether training on a GPU is right: each check gives a line for the page of ``gpu.py``, and raises if it is not."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
import torch.distributed as dist
from gpu_model import Training, build, studies, without_tf32
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.parallel import DistributedDataParallel
from train_step import ROOT

from prior_mm.checkpoints.checkpoint import load_checkpoint
from prior_mm.engine.fsdp.fsdp_strategy import scalars_to_vectors, wrap_policy
from prior_mm.models import PRIOR

_TRAIN = ('import sys; from pathlib import Path; sys.path.insert(0, "tests"); from tiny_run import tiny_config; '
          'tiny_config(Path(sys.argv[1]), Path(sys.argv[2])).dump(sys.argv[3])')


def agreement(device: str, tiny: bool, stage: int, tolerance: float = 1e-4) -> str:
    """Losses and gradients of a batch without dropout, in float32 and in float64: device against CPU.

    The gradient of the first convolution sums 100,000 places that nearly cancel: in float32 two right ways to add them
    up differ by 1e-3. So gradients are compared in float64, and those of float32 have to be as good as the CPU's.

    Raises:
        AssertionError: If losses in float32 differ by more than the tolerance, gradients in float64 by more than 1e-6
            of their length, or those of float32 are farther from them than twice the CPU's and the tolerance are.
    """
    seen = {}
    with without_tf32():
        for dtype in (torch.float64, torch.float32):
            for own, place in enumerate(('cpu', device)):  # anew: what is left of a graph holds on to its device
                model = build(stage, tiny, dropout=False).to(place, dtype)
                images, reports = studies(8, tiny, place)
                losses = model(images.to(dtype), reports, mode='loss')
                sum(losses.values()).backward()
                seen[own, dtype] = ({name: float(loss.detach()) for name, loss in losses.items()}, {
                    name: part.grad.cpu().double() for name, part in model.named_parameters() if part.grad is not None})
    (losses, gradients), (our_losses, ours) = (seen[own, torch.float32] for own in (0, 1))
    exact, our_exact = (seen[own, torch.float64][1] for own in (0, 1))
    loss_error = max(abs(our_losses[name] - loss) / abs(loss) for name, loss in losses.items())
    error, rounding, our_rounding = _apart(our_exact, exact), _apart(gradients, exact), _apart(ours, exact)
    text = (f'losses differ by {loss_error:.1e}, gradients in float64 by {error:.1e}; from these those of float32 are '
            f'{our_rounding:.1e} away, on the CPU {rounding:.1e}')
    assert loss_error <= tolerance and error <= 1e-6 and our_rounding <= 2 * rounding + tolerance, text
    return text


def training(device: str, tiny: bool, dtype: str, stage: int = 3, steps: int = 50,
             cls: Callable[..., PRIOR] = PRIOR) -> str:
    """Steps on one batch, in a type of autocast; of the published model, or what ``cls`` makes of its parts.

    Raises:
        AssertionError: If any step but the first was skipped, or the loss did not fall.
    """
    with torch.device(device):
        model = build(stage, tiny, cls)
    trained, data = Training(model.to(device), dtype), studies(8, tiny, device)
    losses = [trained.step(data)]
    at_first = trained.wrapper.skipped
    losses += [trained.step(data) for _ in range(steps - 1)]
    first, last = float(losses[0]), float(torch.stack(losses[-5:]).mean())
    skipped = trained.wrapper.skipped
    assert skipped == at_first, f'{skipped} of {steps} steps were skipped, {skipped - at_first} after the first'
    assert last < first, f'the loss went from {first:.3f} to {last:.3f}'
    return f'{skipped} of {steps} steps skipped, loss {first:.3f} to {last:.3f}'


def one_process(device: str, tiny: bool, how: str = 'DDP', stage: int = 3) -> str:
    """DDP with SyncBatchNorm, or FSDP cut as :class:`FSDPStrategy` cuts, in a group of one process against neither.

    Raises:
        AssertionError: If the losses or the gradients' length differ by more than 1e-4, or the gradients, all
            together, by more than 1e-2 of their length.
    """
    data, backend = studies(8, tiny, device), 'nccl' if device == 'cuda' else 'gloo'
    wrap = dict(DDP=_in_ddp, FSDP=_in_fsdp)[how]
    with without_tf32(), tempfile.TemporaryDirectory() as folder:
        seen = []
        dist.init_process_group(backend, init_method=f'file://{folder}/meeting', rank=0, world_size=1)
        try:
            for wrapped in (False, True):
                model = build(stage, tiny, dropout=False).to(device)
                model = wrap(model, device) if wrapped else model
                losses = model(*data, mode='loss')
                sum(losses.values()).backward()
                gradients = {_unwrapped(name): part.grad.flatten() for name, part in model.named_parameters()
                             if part.grad is not None}
                length = torch.stack([gradient.norm() for gradient in gradients.values()]).norm()
                numbers = losses | {'': length}
                seen.append(({name: float(number.detach()) for name, number in numbers.items()}, gradients))
        finally:
            dist.destroy_process_group()
    (plain, gradients), (ours, our_gradients) = seen
    error = max(abs(ours[name] - value) / abs(value) for name, value in plain.items())
    apart = _apart(our_gradients, gradients)
    text = f'losses, and the length of the gradients, differ by {error:.1e}, the gradients themselves by {apart:.1e}'
    assert error <= 1e-4 and apart <= 1e-2, text
    return f'{backend}: {text} from those without'


def _unwrapped(name: str) -> str:
    """A parameter's name without what DDP and FSDP put into it."""
    return name.removeprefix('module.').replace('_fsdp_wrapped_module.', '')


def _in_ddp(model: PRIOR, device: str) -> torch.nn.Module:
    for parameter in model.unused_parameters():
        parameter.requires_grad_(False)
    return DistributedDataParallel(
        torch.nn.SyncBatchNorm.convert_sync_batchnorm(model) if device == 'cuda' else model)


def _in_fsdp(model: PRIOR, device: str) -> torch.nn.Module:
    scalars_to_vectors(model)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that one process has nobody to share with
        return FullyShardedDataParallel(model, device_id=next(model.parameters()).device,
                                        use_orig_params=True, auto_wrap_policy=wrap_policy(model))


def resumed_run(seconds: float) -> str:
    """tools/train.py on a dozen tiny studies, on the GPU if there is one: three stages, and the last epoch again.

    Args:
        seconds: After so many, what runs is killed.

    Raises:
        AssertionError: If the resumed run's weights differ from the whole run's by more than 1e-3, relative.
        RuntimeError: If a run fails, or is killed; with the end of what it said.
    """
    end = time.monotonic() + seconds

    def run(*arguments: object) -> None:
        run_python(*arguments, timeout=end - time.monotonic())

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, whole = folder / 'config.py', folder / 'whole'
        run('-c', _TRAIN, folder / 'data', whole, config)
        run('tools/train.py', config, '--work-dir', whole)
        weights = load_checkpoint(whole / 'epoch_6.pth')['state_dict']
        run('tools/train.py', config, '--work-dir', folder / 'resumed', '--resume', whole / 'epoch_5.pth')
        resumed = _apart(load_checkpoint(folder / 'resumed' / 'epoch_6.pth')['state_dict'], weights)
    assert resumed <= 1e-3, f'the weights of the resumed run differ by {resumed:.1e}'
    return f'the weights of the resumed run differ from those of the whole one by {resumed:.1e}'


def run_python(*arguments: object, timeout: float) -> str:
    """Run Python at the root of the project, with what this process may import; what it started ends with it.

    Args:
        arguments: What follows ``python``.
        timeout: Seconds after which it is killed.

    Returns:
        What it said.

    Raises:
        RuntimeError: If it ends with another status than 0, or was killed; with the end of what it said, and printed
            with more of it: of a killed one, where each of its threads was.
    """
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), *sys.path]), PYTHONFAULTHANDLER='1')
    with tempfile.TemporaryFile('w+') as said:  # no pipe, which the workers of a killed run would hold open
        run = subprocess.Popen([sys.executable, *map(str, arguments)], cwd=ROOT, env=environment, stdout=said,
                               stderr=subprocess.STDOUT, start_new_session=True)
        how = ''
        try:
            run.wait(timeout)
        except subprocess.TimeoutExpired:
            how = f' after {timeout:.0f} s'
            run.send_signal(signal.SIGABRT)
            with suppress(subprocess.TimeoutExpired):
                run.wait(10)
        finally:  # also where this process is told to stop
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
            run.wait()
        said.seek(0)
        told = said.read().partition('Extension modules:')[0]
        if run.returncode:
            print(told[-4000:], flush=True)
            raise RuntimeError(f'{arguments[0]} ended with {run.returncode}{how}: {told[-250:]}')
    return told


def _apart(ours: dict, theirs: dict) -> float:
    pairs = [(ours[name].double(), value.double()) for name, value in theirs.items() if value.is_floating_point()]
    return float((sum((mine - other).square().sum() for mine, other in pairs)
                  / sum(other.square().sum() for _, other in pairs))**0.5)
