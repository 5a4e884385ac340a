"""Strong and weak scaling on 1 and 2 processes, and what follows for 8, 64 and 512 GPUs by a model.

    python tools/benchmarks/scaling.py --docs docs/scaling.md [--model demo] [--stages 1 3] [--rounds 8] [--reuse]

Each process has a core and a thread of its own, and they talk over gloo. The published model (ResNet-50, BERT with 12
layers, 224 px) has random weights; images are noise, and reports have the lengths of real ones. One process and two
take turns: one; two that share its batch (strong); two with a whole batch each (weak); and both again without DDP's
all-reduce. The figures are kept in ``--figures``; ``--reuse`` takes them from there, for other constants of the
hardware. Nothing is run on a GPU: what is said of GPUs is predicted.
"""
import argparse
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')  # of all processes, and before their libraries are loaded
sys.path.insert(0, str(Path(__file__).resolve().parent))

import torch
from page_blocks import fill
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from scaling_model import Hardware
from scaling_report import (
    Load,
    Measured,
    check_table,
    constants_table,
    draw,
    measured_table,
    predicted_table,
    sensitivity_table,
    where_table,
    work_table,
)
from scaling_steps import BUCKET, CONFIGS, ROOT, Setup, Team

from prior_mm.engine.launch import errors_as_messages

#: What the page has marks for.
BLOCKS = ('measured', 'check', 'work', 'constants', 'predicted', 'sensitivity')
#: What takes turns: how many processes, the batch of each, and whether DDP shares the gradients.
TURNS = {'one': (1, 'whole', True), 'strong': (2, 'shared', True), 'weak': (2, 'whole', True),
         'strong alone': (2, 'shared', False), 'weak alone': (2, 'whole', False)}


def measure(setup: Setup, rounds: int, advance: Callable[[], None]) -> dict[str, Any]:
    """Measure a stage; the first of the rounds warms up and does not count.

    Returns:
        Plain data: ``seconds`` of each turn's steps (of the process that took longest), the ``calls`` of collectives,
        the ``peak`` of matrix products, the speed of an ``all_reduce``, and the ``facts`` of each process.
    """
    answers: dict[str, list] = {turn: [] for turn in TURNS}
    peak = 0.
    with Team(1, setup) as one, Team(2, setup) as two:
        teams = {1: one, 2: two}
        for number in range(rounds + 1):
            for turn, (processes, batch, share) in TURNS.items():
                answer = teams[processes].ask('step', batch, share)
                advance()
                if number:
                    answers[turn].append(answer)
            peak = max(peak, one.ask('peak')[0])
        start, whole = (max(two.ask('all_reduce', size)) for size in (8, BUCKET))
        facts = dict(one=one.ask('facts'), two=two.ask('facts'))
    return dict(
        setup=setup._asdict(), machine=machine(), peak=peak, facts=facts,
        all_reduce=dict(start=start, bandwidth=BUCKET / (whole - start)),
        seconds={turn: [max(seconds for seconds, _ in answer) for answer in steps] for turn, steps in answers.items()},
        calls={turn: summary([[calls for _, calls in answer] for answer in steps]) for turn, steps in answers.items()})


def machine() -> str:
    """The processor and PyTorch, in words."""
    lines = Path('/proc/cpuinfo').read_text().splitlines()
    name = next((line.split(':')[1].strip() for line in lines if line.startswith('model name')), platform.machine())
    return f'{len(os.sched_getaffinity(0))} cores of {name}, PyTorch {torch.__version__}'


def summary(steps: list) -> list[dict[str, Any]]:
    """The calls of a step; for each the median seconds of the process that was blocked shortest, and longest.

    The last to come to a collective waits for nobody, so that its time is that of the transfer.

    Args:
        steps: For each step and process the calls in their order.
    """
    return [dict(name=same[0][0].name, size=same[0][0].size,
                 last=statistics.median(min(call.seconds for call in calls) for calls in same),
                 first=statistics.median(max(call.seconds for call in calls) for calls in same))
            for same in zip(*(list(zip(*step, strict=True)) for step in steps), strict=True)]


