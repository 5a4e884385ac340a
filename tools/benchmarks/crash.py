"""Kill a training at moments drawn at random, resume it each time, and compare it with one that was left alone.

    python tools/benchmarks/crash.py CONFIG [--moments 20] [--seed 0] [--out DIR] [--cfg-options key=value ...]

The studies of all steps must be the same in the same order, and the weights and the optimizer's state at the end equal
to the bit. A run is killed by SIGKILL, from within at a drawn step and in a drawn phase, or from outside.
"""
import argparse
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.hooks import Hook
from mmengine.registry import HOOKS  # not the package's: these are no components of it

from prior_mm.checkpoints.checkpoint import latest_checkpoint, load_checkpoint
from prior_mm.engine.launch import errors_as_messages, load_config

TRAIN = Path(__file__).resolve().parents[1] / 'train.py'
STUDIES = 'studies.txt'
#: Where a run can be killed; ``worker`` is its data loader's, ``outside`` takes it wherever it is.
PHASES = ('before the step', 'parameters just changed', 'validation', 'half a checkpoint written',
          'checkpoint not renamed', 'checkpoint not noted', 'worker', 'outside')


class Moment(NamedTuple):
    """The first time that a run is in a phase once it has come to a step, counted from 1."""

    step: int
    phase: str


@HOOKS.register_module()
class StudyLog(Hook):
    """Writes the studies of each step, as it is taken, to ``<work_dir>/studies.txt``."""

    priority = 'VERY_HIGH'

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        studies = ' '.join(sample.get('study_id') for sample in data_batch['data_samples'])
        name = STUDIES if runner.rank == 0 else f'{runner.rank}_{STUDIES}'
        with Path(runner.work_dir, name).open('a', encoding='utf-8') as file:
            file.write(f'{runner.iter + 1} {studies}\n')


@HOOKS.register_module()
class KillAt(Hook):
    """Kills the process, or its data loader's worker, at a moment.

    Args:
        step: See :class:`Moment`.
        phase: See :class:`Moment`.
        rank: Of the process that it is about.
        signal: What it gets.
        once: A file that says that it has happened; then it does not happen again.
    """

    priority = 'VERY_LOW'

    def __init__(self, step: int, phase: str, rank: int = 0, signal: int = signal.SIGKILL,
                 once: str | None = None) -> None:
        self.step, self.phase, self.rank, self.signal, self.once = step, phase, rank, signal, once

    def _kill(self, phase: str) -> None:
        if phase != self.phase or self.runner.rank != self.rank or self.runner.iter + 1 < self.step:
            return
        if self.once:
            if Path(self.once).exists():
                return
            Path(self.once).touch()
        os.kill(os.getpid(), self.signal)

    def before_train(self, runner) -> None:
        self.runner = runner
        save, replace, update = torch.save, os.replace, runner.optim_wrapper.optimizer.step

        def half_saved(checkpoint, file, **options):
            start = file.tell()
            save(checkpoint, file, **options)
            end = file.tell()
            file.truncate((start + end) // 2)
            self._kill('half a checkpoint written')
            file.truncate(start)
            file.seek(start)
            save(checkpoint, file, **options)

        def not_replaced(source, target):
            self._kill('checkpoint not renamed' if str(target).endswith('.pth') else 'checkpoint not noted')
            replace(source, target)

        def updated(*args, **options):
            result = update(*args, **options)
            self._kill('parameters just changed')
            return result

        if self.phase == 'half a checkpoint written':
            torch.save = half_saved  # type: ignore[assignment]
        elif self.phase.startswith('checkpoint'):
            os.replace = not_replaced  # type: ignore[assignment]
        elif self.phase == 'parameters just changed':
            runner.optim_wrapper.optimizer.step = updated

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self._kill('before the step')
        if self.phase == 'worker' and runner.iter + 1 >= self.step:
            for worker in multiprocessing.active_children():
                os.kill(worker.pid or 0, signal.SIGKILL)
                worker.join(10)

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self._kill('validation')


def write_config(config: Config, path: Path, moment: dict | None = None) -> Path:
    """Write a config with this module's hooks, which a process finds on its PYTHONPATH.

    Args:
        config: What is trained.
        path: Where it is written.
        moment: Arguments of :class:`KillAt`; None for a run that is left alone.
    """
    config = Config(config.to_dict())
    imports = (config.get('custom_imports') or {}).get('imports', [])
    config.custom_imports = dict(imports=[*([imports] if isinstance(imports, str) else imports), 'crash'],
                                 allow_failed_imports=False)
    hooks: list[dict[str, Any]] = [dict(type='StudyLog')] + ([dict(type='KillAt', **moment)] if moment else [])
    config.custom_hooks = [*config.get('custom_hooks', []), *hooks]
    path.parent.mkdir(parents=True, exist_ok=True)
    config.dump(str(path))
    return path


def start(config: Path, work_dir: Path, *options: str) -> subprocess.Popen:
    """Start ``tools/train.py --resume``; its output is added to ``<work_dir>.log``."""
    here = str(Path(__file__).parent)
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, [here, os.environ.get('PYTHONPATH')]))}
    work_dir.parent.mkdir(parents=True, exist_ok=True)
    with Path(f'{work_dir}.log').open('ab') as log:
        return subprocess.Popen(
            [sys.executable, str(TRAIN), str(config), '--work-dir', str(work_dir), '--resume', *options], stdout=log,
            stderr=subprocess.STDOUT, env=environment, start_new_session=True)


