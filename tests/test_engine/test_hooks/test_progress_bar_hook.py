"""The progress bar: on a terminal only, beside the log, and gone when the training ends."""
import atexit
import io
import logging
import sys
from types import SimpleNamespace

import pytest

from prior_mm.engine import ProgressBarHook


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def fake_runner(handlers: list[logging.Handler], rank: int = 0):
    logger = logging.Logger('progress', logging.INFO)
    for handler in handlers:
        logger.addHandler(handler)
    return SimpleNamespace(rank=rank, logger=logger, max_iters=4, iter=1, epoch=1, max_epochs=2,
                           train_loop=SimpleNamespace(stage=SimpleNamespace(name='alignment')))


def train(hook: ProgressBarHook, runner, steps: int = 3) -> None:
    hook.before_train(runner)
    for step in range(steps):
        hook.after_train_iter(runner, step, outputs=dict(loss=1.5))
        runner.logger.info(f'line {step}')
    hook.after_train(runner)


def look_at(screen: io.StringIO, monkeypatch) -> io.StringIO:
    """Make it what is printed to; within the test, as pytest sets what a fixture changes back."""
    monkeypatch.setattr(sys, 'stdout', screen)
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setenv('COLUMNS', '120')
    return screen


def test_on_a_terminal(monkeypatch, tmp_path):
    """Stage, epoch, loss and steps are shown, from the step a run goes on at; the log's lines stay whole."""
    terminal = look_at(Terminal(), monkeypatch)
    to_screen, to_file = logging.StreamHandler(terminal), logging.FileHandler(tmp_path / 'log')
    hook = ProgressBarHook()
    train(hook, fake_runner([to_screen, to_file]))
    shown = terminal.getvalue()
    assert 'alignment, epoch 2/2, loss 1.500' in shown and '4/4' in shown
    assert all(f'line {step}' in shown for step in range(3))
    assert (tmp_path / 'log').read_text().splitlines() == ['line 0', 'line 1', 'line 2']
    assert to_screen.stream is terminal, 'the log must not go through a bar that is closed'
    assert sys.stdout is terminal
    assert '\x1b[?25l' in shown and shown.rindex('\x1b[?25h') > shown.rindex('\x1b[?25l'), 'the cursor stays hidden'


def test_run_that_fails(monkeypatch):
    """A run that never comes to its end gives the terminal back as the process ends, with its cursor."""
    terminal, at_exit = look_at(Terminal(), monkeypatch), []
    monkeypatch.setattr(atexit, 'register', at_exit.append)
    ProgressBarHook().before_train(fake_runner([]))
    for function in at_exit:
        function()
    shown = terminal.getvalue()
    assert sys.stdout is terminal and shown.rindex('\x1b[?25h') > shown.rindex('\x1b[?25l')


@pytest.mark.parametrize(('screen', 'rank'), [(io.StringIO(), 0), (Terminal(), 1)], ids=['file', 'second process'])
def test_nothing_where_nobody_looks(monkeypatch, screen, rank):
    """Into a file, and from all processes but the first, nothing is written and the log is left alone."""
    look_at(screen, monkeypatch)
    log = logging.StreamHandler(io.StringIO())
    stream = log.stream
    hook = ProgressBarHook()
    train(hook, fake_runner([log], rank))
    assert screen.getvalue() == '' and stream.getvalue() == 'line 0\nline 1\nline 2\n'
    assert log.stream is stream


def test_skipped_steps_and_training_by_iterations(monkeypatch):
    """A step that was skipped has no loss, and a supervised task has no stages: the bar moves on all the same."""
    terminal = look_at(Terminal(), monkeypatch)
    runner = fake_runner([])
    runner.train_loop = SimpleNamespace()
    hook = ProgressBarHook()
    hook.before_train(runner)
    for outputs in ({}, None, dict(loss=2.5)):
        hook.after_train_iter(runner, 0, outputs=outputs)
    hook.after_train(runner)
    assert 'training, loss 2.500' in terminal.getvalue() and '4/4' in terminal.getvalue()
