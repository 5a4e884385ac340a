"""A stage of pre-training, and its learning rate, as functions of the step alone."""
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Stage:
    """One of the stages of pre-training (paper section 4.1).

    Attributes:
        name: Its name, in logs and in the file of its last checkpoint.
        epochs: How long it is.
        losses: Weight of each loss; which losses are named decides what runs.
        lr: Peak of the learning rate, after the warm-up.
        warmup_epochs: Epochs of linear warm-up; a fraction is allowed.
        warmup_lr: Where the warm-up begins.
    """

    name: str
    epochs: int
    lr: float
    losses: dict[str, float] = field(hash=False)
    warmup_epochs: float = 0
    warmup_lr: float = 0.

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.epochs != int(self.epochs):
            raise ValueError(f'stage {self.name}: epochs must be a whole number, at least 1, got {self.epochs}')
        if not 0 <= self.warmup_epochs <= self.epochs:
            raise ValueError(f'stage {self.name}: warmup_epochs={self.warmup_epochs} does not lie within its '
                             f'{self.epochs} epochs')
        if not self.losses:
            raise ValueError(f'stage {self.name}: it has no losses')

    def learning_rate(self, step: int, steps_per_epoch: int) -> float:
        """Linear warm-up, then a cosine that would reach 0 at the step after the last.

        Args:
            step: Steps of this stage that are done, from 0.
            steps_per_epoch: Steps of an epoch.
        """
        warmup = round(self.warmup_epochs * steps_per_epoch)
        if step < warmup:
            return self.warmup_lr + (self.lr - self.warmup_lr) * step / warmup
        return self.lr * (1 + math.cos(math.pi * (step - warmup) / (self.epochs * steps_per_epoch - warmup))) / 2


@dataclass(frozen=True)
class Stages:
    """The stages of a run, one after the other."""

    stages: tuple[Stage, ...]

    @classmethod
    def from_config(cls, stages: 'list[dict]') -> 'Stages':
        """Stages from the dicts of a config.

        Raises:
            ValueError: If there is none, or one lacks an entry or has an unknown one; the message names both.
        """
        names = {field.name for field in fields(Stage)}
        for number, stage in enumerate(stages, start=1):
            missing, unknown = {'name', 'epochs', 'lr', 'losses'} - stage.keys(), stage.keys() - names
            if missing or unknown:
                raise ValueError(f'stage {number} lacks {sorted(missing)} and has unknown entries {sorted(unknown)}; '
                                 f'a stage has {sorted(names)}')
        if not stages:
            raise ValueError('a run needs at least one stage')
        return cls(tuple(Stage(**{**stage, 'losses': dict(stage['losses'])}) for stage in stages))

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)

    def at(self, epoch: int) -> tuple[int, int]:
        """Number of the stage (from 0) in which an epoch (from 0) lies, and the first epoch of that stage."""
        first = 0
        for number, stage in enumerate(self.stages):
            if epoch < first + stage.epochs:
                return number, first
            first += stage.epochs
        raise ValueError(f'epoch {epoch} lies beyond the {self.epochs} epochs of the stages')


def losses_of(meta: Mapping[str, Any]) -> dict[str, float] | None:
    """The losses of the stage that a checkpoint is of, by what it says of itself (its ``meta``).

    Returns:
        Their weights by name; None if it does not say, as converted weights do not.
    """
    if isinstance(losses := meta.get('losses'), dict):
        return dict(losses)
    config = meta.get('config')
    stages = (config.get('train_cfg') or {}).get('stages') if isinstance(config, dict) else None
    if not stages or not meta.get('epoch'):  # checkpoints of earlier versions tell the epoch alone
        return None
    known = Stages.from_config(stages)
    return dict(known.stages[known.at(min(meta['epoch'], known.epochs) - 1)[0]].losses)


def set_stage_of(model: Any, meta: Mapping[str, Any]) -> None:
    """Set what a stage sets in a model, as it was when a checkpoint was written: it decides what is predicted.

    Args:
        model: Without wrappers. Its losses say whether sentences stand for themselves or for prototypes; of its
            prototype bank the temperature, which may have fallen.
        meta: Of the checkpoint; what it does not say stays.
    """
    losses, temperature = losses_of(meta), meta.get('prototype_temperature')
    if losses is not None and hasattr(model, 'set_losses'):
        model.set_losses(losses)
    if temperature is not None and getattr(model, 'prototype_bank', None) is not None:
        model.prototype_bank.temperature = temperature
