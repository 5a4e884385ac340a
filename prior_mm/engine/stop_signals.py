"""SIGTERM and SIGINT as a request that is noted, not as the end of everything."""
import atexit
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from torch.utils.data import DataLoader

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class StopSignals:
    """Notes the first SIGTERM or SIGINT; a second one ends the process at once.

    Args:
        grace: So many seconds after the first, further ones count as the same request: Slurm, a terminal and torchrun
            each send theirs to every process.
        message: Written to the error stream at the first one; '' for none.
    """

    def __init__(self, grace: float = 0., message: str = '') -> None:
        self.grace = grace
        self.message = message
        self.received = 0
        self._since = 0.
        self._before: dict[int, Any] = {}

    def install(self) -> None:
        """Listen, if this is the main thread; elsewhere Python allows nobody to."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}

    def restore(self) -> None:
        """Listen no more."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def ignore(self) -> None:
        """Let nothing disturb the way out, once everything is saved."""
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        self._before = {}

    def _note(self, number: int, frame: Any) -> None:
        if not self.received:
            self.received, self._since = number, time.monotonic()
            if self.message:  # the logger may be in the middle of a line
                os.write(2, f'{signal.Signals(number).name}: {self.message}\n'.encode())
        elif time.monotonic() - self._since >= self.grace:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def shield_workers(loader: DataLoader) -> DataLoader:
    """Let a data loader's workers outlive the first SIGTERM and all SIGINT, which Slurm and terminals send them, too.

    The main process needs them until the end of its step. The second SIGTERM ends them: it is the main process's. At
    the main process's exit, after an error say, they are killed: Python sends one SIGTERM there, and waits for ever.
    """
    if loader.num_workers:
        atexit.unregister(_kill_workers)
        atexit.register(_kill_workers)  # runs before what multiprocessing registered when it was imported
        loader.worker_init_fn = partial(_init_worker, loader.worker_init_fn)
    return loader


def _kill_workers() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # PyTorch's handler would raise that a worker was killed
    for worker in multiprocessing.active_children():
        worker.kill()


def _init_worker(init: Callable[[int], None] | None, worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: signal.signal(number, signal.SIG_DFL))
    if init is not None:
        init(worker)
