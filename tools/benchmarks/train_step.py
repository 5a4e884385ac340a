"""Time of a whole training step of each stage, against a plain implementation.

    python tools/benchmarks/train_step.py [--batch-size 16] [--steps 5] [--dtypes float32 bfloat16] [--published FOLDER]

The model is the published one (ResNet-50, BERT with 12 layers, 224 px) with random weights; images are noise, and the
lengths of the reports are drawn as those of real reports are. The plain way loops over the studies, keeps the channels
first and steps an unfused AdamW; it pads text to 256 word pieces, or, as a second measure, to the longest report of the
batch. With a checkout of the published implementation, that is measured, too. Each way has a process of its own, where
no other has filled the heap before: there the peak of its memory is read, too, also with activation checkpointing of
ours. Then all others take turns in one process. Each figure is the median of the steps after one that warms up,
with its range, in seconds of the clock and of the processor; those of the processor do not depend on what else the
machine does. Also printed: how far apart the losses and gradients of the plain way and ours are (float32, without
dropout), and the share of the machine's matrix-product peak, measured in the same run.
"""
import argparse
import json
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests')]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from plain_prior import PlainPRIOR  # noqa: E402
from published_code import VOCABULARY, PublishedPRIOR  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from prior_mm.models import PRIOR  # noqa: E402
from prior_mm.models.prior import PUBLISHED_LOSSES  # noqa: E402
from prior_mm.structures import Reports  # noqa: E402

STAGES = {
    1: dict(global_alignment=1., local_image=1., local_text=1.),
    2: dict(global_alignment=1., local_image=1., local_text=1., prototype=10.),
    3: PUBLISHED_LOSSES,
}
Studies = tuple[torch.Tensor, Reports]


def published(cls: Callable[..., PRIOR], dropout: bool = True, with_cp: bool = False,
              behaviour: bool = False) -> PRIOR:
    """The published model with random weights, always the same.

    Args:
        cls: Ours, or the plain way.
        dropout: Without it there is no noise of the prototype bank either.
        with_cp: Activation checkpointing of all that has it.
        behaviour: Also what the published code computes otherwise than the paper, see docs/published_weights.md.
    """
    torch.manual_seed(0)
    rate = 0.1 if dropout else 0.
    return cls(
        image_encoder=dict(
            type='ImageEncoder', with_cp=with_cp, patch_layout='published' if behaviour else 'places',
            backbone=dict(type='mmpretrain.ResNet', depth=50, in_channels=1)),
        text_encoder=dict(type='TextEncoder', with_cp=with_cp, config=dict(
            vocab_size=VOCABULARY, hidden_dropout_prob=rate, attention_probs_dropout_prob=rate)),
        local_alignment=dict(type='LocalAlignment'),
        prototype_bank=dict(type='SentencePrototypeBank', noise=dropout),
        image_decoder=dict(type='ImageDecoder', with_cp=with_cp, dropout=0.5 if dropout else 0.),
        sentence_decoder=dict(type='SentenceDecoder', dropout=rate, causal=behaviour),
        matching_order='published' if behaviour else 'inverse').train()


def random_studies(count: int, size: int, seed: int) -> Studies:
    """Noise, and reports with at least 4 sentences, 5.5 on average, and about 50 word pieces."""
    rng = np.random.default_rng(seed)
    tokens, index = [], []
    for _ in range(count):
        lengths = 1 + rng.negative_binomial(2, 0.2, size=4 + rng.poisson(1.5))
        lengths = lengths[:1 + np.searchsorted(lengths.cumsum(), 254)]
        tokens.append([2, *rng.integers(5, VOCABULARY, min(lengths.sum(), 254)).tolist(), 3])
        index.append([-1, *np.repeat(np.arange(len(lengths)), lengths).tolist()[:254], -1])
    images = torch.from_numpy(rng.standard_normal((count, 1, size, size), dtype=np.float32))
    return images, Reports.from_sequences(tokens, index)


class Way(NamedTuple):
    """A way to take a step.

    Attributes:
        model: ``'prior_mm'``, ``'plain'``, or the folder of a checkout of the published code.
        dtype: The type of autocast.
        padded: The plain way pads text to so many word pieces at least.
        with_cp: Activation checkpointing of the encoders and of the image decoder.
    """

    model: str
    dtype: str = 'float32'
    padded: int = 256
    with_cp: bool = False


