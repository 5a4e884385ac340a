"""Temperature of the sentence prototype bank in the course of the training."""
from typing import Literal

from mmengine.hooks import Hook

from prior_mm.registry import HOOKS

from ..unwrapped import unwrapped


@HOOKS.register_module()
class PrototypeTemperatureHook(Hook):
    """Lets the temperature of the prototype bank fall while the bank is trained (stages 2 and 3; paper section 3.4).

    Args:
        schedule: ``'fixed'``; or ``'linear'`` or ``'exp'``, down to a tenth at the last step.
        start: The temperature at the beginning.

    Raises:
        ValueError: For another schedule.
    """

    def __init__(self, schedule: Literal['fixed', 'linear', 'exp'] = 'fixed', start: float = 0.9) -> None:
        if schedule not in ('fixed', 'linear', 'exp'):
            raise ValueError(f"schedule must be 'fixed', 'linear' or 'exp', got {schedule!r}")
        self.schedule = schedule
        self.start = start

    def temperature(self, done: float) -> float:
        """The temperature when a share ``done`` in [0, 1] of the bank's steps is done."""
        return self.start * {'fixed': 1., 'linear': 1 - 0.9 * done, 'exp': 0.1**done}[self.schedule]

    def before_train_iter(self, runner, batch_idx: int, data_batch: dict | None = None) -> None:
        """Set it for this step."""
        model = unwrapped(runner.model)
        if getattr(model, 'prototype_bank', None) is None:
            return
        loop, first = runner.train_loop, 0
        for stage in loop.stages.stages:
            if 'prototype' in stage.losses:
                break
            first += stage.epochs
        first, last = first * loop.steps_per_epoch, getattr(loop, 'kept_schedule', {}).get('iters', loop.max_iters) - 1
        model.prototype_bank.temperature = self.temperature(min(max(runner.iter - first, 0) / max(last - first, 1), 1))
