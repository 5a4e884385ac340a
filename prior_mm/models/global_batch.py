"""The batch of all processes together."""
from functools import cached_property

import torch
import torch.distributed as dist
from torch import Tensor

from .gather import gather_with_gradient
from .precision import at_least_float32


class GlobalBatch:
    """How many studies and sentences each process holds: what is learned does not depend on how they are shared out.

    DDP takes the mean of the gradients of all processes. The mean of means is the mean over the global batch only
    where each process holds equally many; so a process multiplies its mean by its :meth:`share`. The counts are sent
    around as the step begins, while the encoders run, and waited for after them.

    Args:
        studies: Studies of this process.
        sentences: Sentences of this process, int64 scalar on the device of the model.
    """

    def __init__(self, studies: int, sentences: Tensor) -> None:
        self.studies = studies
        self._pending = None
        if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
            own = torch.stack([torch.full_like(sentences, studies), sentences])
            self._counts = [torch.empty_like(own) for _ in range(dist.get_world_size())]
            self._pending = dist.all_gather(self._counts, own, async_op=True)

    @cached_property
    def counts(self) -> tuple[list[int], list[int]]:
        """Studies and sentences of each process, rank by rank."""
        self._pending.wait()
        studies, sentences = torch.stack(self._counts, dim=1).tolist()
        return studies, sentences

    def share(self, of_sentences: bool = False) -> float:
        """What a mean over this process's studies (or sentences) counts, 1 where all processes hold equally many."""
        if self._pending is None:
            return 1.
        counts = self.counts[of_sentences]
        return counts[dist.get_rank()] * len(counts) / max(sum(counts), 1)

    def gather(self, *embeddings: Tensor) -> tuple[list[Tensor], int]:
        """Gather embeddings of the studies from all processes, in one collective and with gradients.

        Args:
            embeddings: Tensors (B, D_i), for the B studies of this process.

        Returns:
            For each the embeddings of all studies, rank by rank, (sum of all B, D_i), float32; on one process they are
            handed back as they are. And the place of this process's first study.
        """
        if self._pending is None:
            return list(embeddings), 0
        together = gather_with_gradient(
            torch.cat([at_least_float32(tensor) for tensor in embeddings], dim=1), self.counts[0])
        first = sum(self.counts[0][:dist.get_rank()])
        return list(together.split([tensor.shape[1] for tensor in embeddings], dim=1)), first