class Trainer:
    """A model with its optimizer, and a step; the plain way pads text to so many word pieces at least."""

    def __init__(self, way: Way, stage: int) -> None:
        ours = way.model == 'prior_mm'
        if ours or way.model == 'plain':
            self.model = published(PRIOR if ours else PlainPRIOR, with_cp=way.with_cp)
            self.model.set_losses(STAGES[stage])
        else:
            self.model = PublishedPRIOR(way.model, stage)
        if way.model == 'plain':
            self.model.to(memory_format=torch.contiguous_format)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, weight_decay=1e-6,
                                           foreach=None if ours else False, fused=True if ours else None)

    def step(self, images: torch.Tensor, reports: Reports, way: Way) -> None:
        """One training step; leaves no gradients, which would take memory while others step."""
        self.model.padded_length = way.padded
        with torch.autocast('cpu', torch.bfloat16, enabled=way.dtype == 'bfloat16'):
            losses = self.model(images, reports, mode='loss')
        sum(losses.values()).backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


def seconds(trainer: Trainer, data: Studies, way: Way) -> tuple[float, float]:
    """Seconds of a step, of the clock and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    trainer.step(*data, way)
    return time.perf_counter() - wall, time.process_time() - cpu


def in_its_own_process(function: Callable, *arguments: Any) -> Any:
    """Call a function where what was allocated before takes no memory, and what it allocates is given back."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:
        return pool.submit(function, *arguments).result()


def ways(dtypes: list[str], published_code: str | None = None) -> dict[str, Way]:
    """What is compared, the measure first."""
    return {**({'published': Way(published_code)} if published_code else {}),
            'plain': Way('plain'), 'plain, longest': Way('plain', padded=0),
            **{f'prior_mm {dtype}': Way('prior_mm', dtype) for dtype in dtypes},
            **{f'prior_mm {dtype}, checkpointed': Way('prior_mm', dtype, with_cp=True) for dtype in dtypes}}


def alone(way: Way, stage: int, data: Studies, steps: int, threads: int) -> tuple[list[tuple[float, float]], float]:
    """Steps of a way after one to warm up, and the peak of this process's resident memory, in GiB."""
    torch.set_num_threads(threads)
    trainer = Trainer(way, stage)
    times = [seconds(trainer, data, way) for _ in range(steps + 1)]
    return times[1:], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def difference(stage: int, data: Studies) -> tuple[float, float]:
    """Largest relative difference of the losses, and of the gradients of all tensors together, in float32."""
    results = []
    for cls in (PRIOR, PlainPRIOR):
        model = published(cls, dropout=False)
        model.set_losses(STAGES[stage])
        losses = model(*data, mode='loss')
        sum(losses.values()).backward()
        results.append((losses, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}))
    (losses, gradients), (plain_losses, plain_gradients) = results
    with torch.no_grad():
        loss_error = max(float(abs(losses[n] / loss - 1)) for n, loss in plain_losses.items())
    return loss_error, distance(gradients, plain_gradients)


def distance(gradients: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> float:
    """Length of the difference of all tensors that they have, together, as a share of theirs."""
    apart = sum(float((gradients[name].double() - value.double()).square().sum()) for name, value in theirs.items())
    return (apart / sum(float(value.double().square().sum()) for value in theirs.values()))**0.5


def matrix_peak(dtype: torch.dtype, size: int = 3072) -> float:
    """Floating-point operations a second of a square matrix product; the fastest of five."""
    left, right = torch.randn(2, size, size).to(dtype)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times[1:])


def operations(trainer: Trainer, data: Studies) -> int:
    """Floating-point operations of one step of ours."""
    with FlopCounterMode(display=False) as counter:
        trainer.step(*data, Way('prior_mm'))
    return counter.get_total_flops()


def in_turns(compared: dict[str, Way], stage: int, data: Studies, steps: int,
             threads: int) -> tuple[dict[str, list[tuple[float, float]]], dict[str, float]]:
    """Steps of all ways, one after the other, after one each to warm up; and ours' shares of the peak."""
    torch.set_num_threads(threads)
    trainers = {way.model: Trainer(way, stage) for way in compared.values()}  # a model serves all ways that step it
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in compared}
    peaks = {way.dtype: 0. for way in compared.values()}
    for _ in range(steps + 1):
        for name, way in compared.items():
            turns[name].append(seconds(trainers[way.model], data, way))
        peaks = {dtype: max(value, matrix_peak(getattr(torch, dtype))) for dtype, value in peaks.items()}
    turns = {name: times[1:] for name, times in turns.items()}
    work = operations(trainers['prior_mm'], data) if 'prior_mm' in trainers else 0
    return turns, {name: work / statistics.median(wall for wall, _ in turns[name]) / peaks[way.dtype]
                   for name, way in compared.items() if way.model == 'prior_mm'}


