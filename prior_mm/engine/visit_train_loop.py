"""Training by iterations, for the supervised tasks; a resumed run reads nothing twice."""
import torch
from mmengine.runner import IterBasedTrainLoop

from prior_mm.registry import LOOPS

from .guarded_step import GuardedSteps
from .resumed_config import ASK


@LOOPS.register_module()
class VisitTrainLoop(IterBasedTrainLoop):
    """MMEngine's training by iterations, over a sampler that can start anywhere (``EndlessVisitSampler``).

    What a step does depends on the weights, the optimizer's state, the seed and the number of the step, and on nothing
    else. So a resumed run gives the same weights to the bit on the CPU. MMEngine's own loop reads all batches again
    that were read before.

    Args:
        runner: The runner.
        dataloader: The data loader or its config.
        max_iters: Steps.
        val_begin: The first step that may be validated.
        val_interval: Validate each so many steps, and at the end.
        dynamic_intervals: See :class:`mmengine.runner.IterBasedTrainLoop`.

    Raises:
        ValueError: If an epoch ends: the sampler must be endless.
    """

    _steps: GuardedSteps | None = None

    def run(self) -> torch.nn.Module:
        """Train, or what is left of it; a run that is resumed where validation is due validates first."""
        sampler = self.dataloader.sampler
        if not hasattr(sampler, 'set_start'):
            raise ValueError(f'VisitTrainLoop cannot go on in the middle with a {type(sampler).__name__}: set '
                             "train_dataloader.sampler=dict(type='prior_mm.EndlessVisitSampler')")
        if self._iter > 0:
            sampler.set_start(self._iter * self.dataloader.batch_size)
            self.dataloader_iterator = iter(self.dataloader)
        self._steps = GuardedSteps(self.runner)
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        if self._iter > 0:
            self._validate()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._validate()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def resume_schedule(self, before: dict, meta: dict, how: str | None, changed: bool) -> str | None:
        """What a resumed run of another length does with its schedules; see :func:`.resumed_config.check_config`.

        Raises:
            ValueError: If it is to end before the step that is done, or nobody said how its rates go on.
        """
        if meta['iter'] > self._max_iters:
            raise ValueError(f'train_cfg.max_iters={self._max_iters}, but {meta["iter"]} steps are done')
        if not changed or not self.runner.param_schedulers:
            return None
        if how is None:
            raise ValueError(f'train_cfg.max_iters was {before.get("max_iters")}, now it is {self._max_iters}, or '
                             f'param_scheduler changed: {ASK}')
        return how

    def _validate(self) -> None:
        """Validate, if that is due after the steps that are done."""
        self._decide_current_val_interval()
        if self.runner.val_loop is not None and self._iter >= self.val_begin and (
                self._iter % self.val_interval == 0 or self._iter == self._max_iters):
            self.runner.val_loop.run()

    def run_iter(self, data_batch: dict) -> None:
        """One step; see :class:`GuardedSteps`."""
        assert self._steps is not None
        self._steps.take(self._iter, data_batch)
        self._iter += 1
