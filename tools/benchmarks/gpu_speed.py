"""How fast training is on a GPU, and in how much memory: rows for the page of ``gpu.py``."""
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from gpu_model import Training, build, studies
from plain_prior import PlainPRIOR
from torch.profiler import ProfilerActivity, profile

from prior_mm.models import PRIOR
from prior_mm.models.alignment import RegionAlignment
from prior_mm.models.global_batch import GlobalBatch


class Way(NamedTuple):
    """A way to take a step: precision, the plain implementation, compiled and how, studies of a chunk."""

    dtype: str = 'bfloat16'
    plain: bool = False
    compiled: bool | str = False
    chunk: int | None = None


WAYS = {'plain, float32': Way('float32', plain=True), 'ours': Way(), 'ours, compiled': Way(compiled=True),
        'ours, compiled, CUDA graphs': Way(compiled='reduce-overhead'), 'ours, chunks of 98': Way(chunk=98)}
#: Steps before those that count.
WARM_UP = 3
#: Which way, in which stages, with how many studies.
Plan = list[tuple[str, tuple[int, ...], tuple[int, ...]]]
PLAN: Plan = [
    ('ours', (1, 3, 2), (98, 256, 588)), ('plain, float32', (1, 3, 2), (98, )), ('ours, chunks of 98', (3, ), (588, ))]
#: What takes long to compile, and comes last.
COMPILED: Plan = [
    ('ours, compiled', (1, ), (98, 256)), ('ours, compiled, CUDA graphs', (1, ), (98, )),
    ('ours, compiled', (3, ), (98, 256))]


def prepared(stage: int, tiny: bool, device: str, way: Way) -> Training:
    """A model, its optimizer, and what the way wants compiled."""
    with torch.device(device):
        model = build(stage, tiny, PlainPRIOR if way.plain else PRIOR, chunk=way.chunk)
    if way.plain:
        model.to(memory_format=torch.contiguous_format)
    model.to(device)
    model.compiled = way.compiled
    model.set_losses(model.loss_weights)
    return Training(model, way.dtype, way.plain)


def timed(function: Callable[[], object], device: str, times: int) -> list[float]:
    """Seconds of each call, the device waited for, after some that warm up."""
    seconds = []
    for number in range(times + WARM_UP):
        _wait(device)
        start = time.perf_counter()
        function()
        _wait(device)
        if number >= WARM_UP:
            seconds.append(time.perf_counter() - start)
    return seconds


def speeds(name: str, prepared: Callable[[], Training], device: str, tiny: bool, batches: tuple[int, ...],
           share: float | None) -> Iterator[list[str]]:
    """For each batch a row: studies a second, the batch, the range, the share of the peak, the peak of the memory.

    Each step has reports of other lengths, as in training: a library may plan anew for what it has not seen.

    Args:
        name: The first cell of the rows.
        prepared: Makes the model and its optimizer.
        device: Where they are.
        tiny: Whether it is a trial of the command.
        batches: Studies of a step.
        share: Operations of a study, by those that the device could do in a second; None where that is not known.
    """
    training = prepared()
    for batch in batches:
        images, _ = studies(batch, tiny, device)
        times = 2 if tiny else 7
        todo = iter([(images, studies(batch, tiny, device, seed, size=1)[1]) for seed in range(times + WARM_UP)])
        if device == 'cuda':
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        try:
            seconds = timed(lambda todo=todo: training.step(next(todo)), device, times)  # type: ignore[misc]
        except torch.cuda.OutOfMemoryError:
            yield [name, 'out of memory', str(batch)]
            continue
        median = statistics.median(seconds)
        memory = f'{torch.cuda.max_memory_allocated() / 2**30:.1f}' if device == 'cuda' else ''
        yield [name, f'{batch / median:,.0f}', str(batch),
               f'{batch / max(seconds):,.0f} to {batch / min(seconds):,.0f}',
               '' if share is None else f'{share * batch / median:.0%}', memory]


def matrix_peak(device: str, tiny: bool) -> float:
    """Floating-point operations a second of a square matrix product in bfloat16."""
    size = 256 if tiny else 8192
    left, right = torch.randn(2, size, size, device=device).bfloat16()
    return 2 * size**3 / statistics.median(timed(lambda: left @ right, device, 10))


def words_and_regions(device: str, tiny: bool) -> Iterator[list[str]]:
    """A row: the paper's batch, seconds of GLoRIA's local loss and its gradient, GiB, and GiB by the formula."""
    from local_loss import formula
    batch, words, patches, width = (8, 5, 4, 16) if tiny else (588, 97, 196, 768)
    part = RegionAlignment().to(device)
    parts = [torch.randn(batch, number, width, device=device, requires_grad=True) for number in (patches, words)]
    mask = torch.ones(batch, words, dtype=torch.bool, device=device)
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
    seconds = min(timed(lambda: part(*parts, mask, GlobalBatch(batch, mask.sum())).backward(), device, 1))
    seen = f'{torch.cuda.max_memory_allocated() / 2**30:.1f}' if device == 'cuda' else ''
    yield [str(batch), f'{seconds:.2f}', seen, f'{formula(batch, words, patches, width, part.chunk) / 2**30:.1f}']


def where_it_waits(device: str, tiny: bool, stage: int, batch: int) -> list[list[str]]:
    """Of a step: how long the device computes, its kernels, waits of the host, and what takes longest."""
    training, data = prepared(stage, tiny, device, Way('bfloat16')), studies(batch, tiny, device)
    seconds = statistics.median(timed(lambda: training.step(data), device, 3))
    rows = []
    if device == 'cuda':
        torch.cuda.set_sync_debug_mode('warn')
        with warnings.catch_warnings(record=True) as waits:
            warnings.simplefilter('always')
            training.step(data)
        torch.cuda.set_sync_debug_mode('default')
        places = Counter(f'{entry.filename.rpartition("/")[2]}:{entry.lineno}' for entry in waits
                         if 'synchroniz' in str(entry.message))
        rows += [['the host waits at', f'{place}, {times} times'] for place, times in places.most_common(8)]
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if device == 'cuda' else [])]
    with profile(activities=activities) as seen:
        training.step(data)
        _wait(device)
    kernels = [event.time_range.elapsed_us() for event in seen.events()
               if event.device_type == torch.autograd.DeviceType.CUDA]
    if kernels:
        rows.append(['kernels', f'{len(kernels)}, of which {sum(us < 5 for us in kernels)} take less than 5 us; '
                     f'{sum(kernels) / 1e3:.1f} ms together, of a step of {1e3 * seconds:.1f} ms'])
    key = 'self_device_time_total' if device == 'cuda' else 'self_cpu_time_total'
    longest = sorted(seen.key_averages(), key=lambda entry: getattr(entry, key, 0), reverse=True)
    return rows + [['most time', f'{entry.key[:90]}: {getattr(entry, key, 0) / 1e3:.1f} ms in {entry.count} calls']
                   for entry in longest[:12]]


def _wait(device: str) -> None:
    if device == 'cuda':
        torch.cuda.synchronize()
