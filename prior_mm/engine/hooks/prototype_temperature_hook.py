"""Temperature of the sentence prototype bank in the course of the training."""
from typing import Any, Literal

from mmengine.hooks import Hook

from prior_mm.registry import HOOKS

from ..unwrapped import unwrapped


@HOOKS.register_module()
class PrototypeTemperatureHook(Hook):
    """Lets the temperature of the prototype bank fall while the bank is trained (stages 2 and 3; paper section 3.4).

    Args:
        schedule: ``'fixed'``; or ``'linear'`` or ``'exp'``, down to a tenth at the last step.
        start: The temperature at the beginning; None is what the bank was built with.

    Raises:
        ValueError: For another schedule.
    """

    def __init__(self, schedule: Literal['fixed', 'linear', 'exp'] = 'fixed', start: float | None = None) -> None:
        if schedule not in ('fixed', 'linear', 'exp'):
            raise ValueError(f"schedule must be 'fixed', 'linear' or 'exp', got {schedule!r}")
        self.schedule = schedule
        self.start = start

    def factor(self, done: float) -> float:
        """What the first temperature is multiplied by when a share ``done`` in [0, 1] of the bank's steps is done."""
        return {'fixed': 1., 'linear': 1 - 0.9 * done, 'exp': 0.1**done}[self.schedule]

    def before_train(self, runner) -> None:
        """Set that of the last step that is done, for a run that is resumed and validates first.

        Raises:
            ValueError: If the bank was built with another temperature than ``start``.
        """
        bank = _bank(runner)
        if bank is not None and self.start not in (None, bank.temperature):
            raise ValueError(f'model.prototype_bank.temperature={bank.temperature} and PrototypeTemperatureHook.start='
                             f'{self.start} (in custom_hooks) differ: set both, or leave start out')
        self._set(runner, max(runner.iter - 1, 0))

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Set it for this step."""
        self._set(runner, runner.iter)

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Note it, for what is predicted depends on it."""
        bank = _bank(runner)
        if bank is not None:
            checkpoint['meta']['prototype_temperature'] = bank.temperature

    def _set(self, runner, step: int) -> None:
        bank = _bank(runner)
        if bank is None:
            return
        if self.start is None:
            self.start = bank.temperature
        loop, first = runner.train_loop, 0
        for stage in loop.stages.stages:
            if 'prototype' in stage.losses:
                break
            first += stage.epochs
        first, last = first * loop.steps_per_epoch, getattr(loop, 'kept_schedule', {}).get('iters', loop.max_iters) - 1
        bank.temperature = self.start * self.factor(min(max(step - first, 0) / max(last - first, 1), 1))


def _bank(runner) -> Any:
    """The model's prototype bank; None if it has none."""
    return getattr(unwrapped(runner.model), 'prototype_bank', None)
