"""Trainings and tests as processes of their own, so that many of them are one command that can be stopped."""
import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import torch

from .command_line import add_run_options
from .done_before import Stand, stand_of


@dataclass(frozen=True)
class Run:
    """One training and its test, or a test alone.

    Attributes:
        config: The config file.
        options: Options of both tools, such as ``('--labels', '10', '--seed', '1')``.
        out: The result file.
        train: Whether there is anything to train.
        test_config: The config file of the test, where it is another.
        test_options: Arguments of the test alone, such as ``('none', )`` for random weights.
    """

    config: str
    options: tuple[str, ...]
    out: Path
    train: bool = True
    test_config: str | None = None
    test_options: tuple[str, ...] = ()

    def arguments(self, training: bool) -> list[str]:
        """Config and options as train.py or test.py takes them."""
        if training:
            return [self.config, *self.options]
        return [self.test_config or self.config, *self.test_options, *self.options]


def add_anew_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--anew``."""
    parser.add_argument('--anew', action='store_true', help='train and test again, in its place, what was done with '
                                                            'other settings, code or files')


def visible_devices() -> list[str]:
    """The GPUs that this process sees, each as ``CUDA_VISIBLE_DEVICES`` of a child names it."""
    said = os.environ.get('CUDA_VISIBLE_DEVICES')
    count = torch.cuda.device_count()
    return [name.strip() for name in said.split(',')][:count] if said else [str(number) for number in range(count)]


def run_all(runs: Sequence[Run], tools: Path, jobs: int = 1, done: Callable[[Run], None] = lambda run: None,
            anew: bool = False, devices: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Run what has no result of the same settings, code and files yet.

    A training that was stopped goes on. Where only the test would differ from the one that was done, it is done again.

    Args:
        runs: The runs.
        tools: Folder of ``train.py`` and ``test.py``.
        jobs: Runs at a time; each gets its share of the processor's cores.
        done: Called after each run, in this thread.
        anew: Whether a training that was done otherwise is replaced.
        devices: GPUs, as :func:`visible_devices` gives them; each run at a time gets the next that is free. None are
            told apart by default.

    Returns:
        The results, in the order of the runs.

    Raises:
        ValueError: If a training was done otherwise, or its result does not say how, and ``anew`` is not set; nothing
            is run then. The message names the differences and what to do.
        ChildProcessError: If a run fails; the message names its log. The others that were begun are finished first.
    """
    stands = [_stand(run) for run in runs]
    if not anew and (refused := [stand.otherwise for stand in stands if stand.otherwise]):
        raise ValueError(refused[0] + (f' ({len(refused)} of {len(runs)} runs)' if len(runs) > 1 else '')
                         + '. --anew runs it again in its place; another --work-dir keeps both')
    free: SimpleQueue[str] = SimpleQueue()
    for number in range(jobs if devices else 0):
        free.put(devices[number % len(devices)])
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(_run, run, stand, tools, jobs, free if devices else None): run
                   for run, stand in zip(runs, stands, strict=True)}
        try:
            for future in as_completed(futures):
                future.result()
                done(futures[future])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [json.loads(run.out.read_text(encoding='utf-8')) for run in runs]


def _stand(run: Run) -> Stand:
    parser = argparse.ArgumentParser()
    add_run_options(parser)
    trained, tested = (parser.parse_known_args(run.arguments(training))[0] for training in (True, False))
    return stand_of(run.out, trained if run.train else None, tested, 'none' not in run.test_options)


def _run(run: Run, stand: Stand, tools: Path, jobs: int, free: 'SimpleQueue[str] | None' = None) -> None:
    if stand.tested:
        return
    run.out.parent.mkdir(parents=True, exist_ok=True)
    log = run.out.with_suffix('.log')
    steps: Iterable[list[str]] = [['test.py', *run.arguments(training=False), '--out', str(run.out)]]
    if run.train and not stand.trained:  # `--resume` goes on where an earlier call was stopped
        steps = [['train.py', *run.arguments(training=True), *([] if stand.otherwise else ['--resume'])], *steps]
    environment = {'OMP_NUM_THREADS': str(max(1, (os.cpu_count() or 1) // jobs)), **os.environ}
    device = free.get() if free else None
    if device is not None:
        environment['CUDA_VISIBLE_DEVICES'] = device
    try:
        _call(steps, tools, log, environment)
    finally:
        if free and device is not None:
            free.put(device)


def _call(steps: Iterable[list[str]], tools: Path, log: Path, environment: dict[str, str]) -> None:
    with log.open('w', encoding='utf-8') as file:
        for tool, *arguments in steps:
            command = [sys.executable, str(tools / tool), *arguments]
            status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, env=environment).returncode
            if status:
                raise ChildProcessError(f'{" ".join(command)} ended with status {status}; the end of {log} says why:\n'
                                        + ''.join(log.read_text(encoding='utf-8').splitlines(True)[-5:]))
