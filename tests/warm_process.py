"""Processes that run a tool as `python tools/...` would, but start at once: forked where everything is imported."""
import multiprocessing
import os
import runpy
import socket
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
_CONTEXT = multiprocessing.get_context('forkserver')
_CONTEXT.set_forkserver_preload(['mmengine.runner', 'mmpretrain.models', 'transformers.models.bert.modeling_bert',
                                 'prior_mm.engine', 'prior_mm.models', 'prior_mm.datasets', 'prior_mm.evaluation'])


def _run(tool: str, arguments: list[str], log: str, environment: dict[str, str]) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    torch.set_num_threads(int(environment['OMP_NUM_THREADS']))  # OpenMP was loaded before the variable was set
    sys.path[:0] = environment.get('PYTHONPATH', '').split(os.pathsep)
    sys.argv = [tool, *arguments]
    runpy.run_path(tool, run_name='__main__')


class WarmProcess:
    """A process with the methods of ``subprocess.Popen`` that the tests use.

    Args:
        tool: Such as ``tools/train.py``.
        arguments: Its command line.
        log: File that its output is added to.
        environment: Variables to set.
    """

    def __init__(self, tool: str, arguments: list, log: Path, **environment: str) -> None:
        environment = dict(OMP_NUM_THREADS='1', **environment)
        self._process = _CONTEXT.Process(
            target=_run, args=(str(ROOT / tool), [str(argument) for argument in arguments], str(log), environment))
        self._process.start()
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float = 300) -> int:
        self._process.join(timeout)
        assert self._process.exitcode is not None, f'process {self.pid} has not ended after {timeout} s'
        return self._process.exitcode

    def kill(self) -> None:
        self._process.kill()


def on_processes(target, count: int, *arguments) -> None:
    """Run ``target(rank, count, *arguments)``, a function of a module, in so many processes at once."""
    processes = [_CONTEXT.Process(target=target, args=(rank, count, *arguments)) for rank in range(count)]
    for process in processes:
        process.start()
    for rank, process in enumerate(processes):
        process.join(300)
        code = process.exitcode
        process.kill()
        assert code == 0, f'process {rank} of {count} ended with {code} (None: not after 300 s)'


def free_port() -> str:
    """A port that nobody listens at."""
    with socket.socket() as place:
        place.bind(('127.0.0.1', 0))
        return str(place.getsockname()[1])


def as_launched(count: int) -> list[dict[str, str]]:
    """For each of so many processes the variables that torchrun would set."""
    port = free_port()
    return [dict(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(count), MASTER_ADDR='127.0.0.1', MASTER_PORT=port)
            for rank in range(count)]
