"""Trainings and tests as processes of their own, so that many of them are one command that can be stopped."""
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """One training and its test, or a test alone.

    Attributes:
        config: The config file.
        options: Options of both tools, such as ``('--labels', '10', '--seed', '1')``.
        out: The result file; a run whose file is there is not run again.
        train: Whether there is anything to train.
    """

    config: str
    options: tuple[str, ...]
    out: Path
    train: bool = True


def run_all(runs: Sequence[Run], tools: Path, jobs: int = 1,
            done: Callable[[Run], None] = lambda run: None) -> list[dict[str, Any]]:
    """Run what has no result yet.

    Args:
        runs: The runs.
        tools: Folder of ``train.py`` and ``test.py``.
        jobs: Runs at a time; each gets its share of the processor's cores.
        done: Called after each run, in this thread.

    Returns:
        The results, in the order of the runs.

    Raises:
        ChildProcessError: If a run fails; the message names its log. The others that were begun are finished first.
    """
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(_run, run, tools, jobs): run for run in runs}
        try:
            for future in as_completed(futures):
                future.result()
                done(futures[future])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [json.loads(run.out.read_text(encoding='utf-8')) for run in runs]


def _run(run: Run, tools: Path, jobs: int) -> None:
    if run.out.is_file():
        return
    run.out.parent.mkdir(parents=True, exist_ok=True)
    log = run.out.with_suffix('.log')
    steps: Iterable[list[str]] = [['test.py', run.config, *run.options, '--out', str(run.out)]]
    if run.train:  # `--resume` goes on where an earlier call was stopped
        steps = [['train.py', run.config, *run.options, '--resume'], *steps]
    threads = str(max(1, (os.cpu_count() or 1) // jobs))
    with log.open('w', encoding='utf-8') as file:
        for tool, *arguments in steps:
            command = [sys.executable, str(tools / tool), *arguments]
            status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT,
                                    env={'OMP_NUM_THREADS': threads, **os.environ}).returncode
            if status:
                raise ChildProcessError(f'{" ".join(command)} ended with status {status}; the end of {log} says why:\n'
                                        + ''.join(log.read_text(encoding='utf-8').splitlines(True)[-5:]))
