"""The batch of all processes together."""
from functools import cached_property

import torch
import torch.distributed as dist
from torch import Tensor

from .gather import gather_with_gradient
from .precision import at_least_float32
from .same_report import SameReport, SameReports


class GlobalBatch:
    """How many studies and sentences each process holds: what is learned does not depend on how they are shared out.

    DDP takes the mean of the gradients of all processes. The mean of means is the mean over the global batch only
    where each process holds equally many; so a process multiplies its mean by its :meth:`share`. The counts are sent
    around as the step begins, while the encoders run, and waited for after them.

    Args:
        studies: Studies of this process.
        sentences: Sentences of this process, int64 scalar on the device of the model.
        same_report: Says which reports say the same; None takes no notice.
        signs: What it compares the studies by, (B, F).
    """

    def __init__(self, studies: int, sentences: Tensor, same_report: SameReport | None = None,
                 signs: Tensor | None = None) -> None:
        self.studies = studies
        self._same_report, self._signs = same_report, signs
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

    @property
    def is_shared(self) -> bool:
        """Whether there are several processes."""
        return self._pending is not None

    @property
    def total_studies(self) -> int:
        """Studies of all processes."""
        return sum(self.counts[0]) if self.is_shared else self.studies

    def share(self, of_sentences: bool = False) -> float:
        """What a mean over this process's studies (or sentences) counts, 1 where all processes hold equally many."""
        if self._pending is None:
            return 1.
        counts = self.counts[of_sentences]
        return counts[dist.get_rank()] * len(counts) / max(sum(counts), 1)

    @cached_property
    def same(self) -> SameReports | None:
        """Which studies of the global batch say the same as those of this process; None if nobody asked."""
        if self._same_report is None:
            return None
        (everyone, ), first = self.gather(self._signs)
        return self._same_report.compare(self._signs, everyone, first)

    @property
    def same_here(self) -> SameReports | None:
        """Which studies of this process say the same, for what takes its negatives from them alone."""
        return self.same and self.same._replace(pairs=self.same.pairs[:, self.first:self.first + self.studies])

    @property
    def first(self) -> int:
        """The place of this process's first study in the global batch."""
        return sum(self.counts[0][:dist.get_rank()]) if self.is_shared else 0

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
        return list(together.split([tensor.shape[1] for tensor in embeddings], dim=1)), self.first

    def gather_sets(self, sets: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Gather sets (B, N, D) and their masks, bool, (B, N), of all processes, padded to the longest; as above."""
        if self._pending is None:
            return sets, mask
        longest = torch.tensor(sets.shape[1], device=sets.device)
        dist.all_reduce(longest, dist.ReduceOp.MAX)
        missing = int(longest) - sets.shape[1]
        sets = torch.nn.functional.pad(sets, (0, 0, 0, missing))
        mask = torch.nn.functional.pad(mask, (0, missing))
        (together, present), _ = self.gather(sets.flatten(1), mask.to(sets.dtype))
        return together.unflatten(1, sets.shape[1:]), present > 0