def columns(times: list[tuple[float, float]]) -> tuple[list[float] | None, list[float] | None]:
    """Seconds of the clock, and those of the processor; None for both where nothing was measured."""
    return ([wall for wall, _ in times], [cpu for _, cpu in times]) if times else (None, None)


def measure(stage: int, compared: dict[str, Way], batch_size: int, size: int, steps: int, threads: int,
            apart: bool = True) -> list[dict]:
    """Measure one stage: each way in a process of its own, if asked for, then all in turns but the checkpointed."""
    data = random_studies(batch_size, size, seed=stage)
    own = {}
    for name, way in compared.items() if apart else ():
        own[name] = times, memory = in_its_own_process(alone, way, stage, data, steps, threads)
        print(f'stage {stage}, {name}, alone: {statistics.median(wall for wall, _ in times):.2f} s a step, '
              f'{memory:.2f} GiB', flush=True)  # stays, should the turns take more memory than there is
    loss_error, gradient_error = in_its_own_process(difference, stage, data)
    print(f'stage {stage}: losses differ by {loss_error:.1e}, gradients by {gradient_error:.1e} (relative, float32)')
    turns, shares = in_its_own_process(
        in_turns, {name: way for name, way in compared.items() if not way.with_cp}, stage, data, steps, threads)
    rows = []
    for name in compared:
        times, memory = own.get(name, ([], None))
        (wall, cpu), (wall_alone, cpu_alone) = columns(turns.get(name, [])), columns(times)
        rows.append(dict(stage=stage, way=name, wall=wall, cpu=cpu, wall_alone=wall_alone, cpu_alone=cpu_alone,
                         memory_gib=memory, loss_difference=loss_error, gradient_difference=gradient_error,
                         share_of_peak=shares.get(name)))
    return rows


def table(rows: list[dict]) -> str:
    """The rows as Markdown; a ratio is how many times as long a stage's first way takes, by medians."""
    lines = ['| stage | way | s/step: median (range), ratio | processor s, ratio '
             '| alone: s/step, ratio | alone: processor s, ratio | of peak | memory, GiB |', '| --- ' * 8 + '|']
    for row in rows:
        first = next(other for other in rows if other['stage'] == row['stage'])

        def figure(name: str, row: dict = row, first: dict = first) -> str:
            if not row[name]:
                return ''
            median = statistics.median(row[name])
            return (f'{median:.2f} ({min(row[name]):.2f} to {max(row[name]):.2f}), '
                    f'{statistics.median(first[name]) / median:.2f}x')

        share = f'{row["share_of_peak"]:.0%}' if row['share_of_peak'] else ''
        memory = row['memory_gib'] and f'{row["memory_gib"]:.2f} ({row["memory_gib"] / first["memory_gib"]:.2f}x)'
        figures = ' | '.join(figure(name) for name in ('wall', 'cpu', 'wall_alone', 'cpu_alone'))
        lines.append(f'| {row["stage"]} | {row["way"]} | {figures} | {share} | {memory or ""} |')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--stages', type=int, nargs='+', default=[1, 2, 3], choices=[1, 2, 3])
    parser.add_argument('--dtypes', nargs='+', default=['float32', 'bfloat16'], choices=['float32', 'bfloat16'])
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--size', type=int, default=224, help='side of the images, in pixels')
    parser.add_argument('--steps', type=int, default=5, help='timed steps of each way')
    parser.add_argument('--no-memory', dest='memory', action='store_false',
                        help='no processes of their own: neither their times nor the peak of their memory')
    parser.add_argument('--ways', nargs='+', help='some of the ways only, as the table names them; three models that '
                        'take turns need more than 24 GB in stage 3')
    parser.add_argument('--published', help='a checkout of the published implementation, to be measured, too')
    parser.add_argument('--threads', type=int, default=len(os.sched_getaffinity(0)), help='by default all cores')
    parser.add_argument('--out', help='write the figures to this JSON file')
    args = parser.parse_args()
    compared = ways(args.dtypes, args.published)
    if unknown := sorted({*(args.ways or ())} - compared.keys()):
        parser.error(f'--ways: there is no {unknown}; there are {list(compared)}')
    compared = {name: way for name, way in compared.items() if name in (args.ways or compared)}
    rows = []
    for stage in args.stages:
        found = measure(stage, compared, args.batch_size, args.size, args.steps, args.threads, args.memory)
        print(table(found), flush=True)  # what is measured stays, also if a later stage runs out of memory
        rows += found
        if args.out:
            Path(args.out).write_text(json.dumps(rows, indent=2) + '\n')


if __name__ == '__main__':
    main()
