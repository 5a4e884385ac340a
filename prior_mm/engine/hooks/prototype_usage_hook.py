"""How many of the prototypes are in use, in the logs."""
from typing import Any

from mmengine.hooks import Hook

from prior_mm.models.prototypes import PrototypeUsage
from prior_mm.registry import HOOKS

from ..unwrapped import unwrapped


@HOOKS.register_module()
class PrototypeUsageHook(Hook):
    """Logs, after each epoch, the perplexity of the prototypes and how many are dead, for any method that has some.

    Which prototype is nearest is counted over all sentences (PRIOR) or images and reports (MGCA) of the epoch. With
    ``perplexity`` near the number of prototypes they are all in equal use; ``dead`` were nearest to nothing.
    """

    def before_train_epoch(self, runner) -> None:
        """Begin to count."""
        bank = _bank(runner)
        if bank is not None:
            bank.usage = PrototypeUsage()

    def after_train_epoch(self, runner) -> None:
        """Log, unless the stage had no use for prototypes."""
        bank = _bank(runner)
        if bank is None or bank.usage is None:
            return
        figures, bank.usage = bank.usage.figures(), None
        if figures:
            runner.message_hub.update_scalars({f'prototypes/{name}': value for name, value in figures.items()})
            runner.logger.info(f'prototypes: perplexity {figures["perplexity"]:.1f}, {figures["dead"]} dead of '
                               f'{figures["all"]}')


def _bank(runner) -> Any:
    model = unwrapped(runner.model)
    bank = getattr(model, 'prototype_bank', None)
    return getattr(model, 'prototypes', None) if bank is None else bank
