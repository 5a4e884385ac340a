"""How many of the prototypes are in use, in the logs."""
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook

from prior_mm.models.prototypes import PrototypeUsage
from prior_mm.registry import HOOKS

from ..unwrapped import unwrapped


@HOOKS.register_module()
class PrototypeUsageHook(Hook):
    """Logs, after each epoch, the perplexity of the prototypes and how many are dead, for any method that has some.

    Which prototype is nearest is counted over all sentences (PRIOR) or images and reports (MGCA) of the epoch. With
    ``perplexity`` near the number of prototypes they are all in equal use; ``dead`` were nearest to nothing.

    A run that is resumed within an epoch goes on counting. With several processes, of which a checkpoint holds the
    first one's counts alone, it counts from there on, and the log says so.
    """

    def __init__(self) -> None:
        self._usage: PrototypeUsage | None = None
        self._first = 0  # step of the run from which on it is counted
        self._before: dict[str, Any] = {}

    def before_train_epoch(self, runner) -> None:
        """Begin to count, or go on."""
        bank, before, self._before = _bank(runner), self._before, {}
        if bank is None:
            return
        bank.usage = self._usage = PrototypeUsage()
        self._first = runner.iter
        begin = runner.epoch * len(runner.train_dataloader)
        if get_world_size() == 1 and begin <= before.get('first', -1) < runner.iter and before['counts'] is not None:
            self._first, self._usage.counts = before['first'], torch.tensor(
                before['counts'], dtype=torch.float64, device=next(bank.parameters()).device)

    def after_train_epoch(self, runner) -> None:
        """Log, unless the stage had no use for prototypes."""
        bank = _bank(runner)
        if bank is None or bank.usage is None:
            return
        figures, bank.usage, self._usage = bank.usage.figures(), None, None
        if figures:
            steps = len(runner.train_dataloader)
            counted = runner.iter - self._first
            of = f' (of the last {counted} of {steps} steps)' if counted < steps else ''
            runner.message_hub.update_scalars({f'prototypes/{name}': value for name, value in figures.items()})
            runner.logger.info(f'prototypes: perplexity {figures["perplexity"]:.1f}, {figures["dead"]} dead of '
                               f'{figures["all"]}{of}')

    def state_dict(self) -> dict[str, Any]:
        """Counts of this process within an epoch, and the step since which they are counted."""
        counts = None if self._usage is None or self._usage.counts is None else self._usage.counts.tolist()
        return dict(first=self._first, counts=counts)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with them."""
        self._before = state


def _bank(runner) -> Any:
    model = unwrapped(runner.model)
    bank = getattr(model, 'prototype_bank', None)
    return getattr(model, 'prototypes', None) if bank is None else bank