def blocks(stages: list[Measured], hardware: Hardware, loads: list[Load]) -> dict[str, str]:
    """What the page says between its marks."""
    figures = stages[0].figures
    said = (f'On {figures["machine"]}. Model `{figures["setup"]["model"]}`, {figures["facts"]["one"][0]["dtype"]}, '
            f'{len(figures["seconds"]["one"])} steps of each way after one to warm up.')
    speeds = ', '.join(f'{stage.name}: {stage.machine.nvlink / 1e9:.2f} GB/s and {1e6 * stage.machine.start:.0f} us'
                       for stage in stages)
    shares = ', '.join(f'{stage.name}: {stage.machine.utilisation:.0%}' for stage in stages)
    return dict(zip(BLOCKS, (
        f'{said}\n\n{measured_table(stages)}\n\n{where_table(stages)}',
        f'{check_table(stages)}\n\nTaken for it: an all-reduce with nothing beside it ({speeds}), and the share of the '
        f'matrix-product peak that forward and backward of one process reach ({shares}).',
        work_table(stages),
        constants_table(hardware),
        '\n\n'.join(f'Predicted, {stage.name}, ms of a step and its parts:\n\n'
                    f'{predicted_table(stage.work, hardware, loads)}' for stage in stages),
        '\n\n'.join(f'Predicted efficiency, {stage.name}:\n\n{sensitivity_table(stage.work, hardware, loads)}'
                    for stage in stages)), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', choices=CONFIGS, default='published')
    parser.add_argument('--stages', type=int, nargs='+', default=[1, 3], choices=[1, 2, 3])
    parser.add_argument('--batch-size', type=int, default=8, help='studies of one process; two share them, or have as '
                        'many each')
    parser.add_argument('--rounds', type=int, default=8, help='timed steps of each way')
    parser.add_argument('--dtype', default='auto', choices=['auto', 'float32', 'bfloat16'])
    parser.add_argument('--figures', type=Path, default=Path('work_dirs/scaling.json'), help='what was measured')
    parser.add_argument('--reuse', action='store_true', help='take --figures instead of measuring')
    parser.add_argument('--weak', type=int, default=64, help='studies a GPU that are predicted')
    parser.add_argument('--strong', type=int, nargs='+', default=[588, 4096],
                        help='studies in all that are predicted; 588 are the paper\'s')
    parser.add_argument('--docs', type=Path, help='page whose blocks are replaced; else they are printed')
    parser.add_argument('--picture', type=Path, default=ROOT / 'docs' / 'images' / 'scaling.png')
    constants = parser.add_argument_group('hardware')
    for entry in fields(Hardware):
        if entry.metadata:
            constants.add_argument(f'--{entry.name.replace("_", "-")}', type=type(entry.default), default=entry.default,
                                   help=f'{entry.metadata["source"]} ({entry.metadata["unit"]})')
    args = parser.parse_args()
    if args.batch_size < 4 or args.batch_size % 2:
        parser.error(f'--batch-size must be even and at least 4, so that two can share it, got {args.batch_size}')
    if args.reuse and not args.figures.is_file():
        parser.error(f'--reuse: there is no {args.figures}; measure first, without --reuse')
    if args.docs:
        fill(args.docs.read_text(), dict.fromkeys(BLOCKS, ''))  # rather now than after the measurement
    hardware = Hardware(**{entry.name: getattr(args, entry.name) for entry in fields(Hardware) if entry.metadata})
    if not args.reuse:
        figures = []
        columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task('steps', total=len(args.stages) * (args.rounds + 1) * len(TURNS))
            for stage in args.stages:
                bar.update(task, description=f'steps of stage {stage}')
                setup = Setup(args.model, stage, args.batch_size, args.dtype)
                figures.append(measure(setup, args.rounds, lambda: bar.advance(task)))
        args.figures.parent.mkdir(parents=True, exist_ok=True)
        args.figures.write_text(json.dumps(figures, indent=1) + '\n')
    stages = [Measured(figures) for figures in json.loads(args.figures.read_text())]
    loads = [Load(args.weak, strong=False), *(Load(studies, strong=True) for studies in args.strong)]
    texts = blocks(stages, hardware, loads)
    draw(stages, hardware, loads, args.picture)
    if args.docs:
        args.docs.write_text(fill(args.docs.read_text(), texts))
    else:
        print('\n\n'.join(texts.values()))


if __name__ == '__main__':
    with errors_as_messages('scaling'):
        main()
