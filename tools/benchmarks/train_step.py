"""Time of a whole training step of each stage, against a plain implementation in the same process.

    python tools/benchmarks/train_step.py [--batch-size 16] [--steps 3] [--dtypes float32 bfloat16]

The model is the published one (ResNet-50, BERT with 12 layers, 224 px) with random weights; images are noise, and the
lengths of the reports are drawn as those of real reports are. The plain way pads text to 256 word pieces, loops over
the studies, keeps the channels first and steps an unfused AdamW. Steps of the two alternate; the fastest of each
counts. Peak memory is that of a process of its own for each. Also printed: how far apart the losses and gradients of
the two are (float32, without dropout), and the share of the machine's matrix-product peak, measured in the same run.
"""
import argparse
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / 'tests')]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from plain_prior import PlainPRIOR  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from prior_mm.models import PRIOR  # noqa: E402
from prior_mm.models.prior import PUBLISHED_LOSSES  # noqa: E402
from prior_mm.structures import Reports  # noqa: E402

STAGES = {
    1: dict(global_alignment=1., local_image=1., local_text=1.),
    2: dict(global_alignment=1., local_image=1., local_text=1., prototype=10.),
    3: PUBLISHED_LOSSES,
}
VOCABULARY = 28996
Studies = tuple[torch.Tensor, Reports]


def published(cls: type, dropout: bool = True, with_cp: bool = False) -> PRIOR:
    """The published model with random weights, always the same; with activation checkpointing of its encoders."""
    torch.manual_seed(0)
    rate = 0.1 if dropout else 0.
    return cls(
        image_encoder=dict(type='ImageEncoder', with_cp=with_cp, backbone=dict(
            type='mmpretrain.ResNet', depth=50, in_channels=1)),
        text_encoder=dict(type='TextEncoder', with_cp=with_cp, config=dict(
            vocab_size=VOCABULARY, hidden_dropout_prob=rate, attention_probs_dropout_prob=rate)),
        local_alignment=dict(type='LocalAlignment'),
        prototype_bank=dict(type='SentencePrototypeBank', noise=dropout),
        image_decoder=dict(type='ImageDecoder', dropout=0.5 if dropout else 0.),
        sentence_decoder=dict(type='SentenceDecoder', dropout=rate)).train()


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


class Trainer:
    """A model with its optimizer, and a step."""

    def __init__(self, plain: bool, stage: int, with_cp: bool = False) -> None:
        self.model = published(PlainPRIOR if plain else PRIOR, with_cp=with_cp)
        self.model.set_losses(STAGES[stage])
        if plain:
            self.model.to(memory_format=torch.contiguous_format)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, weight_decay=1e-6,
                                           foreach=False if plain else None, fused=None if plain else True)

    def step(self, images: torch.Tensor, reports: Reports, dtype: torch.dtype = torch.float32) -> None:
        """One training step."""
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast('cpu', dtype, enabled=dtype != torch.float32):
            losses = self.model(images, reports, mode='loss')
        sum(losses.values()).backward()
        self.optimizer.step()


def seconds(trainer: Trainer, data: Studies, dtype: torch.dtype) -> float:
    start = time.perf_counter()
    trainer.step(*data, dtype)
    return time.perf_counter() - start


