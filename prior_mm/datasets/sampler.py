"""The order in which studies are visited: shuffled by (seed, epoch), shared out to ranks, resumable in mid-epoch.

How an engine uses it, with the sampler at ``dataloader.sampler``::

    sampler.set_epoch(epoch)                       # before iterating over the data loader, in each epoch
    sampler.set_start(steps * batch_size, epoch)   # once, when a run goes on after `steps` steps of that epoch

The next iteration over the data loader then begins with batch number ``steps`` of that epoch, and is to the last bit
what an uninterrupted run would have read, whatever the number of workers. ``len(dataloader)`` stays that of a whole
epoch. The epochs after it are whole without another call.
"""
from collections.abc import Iterator, Sized

import numpy as np
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from prior_mm.registry import DATA_SAMPLERS

from .visit import Visit


@DATA_SAMPLERS.register_module()
class VisitSampler(Sampler):
    """Yields one :class:`Visit` for each study of this rank.

    Ranks take turns: of the epoch's order, rank r of R visits places r, r + R, r + 2R, ... The R batches of a step
    are together what one process with a batch R times as large would read.

    All ranks get the same number of visits. If the studies do not divide by R, a shuffled epoch leaves the rest out
    (fewer than R studies, others in each epoch), so that no study is read twice; a sequential one (evaluation) starts
    again from the first study, as MMEngine's ``collect_results`` expects, which drops the repeated ones.

    Args:
        dataset: Anything with a length.
        shuffle: A new order in each epoch (training), or the order of the data set (evaluation).
        seed: The run's seed; MMEngine's Runner hands it over. ``None`` draws one that all ranks agree on.

    Raises:
        ValueError: If the seed is negative, or there are no studies, or fewer than processes to be shuffled.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None) -> None:
        self.rank, self.world_size = get_dist_info()
        self.num_studies = len(dataset)
        self.shuffle = shuffle
        self.seed = int(sync_random_seed() if seed is None else seed)
        if self.seed < 0:
            raise ValueError(f'VisitSampler needs a seed that is not negative, got {seed}')
        if self.num_studies == 0:
            raise ValueError('VisitSampler got a data set without studies')
        if shuffle and self.num_studies < self.world_size:
            raise ValueError(f'{self.num_studies} studies cannot be shared out to {self.world_size} processes without '
                             'reading some twice: use fewer processes')
        self.num_samples = (self.num_studies + (0 if shuffle else self.world_size - 1)) // self.world_size
        self.epoch = 0
        self._start = (0, 0)  # (epoch, visits of this rank that are done)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration, 0-based (MMEngine's ``DistSamplerSeedHook`` does it)."""
        self.epoch = epoch

    def set_start(self, num_samples: int, epoch: int | None = None) -> None:
        """Go on in the middle of an epoch, without reading anything twice.

        It holds for that one epoch, whether ``set_epoch`` is called before or after.

        Args:
            num_samples: Visits that this rank has already made in that epoch: finished steps x batch size per rank.
            epoch: The epoch it is about; the present one if not given.

        Raises:
            ValueError: If the epoch does not hold so many visits.
        """
        if not 0 <= num_samples <= self.num_samples:
            raise ValueError(f'cannot start after {num_samples} visits: an epoch has {self.num_samples} of them for '
                             'each process. Was the data set or the number of processes another one?')
        self._start = (self.epoch if epoch is None else epoch, num_samples)

    def order(self) -> np.ndarray:
        """Indices of the studies in the order in which all ranks together visit them in this epoch, int64."""
        if self.shuffle:
            order = np.random.default_rng((self.seed, self.epoch)).permutation(self.num_studies)
        else:
            order = np.arange(self.num_studies)
        return np.resize(order, self.num_samples * self.world_size)

    def __iter__(self) -> Iterator[Visit]:
        start = self._start[1] if self._start[0] == self.epoch else 0
        mine = self.order()[self.rank::self.world_size][start:]
        return (Visit(int(index), self.epoch, self.seed) for index in mine)

    def __len__(self) -> int:
        return self.num_samples
