"""The sigmoid loss of SigLIP: each pair of image and report is right or wrong by itself (arXiv 2303.15343)."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..global_batch import GlobalBatch
from ..precision import full_precision
from ..recompute import recomputed
from .contrastive import log_scale, unit


@MODELS.register_module()
class SigmoidAlignment(nn.Module):
    """Another global alignment: no softmax over the batch, so that its pairs can be had process by process.

    Args:
        temperature: Where the learned temperature starts.
        bias: Where the learned bias starts; low, for nearly all pairs are wrong.
    """

    def __init__(self, temperature: float = 0.1, bias: float = -10.) -> None:
        super().__init__()
        self.logit_scale = log_scale(temperature)
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, reports: Tensor, *others: Tensor, batch: GlobalBatch) -> list[Tensor]:
        """Align each of the others with the reports, as :class:`.GlobalAlignment` does.

        Args:
            reports: Embeddings of B reports, (B, D).
            others: Embeddings of the same studies from elsewhere, (B, D); the images, for example.
            batch: The batch of all processes.

        Returns:
            For each of the others the sum over all reports, mean over this process's studies, float32 scalar.
        """
        (everyone, ), first = batch.gather(reports)
        own = torch.arange(first, first + len(reports), device=reports.device)[:, None]
        right = torch.arange(len(everyone), device=reports.device) == own
        counted = torch.ones_like(right)
        if batch.same is not None:
            same = batch.same.pairs
            right, counted = (same, counted) if batch.same.soften else (right, right | ~same)
        return [self._loss(other, everyone, right, counted) for other in others]

    def _loss(self, others: Tensor, reports: Tensor, right: Tensor, counted: Tensor) -> Tensor:
        """The reports in chunks of this process's batch, each computed again for the gradient."""
        chunks = [part.split(len(others), dim) for part, dim in ((reports, 0), (right, 1), (counted, 1))]
        return sum(recomputed(self._chunk, others, *chunk) for chunk in zip(*chunks, strict=True)) / len(others)

    def _chunk(self, others: Tensor, reports: Tensor, right: Tensor, counted: Tensor) -> Tensor:
        with full_precision(others):
            logits = self.logit_scale.exp() * unit(others) @ unit(reports).T + self.bias
            return -F.logsigmoid(torch.where(right, logits, -logits)).masked_fill(~counted, 0).sum()