def draw_moments(count: int, steps: int, seed: int) -> list[Moment]:
    """Moments over all the steps of a run, in their order; each phase as often as the others."""
    generator = np.random.default_rng(seed)
    phases = generator.permutation([PHASES[number % len(PHASES)] for number in range(count)])
    return [Moment(int(step), str(phase)) for step, phase in
            zip(np.sort(generator.integers(1, steps + 1, count)), phases, strict=True)]


def train_through(config: Config, folder: Path, moments: list[Moment],
                  starter: Callable = start, tell: Callable[[str], Any] = print) -> int:
    """Train into ``<folder>/run``, killed at each of the moments and resumed until it is finished.

    Returns:
        How often it was killed: a run may have come to its end before the last moments.
    """
    run, killed = folder / 'run', 0
    for number, moment in enumerate(moments):
        within = None if moment.phase == 'outside' else moment._asdict()
        process = starter(write_config(config, folder / f'moment_{number}.py', within), run)
        if moment.phase == 'outside':
            _kill_from_outside(process, run / STUDIES, moment.step)
        status = process.wait()
        # A lost worker ends the run with a message; all else is a kill.
        expected = (1, ) if moment.phase == 'worker' else (-signal.SIGKILL, )
        if status not in (0, *expected):
            raise RuntimeError(f'{moment}: the process ended with {status}, see {run}.log')
        killed += status != 0
        tell(f'{number + 1:3} step {moment.step:5} {moment.phase:27} '
             f'{"killed" if status else "had ended before"}, {len(read_studies(run / STUDIES))} steps are done')
    if starter(write_config(config, folder / 'last.py'), run).wait() != 0:
        raise RuntimeError(f'the run could not be finished, see {run}.log')
    return killed


def _kill_from_outside(process, studies: Path, step: int) -> None:
    wait = np.random.default_rng(step).uniform(0, 0.5)
    while process.poll() is None:
        if len(read_studies(studies)) >= step:
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
            return
        time.sleep(0.02)


def read_studies(path: Path) -> dict[int, str]:
    """Studies by step.

    Raises:
        ValueError: If a step that was taken again after a crash had other studies.
    """
    found: dict[int, str] = {}
    for line in path.read_text(encoding='utf-8').splitlines() if path.is_file() else []:
        step, _, studies = line.partition(' ')
        if found.setdefault(int(step), studies) != studies:
            raise ValueError(f'{path}: step {step} had the studies {found[int(step)]}, then {studies}')
    return dict(sorted(found.items()))


def differences(one: Any, other: Any, place: str = '') -> list[str]:
    """The places at which two pieces of plain data differ, tensors by their bits."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return [] if one.dtype == other.dtype and torch.equal(one, other) else [place]
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in differences(one[key], other[key], f'{place}/{key}')]
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)) and len(one) == len(other):
        return [found for number, pair in enumerate(zip(one, other, strict=True))
                for found in differences(*pair, f'{place}/{number}')]
    return [] if type(one) is type(other) and one == other else [place]


def compare(whole: Path, run: Path) -> list[str]:
    """What differs between two finished runs: studies, step, weights, optimizer, schedules."""
    found = [] if read_studies(whole / STUDIES) == read_studies(run / STUDIES) else ['the order of the studies']
    ends = []
    for folder in (whole, run):
        path = latest_checkpoint(folder)
        if path is None:
            return [*found, f'{folder} has no checkpoint']
        checkpoint = load_checkpoint(path)
        ends.append({key: checkpoint.get(key) for key in ('state_dict', 'optimizer', 'param_schedulers')}
                    | {key: checkpoint['meta'][key] for key in ('iter', 'epoch')})
    return found + differences(ends[0], ends[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file; its stages should be short')
    parser.add_argument('--moments', type=int, default=20, help='how often the run is killed')
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    parser.add_argument('--interval', type=int, default=2, help='steps between two checkpoints')
    parser.add_argument('--out', default='work_dirs/crash', help='folder of both runs, which must be new')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='changes to the config, key=value')
    args = parser.parse_args()
    out = Path(args.out)
    if out.exists():
        raise ValueError(f'{out} is there already: remove it, or name another folder with --out')
    config = load_config(args.config, args.cfg_options)
    config.merge_from_dict({'default_hooks.checkpoint': dict(by_epoch=False, interval=args.interval, max_keep_ckpts=2),
                            'train_dataloader.num_workers': 1})
    began = time.time()
    if start(write_config(config, out / 'whole.py'), out / 'whole').wait() != 0:
        raise RuntimeError(f'the run could not be trained, see {out}/whole.log')
    steps = len(read_studies(out / 'whole' / STUDIES))
    print(f'left alone: {steps} steps in {time.time() - began:.0f} s')
    killed = train_through(config, out, draw_moments(args.moments, steps, args.seed))
    found = compare(out / 'whole', out / 'run')
    print(f'{steps} steps, killed {killed} times, {time.time() - began:.0f} s: '
          + (f'DIFFERENT in {len(found)} places: {found[:5]}' if found else
             'the same studies in the same order, weights and optimizer equal to the bit'))
    sys.exit(bool(found) or killed < args.moments)


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/crash.py'):
        main()
