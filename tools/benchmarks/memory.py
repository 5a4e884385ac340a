"""Peak memory of a training step against the batch size, with and without activation checkpointing.

    python tools/benchmarks/memory.py [--batch-sizes 8 16 32 64] [--stages 1 3] [--dtype bfloat16]

The model and the studies are those of train_step.py: the published model with random weights, noise, reports as long as
real ones. Each figure is of a process of its own that takes three steps: the peak of its resident memory (model,
gradients, AdamW's state, activations, PyTorch itself), and the time of the faster of the last two. The table, in
Markdown, is for docs/speed.md.
"""
import argparse
import os
import resource

import torch
from rich.progress import track
from train_step import Trainer, Way, in_its_own_process, random_studies, seconds

WAYS = {'kept': False, 'checkpointed': True}


def measure(batch_size: int, stage: int, with_cp: bool, dtype: str, threads: int) -> tuple[float, float]:
    """Peak resident memory in GiB and seconds of a step, of this process."""
    torch.set_num_threads(threads)
    way, data = Way('prior_mm', dtype, with_cp=with_cp), random_studies(batch_size, 224, seed=stage)
    trainer = Trainer(way, stage)
    times = [seconds(trainer, data, way)[0] for _ in range(3)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, min(times[1:])


def table(figures: dict[tuple[int, int, str], tuple[float, float]]) -> str:
    """The figures by stage, batch size and way, as Markdown."""
    lines = ['| stage | batch | GiB, kept | GiB, checkpointed | memory | s/step, kept | s/step, checkpointed | time |',
             '| --- | --- | --- | --- | --- | --- | --- | --- |']
    for stage, batch in dict.fromkeys((stage, batch) for stage, batch, _ in figures):
        (memory, time), (less, more) = (figures[stage, batch, way] for way in WAYS)
        lines.append(f'| {stage} | {batch} | {memory:.1f} | {less:.1f} | {less / memory:.2f}x | {time:.2f} '
                     f'| {more:.2f} | {more / time:.2f}x |')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch-sizes', type=int, nargs='+', default=[8, 16, 32, 64])
    parser.add_argument('--stages', type=int, nargs='+', default=[1, 3], choices=[1, 2, 3])
    parser.add_argument('--dtype', default='bfloat16', choices=['float32', 'bfloat16'])
    args = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    keys = [(stage, batch, way) for stage in args.stages for batch in args.batch_sizes for way in WAYS]
    figures = {key: in_its_own_process(measure, key[1], key[0], WAYS[key[2]], args.dtype, threads)
               for key in track(keys, 'measuring')}
    print(f'{args.dtype}, {threads} threads\n\n{table(figures)}')


if __name__ == '__main__':
    main()
