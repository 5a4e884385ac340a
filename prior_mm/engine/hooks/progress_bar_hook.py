"""A progress bar over the whole training, where somebody is looking."""
import atexit
import logging
import sys

from mmengine.hooks import Hook
from rich.console import Console
from rich.file_proxy import FileProxy
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from prior_mm.registry import HOOKS


@HOOKS.register_module()
class ProgressBarHook(Hook):
    """Shows stage and epoch (if there are any), step, loss and the time that is left; into a file nothing is written.

    The log's own lines, which also say what time is left, stand above it.
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None

    def before_train(self, runner) -> None:
        """Open the bar, on the first process of a run in a terminal."""
        if runner.rank != 0 or not sys.stdout.isatty():
            return
        console = Console()
        self._bar = Progress(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
                             TimeElapsedColumn(), TimeRemainingColumn(), console=console)
        self._task = self._bar.add_task('training', total=runner.max_iters, completed=runner.iter)
        for handler in runner.logger.handlers:  # the log's lines go above the bar, not through it
            if type(handler) is logging.StreamHandler:
                handler.setStream(FileProxy(console, handler.stream))
        self._bar.start()
        atexit.register(self._bar.stop)  # a run that fails or is stopped leaves no terminal without a cursor

    def after_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None,
                         outputs: dict | None = None) -> None:
        """Move on."""
        if self._bar is None:
            return
        stage = getattr(runner.train_loop, 'stage', None)
        words = ['training'] if stage is None else [stage.name, f'epoch {runner.epoch + 1}/{runner.max_epochs}']
        if outputs and 'loss' in outputs:  # a step that was skipped has none
            words.append(f'loss {float(outputs["loss"]):.3f}')
        self._bar.update(self._task, advance=1, description=', '.join(words))

    def after_train(self, runner) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.stop()
            atexit.unregister(self._bar.stop)
            for handler in runner.logger.handlers:
                if isinstance(getattr(handler, 'stream', None), FileProxy):
                    handler.setStream(handler.stream.rich_proxied_file)
            self._bar = None
