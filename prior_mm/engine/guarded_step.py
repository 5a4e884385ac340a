"""A training step that depends on nothing but the state of the run, and that leaves no trace where it is skipped."""
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import torch
from mmengine.dist import get_rank


class GuardedSteps:
    """Takes the steps of a training loop.

    The random numbers of a step (dropout, noise of the prototype bank) are seeded with the run's seed, the step's
    number and the rank, so that a resumed run draws what an uninterrupted one would have drawn. A step whose gradients
    are not finite, which :class:`AutocastOptimWrapper` skips, changes no running statistics either, and its studies or
    images are named in the log. With accumulated gradients, that goes for all steps since the last update.

    Args:
        runner: The runner, with its model.
    """

    def __init__(self, runner) -> None:
        self.runner = runner
        self._buffers = list(runner.model.buffers())
        self._kept = [buffer.clone() for buffer in self._buffers]
        self._batches: list[str] = []  # of the batches whose gradients are summed up

    def take(self, batch_idx: int, data_batch: dict, where: str = '') -> None:
        """Take a step, with the hooks before and after it; the loop counts it.

        Args:
            batch_idx: For the hooks.
            data_batch: The batch.
            where: Where in the training this is, for messages.

        Raises:
            FloatingPointError: If too many steps in a row were skipped; the parameters are as they were, and the
                studies are named.
        """
        runner, wrapper = self.runner, self.runner.optim_wrapper
        seed = np.random.SeedSequence((runner.seed, runner.iter, get_rank())).generate_state(1, np.uint64)[0]
        torch.manual_seed(int(seed))
        runner.call_hook('before_train_iter', batch_idx=batch_idx, data_batch=data_batch)
        if not self._batches:
            _copy(self._buffers, self._kept)
        self._batches.append(_names(data_batch))
        skipped = getattr(wrapper, 'skipped', 0)  # other wrappers than ours skip nothing
        place = f'step {runner.iter + 1}{where}, {"; ".join(self._batches)}'
        try:
            outputs = runner.model.train_step(data_batch, optim_wrapper=wrapper)
        except FloatingPointError as error:
            _copy(self._kept, self._buffers)
            raise FloatingPointError(f'{error}; the last: {place}. The parameters are as they were before these steps. '
                                     'Look at the data, lower the learning rate, or set optim_wrapper.dtype=float32'
                                     ) from error
        if getattr(wrapper, 'skipped', 0) > skipped:
            _copy(self._kept, self._buffers)
            runner.logger.warning(f'skipped, for its gradients are not finite: {place}; {wrapper.skipped} skipped so '
                                  f'far, {wrapper.skipped_in_row} in a row')
            outputs = {}  # they would be in the means of the log
        if wrapper.should_update():
            self._batches.clear()
        runner.call_hook('after_train_iter', batch_idx=batch_idx, data_batch=data_batch, outputs=outputs)


def _copy(source: Iterable[torch.Tensor], target: Iterable[torch.Tensor]) -> None:
    """Copy tensors, all of a type at once: one by one a GPU would be started for each."""
    kinds: dict[tuple, tuple[list, list]] = defaultdict(lambda: ([], []))
    for old, new in zip(source, target, strict=True):
        for side, tensor in zip(kinds[old.dtype, old.device], (old, new), strict=True):
            side.append(tensor)
    for olds, news in kinds.values():
        torch._foreach_copy_(news, olds)


def _names(data_batch: dict) -> str:
    """Ids of the batch's studies, or the files of its images."""
    samples = [sample for sample in data_batch.get('data_samples') or [] if hasattr(sample, 'get')]
    for key, name in (('study_id', 'studies'), ('img_path', 'images')):
        found = [sample.get(key) for sample in samples]
        if any(found):
            return f'{name} {found}'
    return f'{len(samples)} samples without names'
