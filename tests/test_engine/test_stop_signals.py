"""What a first and a second signal do, to a process and to the workers of its data loader."""
import os
import signal
import sys
import threading
import time

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from prior_mm.engine.stop_signals import StopSignals, shield_workers


def ends_with(grace: float, numbers: list[int]) -> int:
    """How a process ends that gets these signals: 0, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        StopSignals(grace).install()
        for number in numbers:
            os.kill(os.getpid(), number)
            time.sleep(0.01)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(('grace', 'numbers', 'status'), [
    (0, [signal.SIGTERM], 0), (0, [signal.SIGINT], 0),
    (0, [signal.SIGTERM, signal.SIGTERM], -signal.SIGTERM), (0, [signal.SIGINT, signal.SIGTERM], -signal.SIGTERM),
    (60, [signal.SIGTERM] * 3, 0)])
def test_second_signal(grace, numbers, status):
    """The first is noted, the second ends the process; within the grace all are the same one."""
    assert ends_with(grace, numbers) == status


def test_message_and_restore(capfd):
    """The first one is answered; afterwards signals do what they did before."""
    before = signal.getsignal(signal.SIGTERM)
    signals = StopSignals(60, 'saving')
    signals.install()
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signals.restore()
    assert signals.received == signal.SIGTERM and capfd.readouterr().err == 'SIGTERM: saving\n'
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_a_thread():
    """Where Python lets nobody listen, nothing fails."""
    failed = []
    thread = threading.Thread(target=StopSignals().install)
    previous, threading.excepthook = threading.excepthook, failed.append
    try:
        thread.start()
        thread.join()
    finally:
        threading.excepthook = previous
    assert not failed


class Slow(Dataset):
    """Gives the pid of the worker."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> torch.Tensor:
        time.sleep(0.05)
        return torch.tensor(os.getpid())


@pytest.mark.skipif(sys.platform != 'linux', reason='workers are forked')
def test_workers():
    """A worker that gets SIGTERM and SIGINT, as Slurm and terminals send them, still gives all its batches."""
    loader = shield_workers(DataLoader(Slow(), batch_size=1, num_workers=1, multiprocessing_context='fork'))
    batches = iter(loader)
    worker = int(next(batches))
    assert worker != os.getpid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGINT):
        os.kill(worker, number)
    assert [int(pid) for pid in batches] == [worker] * 3
