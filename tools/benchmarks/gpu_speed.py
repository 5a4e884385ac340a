"""How fast training is on a GPU, and in how much memory: rows for the page of ``gpu.py``."""
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import torch
from gpu_model import Training, build, studies
from plain_prior import PlainPRIOR
from torch.profiler import ProfilerActivity, profile

from prior_mm.models import PRIOR


class Way(NamedTuple):
    """A way to take a step: precision, the plain implementation, what is compiled, studies of a chunk."""

    dtype: str = 'bfloat16'
    plain: bool = False
    compiled: str | None = None
    chunk: int | None = None


#: ``compiled`` is the mode of torch.compile, of the parts whose shapes never change: backbone and image decoder.
WAYS = {'plain, float32': Way('float32', plain=True), 'ours': Way(), 'compiled': Way(compiled='default'),
        'compiled, CUDA graphs': Way(compiled='reduce-overhead'), 'chunks of 98': Way(chunk=98)}


def prepared(stage: int, tiny: bool, device: str, way: Way) -> Training:
    """A model, its optimizer, and what the way wants compiled."""
    model = build(stage, tiny, PlainPRIOR if way.plain else PRIOR, chunk=way.chunk)
    if way.plain:
        model.to(memory_format=torch.contiguous_format)
    model.to(device)
    if way.compiled:
        model.image_encoder.backbone.compile(mode=way.compiled, dynamic=False)
        model.image_decoder.compile(mode=way.compiled, dynamic=False)
    return Training(model, way.dtype, way.plain)


def timed(function: Callable[[], object], device: str, times: int) -> list[float]:
    """Seconds of each call, the device waited for, after two that warm up."""
    seconds = []
    for number in range(times + 2):
        _wait(device)
        start = time.perf_counter()
        function()
        _wait(device)
        if number >= 2:
            seconds.append(time.perf_counter() - start)
    return seconds


def speed(device: str, tiny: bool, stage: int, batch: int, way: Way, flops: float, peak: float,
          steps: int) -> list[str]:
    """Studies a second (median, slowest, fastest), the share of the peak, and the peak of the memory, of a way."""
    try:
        training, data = prepared(stage, tiny, device, way), studies(batch, tiny, device)
        if device == 'cuda':
            torch.cuda.reset_peak_memory_stats()
        seconds = timed(lambda: training.step(data), device, steps)
    except torch.cuda.OutOfMemoryError:
        return ['out of memory', '', '', '']
    finally:
        training = data = None  # the next way gets their memory
        if device == 'cuda':
            torch.cuda.empty_cache()
    median = statistics.median(seconds)
    memory = f'{torch.cuda.max_memory_allocated() / 2**30:.1f}' if device == 'cuda' else ''
    return [f'{batch / median:,.0f}', f'{batch / max(seconds):,.0f} to {batch / min(seconds):,.0f}',
            f'{flops * batch / median / peak:.0%}', memory]


def matrix_peak(device: str, tiny: bool) -> float:
    """Floating-point operations a second of a square matrix product in bfloat16."""
    size = 256 if tiny else 8192
    left, right = torch.randn(2, size, size, device=device).bfloat16()
    return 2 * size**3 / min(timed(lambda: left @ right, device, 10))


def where_it_waits(device: str, tiny: bool, stage: int, batch: int) -> list[list[str]]:
    """Of a step: kernels, how many of them are small, waits of the host for the device, and what takes longest."""
    training, data = prepared(stage, tiny, device, Way('bfloat16')), studies(batch, tiny, device)
    for _ in range(2):
        training.step(data)
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
                     f'{sum(kernels) / 1e3:.1f} ms together'])
    key = 'self_device_time_total' if device == 'cuda' else 'self_cpu_time_total'
    longest = sorted(seen.key_averages(), key=lambda entry: getattr(entry, key, 0), reverse=True)
    return rows + [['most time', f'{entry.key[:60]}: {getattr(entry, key, 0) / 1e3:.1f} ms in {entry.count} calls']
                   for entry in longest[:8]]


def _wait(device: str) -> None:
    if device == 'cuda':
        torch.cuda.synchronize()
