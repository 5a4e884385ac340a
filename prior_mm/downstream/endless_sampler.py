"""Visits without end, for training by iterations: equal budgets whatever the share of the labels."""
from collections.abc import Iterator

from prior_mm.datasets.sampler import VisitSampler
from prior_mm.datasets.visit import Visit
from prior_mm.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class EndlessVisitSampler(VisitSampler):
    """As :class:`VisitSampler` with ``shuffle=True``, epoch after epoch: batches go on across the ends of epochs.

    Batches are full however few images there are, and a data loader's workers are never started anew.

    Args:
        dataset: Anything with a length.
        seed: See :class:`VisitSampler`.
    """

    def __init__(self, dataset, seed: int | None = None) -> None:
        super().__init__(dataset, shuffle=True, seed=seed)

    def set_epoch(self, epoch: int) -> None:
        """Not used: a run by iterations is one epoch to MMEngine."""

    def set_start(self, num_samples: int, epoch: int | None = None) -> None:
        """Begin after so many visits of this rank, however many epochs those are."""
        self._start = divmod(num_samples, self.num_samples)

    def __iter__(self) -> Iterator[Visit]:
        self.epoch, done = self._start
        while True:
            order = self.order()[self.rank::self.world_size][done:]
            yield from (Visit(int(index), self.epoch, self.seed) for index in order)
            self.epoch, done = self.epoch + 1, 0