def in_its_own_process(function: Callable, *arguments: Any) -> Any:
    """Call a function where what was allocated before takes no memory, and what it allocates is given back."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:
        return pool.submit(function, *arguments).result()


def peak_memory(plain: bool, dtype: torch.dtype, stage: int, data: Studies) -> float:
    """Peak resident memory of two steps in a process of their own, in GiB."""
    return in_its_own_process(_two_steps, plain, dtype, stage, data, torch.get_num_threads())


def _two_steps(plain: bool, dtype: torch.dtype, stage: int, data: Studies, threads: int) -> float:
    torch.set_num_threads(threads)
    trainer = Trainer(plain, stage)
    for _ in range(2):
        trainer.step(*data, dtype)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


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
    apart = sum(float((gradients[n].double() - g.double()).square().sum()) for n, g in plain_gradients.items())
    length = sum(float(g.double().square().sum()) for g in plain_gradients.values())
    with torch.no_grad():
        loss_error = max(float(abs(losses[n] / loss - 1)) for n, loss in plain_losses.items())
    return loss_error, (apart / length)**0.5


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
    """Floating-point operations of one step."""
    with FlopCounterMode(display=False) as counter:
        trainer.step(*data)
    return counter.get_total_flops()


def measure(stage: int, dtypes: list[str], batch_size: int, size: int, steps: int, memory: bool) -> list[dict]:
    """Measure one stage: the plain way in float32 against the fast way in each type, in turns."""
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    data = random_studies(batch_size, size, seed=stage)
    peak = {name: peak_memory(name == 'plain', getattr(torch, dtype), stage, data) if memory else None
            for name, dtype in dict(plain='float32', **{name: name for name in dtypes}).items()}
    loss_error, gradient_error = difference(stage, data)
    print(f'stage {stage}: losses differ by {loss_error:.1e}, gradients by {gradient_error:.1e} (relative, float32)')
    plain, fast = Trainer(plain=True, stage=stage), Trainer(plain=False, stage=stage)
    ways = dict(plain=(plain, torch.float32), **{name: (fast, getattr(torch, name)) for name in dtypes})
    times: dict[str, list[float]] = {name: [] for name in ways}
    peaks = dict.fromkeys(dtypes, 0.)
    for _ in range(steps + 1):  # the first warms up
        for name, (trainer, dtype) in ways.items():
            times[name].append(seconds(trainer, data, dtype))
        peaks = {name: max(value, matrix_peak(getattr(torch, name))) for name, value in peaks.items()}
    best = {name: min(values[1:]) for name, values in times.items()}
    work = operations(fast, data)
    rows = [dict(stage=stage, way='plain', dtype='float32', seconds=best['plain'],
                 studies_per_s=batch_size / best['plain'], ratio=1., memory_gib=peak['plain'])]
    for name in dtypes:
        rows.append(dict(
            stage=stage, way='prior_mm', dtype=name, seconds=best[name], studies_per_s=batch_size / best[name],
            ratio=best['plain'] / best[name], share_of_peak=work / best[name] / peaks[name],
            memory_gib=peak[name],
            loss_difference=loss_error, gradient_difference=gradient_error))
    return rows


def table(rows: list[dict]) -> str:
    """The rows as text."""
    lines = [f'{"stage":>5} {"way":>9} {"type":>9} {"s/step":>8} {"studies/s":>10} {"ratio":>6} {"of peak":>8} '
             f'{"memory":>17}']
    for row in rows:
        plain = next(r for r in rows if r['stage'] == row['stage'] and r['way'] == 'plain')
        memory = '' if row['memory_gib'] is None else (
            f'{row["memory_gib"]:.2f} GiB ({row["memory_gib"] / plain["memory_gib"]:.2f})')
        share = f'{row["share_of_peak"]:.0%}' if 'share_of_peak' in row else ''
        lines.append(f'{row["stage"]:>5} {row["way"]:>9} {row["dtype"]:>9} {row["seconds"]:>8.2f} '
                     f'{row["studies_per_s"]:>10.2f} {row["ratio"]:>5.2f}x {share:>8} {memory:>17}')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--stages', type=int, nargs='+', default=[1, 2, 3], choices=[1, 2, 3])
    parser.add_argument('--dtypes', nargs='+', default=['float32', 'bfloat16'], choices=['float32', 'bfloat16'])
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument('--size', type=int, default=224, help='side of the images, in pixels')
    parser.add_argument('--steps', type=int, default=3, help='timed steps of each way')
    parser.add_argument('--no-memory', dest='memory', action='store_false', help='leave the peak memory out')
    parser.add_argument('--out', help='write the figures to this JSON file')
    args = parser.parse_args()
    rows = []
    for stage in args.stages:
        rows += in_its_own_process(measure, stage, args.dtypes, args.batch_size, args.size, args.steps, args.memory)
    print(table(rows))
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=2) + '\n')


if __name__ == '__main__':
    main()
