"""The training loop in stages; every step is a function of the seed and its number."""
from collections import defaultdict
from dataclasses import replace

import torch
from mmengine.runner import EpochBasedTrainLoop
from torch.nn.parallel import DistributedDataParallel

from prior_mm.registry import LOOPS

from .guarded_step import GuardedSteps
from .resumed_config import ASK
from .stages import Stage, Stages
from .unwrapped import unwrapped


@LOOPS.register_module()
class StagedTrainLoop(EpochBasedTrainLoop):
    """Trains in stages, each with its own losses, a fresh optimizer state, its own warm-up and cosine.

    What a step does depends on the weights, the optimizer's state, the seed and the number of the step, and on nothing
    else: the learning rate has a closed form, and the random numbers (dropout, noise of the prototype bank) are seeded
    anew for each step. So a run that is resumed, also in the middle of an epoch, gives the same weights to the bit on
    the CPU, whether or not it was validated in between.

    Args:
        runner: The runner.
        dataloader: The data loader or its config; its sampler is a :class:`VisitSampler`.
        stages: The stages, as dicts with the entries of :class:`Stage`.
        val_interval: Validate each so many epochs, and at the end of each stage.

    Raises:
        ValueError: If the stages are not as they should be, an epoch has no batch, or the config has rates elsewhere.
    """

    def __init__(self, runner, dataloader, stages: list[dict], val_interval: int = 1) -> None:
        self.stages = Stages.from_config(stages)
        if runner.cfg.get('param_scheduler') or (runner.cfg.get('auto_scale_lr') or {}).get('enable'):
            raise ValueError('StagedTrainLoop takes the rates from its stages (lr, warmup_epochs) and would pass over '
                             'param_scheduler and auto_scale_lr: leave them out')
        super().__init__(runner, dataloader, self.stages.epochs, val_interval=val_interval)
        if len(self.dataloader) == 0:
            raise ValueError(f'an epoch of {len(self.dataloader.dataset)} studies has no batch of '
                             f'{self.dataloader.batch_size}: set train_dataloader.batch_size lower')
        #: Of a run that was made longer but keeps its rates: the old stages, by number, and its steps.
        self.kept_schedule: dict = {}
        self._entered: int | None = None
        self._judged = False
        self._resting: list[torch.nn.Parameter] = []
        self._steps: GuardedSteps | None = None

    @property
    def stage(self) -> Stage:
        """The stage of the present epoch."""
        return self.stages.stages[self.stages.at(self._epoch)[0]]

    @property
    def progress(self) -> float:
        """Share of all steps that are done, in [0, 1]."""
        return self._iter / self._max_iters

    @property
    def steps_per_epoch(self) -> int:
        """Steps of an epoch."""
        return len(self.dataloader)

    def is_last_epoch_of_stage(self, epoch: int) -> bool:
        """Whether an epoch, counted from 0, is the last of its stage."""
        number, first = self.stages.at(epoch)
        return epoch + 1 == first + self.stages.stages[number].epochs

    def resume_schedule(self, before: dict, meta: dict, how: str | None, changed: bool) -> str | None:
        """See which stage a resumed run is in, and what its rate does if that stage changed.

        Stages that are to come may change. Those that are done are as they were, for nothing in them is trained again.
        The stage of the last step that is done may have more epochs, or fewer, and another rate.

        Args:
            before: ``train_cfg`` of the checkpoint.
            meta: Of the checkpoint.
            how: See :func:`.resumed_config.check_config`.
            changed: Whether there is any difference.

        Raises:
            ValueError: If the position would lie in another stage than before, or nobody said how the rate goes on.
        """
        self.kept_schedule = meta.get('kept_schedule') or {}
        if not changed or 'stages' not in before:
            return None
        old, epoch = Stages.from_config(before['stages']), meta['epoch']
        at_end = epoch > 0 and meta['iter'] == epoch * self.steps_per_epoch
        number, first = old.at(epoch - at_end)
        for past, present in zip(old.stages[:number + 1], (*self.stages.stages, None), strict=False):
            if present is None or present.name != past.name or (
                    past is not old.stages[number] and present.epochs != past.epochs):
                raise ValueError(f'stage {past.name} of {past.epochs} epochs is done or under way, and now stands '
                                 f'there {present and f"{present.name} of {present.epochs}"}: what is done stays as '
                                 'it was')
        past, present = old.stages[number], self.stages.stages[number]
        if present.epochs < epoch - first:
            raise ValueError(f'stage {past.name} shall have {present.epochs} epochs, {epoch - first} of it are done')
        if present.epochs == epoch - first and at_end or present == past:
            return None
        if present.losses != past.losses:
            raise ValueError(f'stage {past.name} is under way with losses {past.losses}, not {present.losses}')
        if how is None:
            raise ValueError(f'stage {past.name} had {past.epochs} epochs up to the rate {past.lr}, now it has '
                             f'{present.epochs} up to {present.lr}: {ASK}')
        if how == 'keep':
            entries = dict(epochs=past.epochs, lr=past.lr, warmup_epochs=past.warmup_epochs, warmup_lr=past.warmup_lr)
            kept = self.kept_schedule.get('stages', {})
            self.kept_schedule = dict(iters=self.kept_schedule.get('iters', old.epochs * self.steps_per_epoch),
                                      stages={str(number): entries, **kept})
        else:
            self.kept_schedule = {}
        return how

    def _rate(self) -> float:
        """The learning rate of the present step."""
        number, first = self.stages.at(self._epoch)
        step, stage = self._iter - first * self.steps_per_epoch, self.stages.stages[number]
        if kept := self.kept_schedule.get('stages', {}).get(str(number)):
            stage = replace(stage, **kept)
            step = min(step, stage.epochs * self.steps_per_epoch - 1)
        return stage.learning_rate(step, self.steps_per_epoch)

    def run(self) -> torch.nn.Module:
        """Train all stages, or what is left of them.

        A run that is resumed between two epochs validates first: it may have been killed while it did.
        """
        self._steps = GuardedSteps(self.runner)
        self.runner.call_hook('before_train')
        if self._iter == self._epoch * self.steps_per_epoch > 0:
            done, _ = self.stages.at(self._epoch - 1)
            unwrapped(self.runner.model).set_losses(self.stages.stages[done].losses)
            self._validate()
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._validate()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train an epoch, from the step at which a resumed run stopped."""
        self.enter_stage()
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done = self._iter - self._epoch * self.steps_per_epoch
        # The last step of an epoch updates: no gradient is carried into another epoch, stage or checkpoint.
        self.runner.optim_wrapper.initialize_count_status(self.runner.model, done, self.steps_per_epoch)
        self.dataloader.sampler.set_epoch(self._epoch)
        sampler = self.dataloader.sampler  # the last batch may be a smaller one
        sampler.set_start(min(done * self.dataloader.batch_size, len(sampler)), self._epoch)
        for batch_index, batch in enumerate(self.dataloader, start=done):
            self.run_iter(batch_index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _validate(self) -> None:
        """Validate, if that is due after the epochs that are done."""
        if self.runner.val_loop is not None and (
                self._epoch % self.val_interval == 0 or self.is_last_epoch_of_stage(self._epoch - 1)):
            self.runner.val_loop.run()

    def enter_stage(self) -> None:
        """Set the losses of the present stage; in its first step, forget what the optimizer remembers."""
        number, first = self.stages.at(self._epoch)
        if number == self._entered:
            return
        self._entered, self._judged = number, False
        stage = self.stages.stages[number]
        model = unwrapped(self.runner.model)
        model.set_losses(stage.losses)
        if isinstance(self.runner.model, DistributedDataParallel):
            self._let_rest(model.unused_parameters())
        if self._iter == first * self.steps_per_epoch:
            self.runner.optim_wrapper.optimizer.state = defaultdict(dict)
        self.runner.logger.info(f'stage {number + 1} of {len(self.stages.stages)}, {stage.name}: epochs {first + 1} to '
                                f'{first + stage.epochs}, losses {model.loss_weights}')

    def _name_untrained(self) -> None:
        """Warn of parameters that should train and that the first update of the stage had no gradient for."""
        model, state = unwrapped(self.runner.model), self.runner.optim_wrapper.optimizer.state
        told = {id(parameter) for parameter in (*model.unused_parameters(), *state)}
        untrained = [name for name, parameter in model.named_parameters()
                     if parameter.requires_grad and parameter.numel() and id(parameter) not in told]
        if untrained:
            self.runner.logger.warning(
                f'no gradient reaches {len(untrained)} parameters, which stay as they are: {", ".join(untrained[:8])}'
                f'{", ..." if len(untrained) > 8 else ""}. Of a backbone that never uses them this is no harm')

    def _let_rest(self, unused: list[torch.nn.Parameter]) -> None:
        """Take what no loss of the stage depends on out of the training: DDP need not look for it in every step."""
        before = set(self._resting)
        for parameter in before:
            parameter.requires_grad_()
        self._resting = [parameter for parameter in unused if parameter.requires_grad]  # others are frozen for good
        for parameter in self._resting:
            parameter.requires_grad_(False)
            parameter.grad = None
        if set(self._resting) != before:
            self.runner.model = self.runner.wrap_model(self.runner.cfg.get('model_wrapper_cfg'),
                                                       self.runner.model.module)

    def run_iter(self, idx: int, data_batch: dict) -> None:
        """One step of the present stage; see :class:`GuardedSteps`."""
        rate = self._rate()
        for group in self.runner.optim_wrapper.param_groups:
            group['lr'] = rate * group['lr_scale']
        assert self._steps is not None
        self._steps.take(idx, data_batch, f' (stage {self.stage.name}, epoch {self._epoch + 1})')
        self._iter += 1
        if not self._judged and self.runner.optim_wrapper.optimizer.state:
            self._judged = True
            self._name_untrained()
