"""MGCA's cross-modal prototype alignment (CPA): image and report of a study belong to the same of K prototypes."""
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..alignment.contrastive import unit
from ..global_batch import GlobalBatch
from ..precision import full_precision
from .prototype_usage import PrototypeUsage


@MODELS.register_module()
class CrossModalPrototypes(nn.Module):
    """K unit vectors; each side predicts to which of them the other belongs (MGCA, section 3.4).

    The assignment gives all prototypes an equal share of the studies of all processes (Sinkhorn's algorithm).

    Args:
        embed_dims: Width D.
        num_prototypes: K.
        temperature: Of the prediction.
        epsilon: Temperature of the assignment.
        iterations: Rounds of the assignment.
    """

    def __init__(self, embed_dims: int, num_prototypes: int = 500, temperature: float = 0.2, epsilon: float = 0.05,
                 iterations: int = 3) -> None:
        super().__init__()
        self.prototypes = nn.Linear(embed_dims, num_prototypes, bias=False)
        self.temperature, self.epsilon, self.iterations = temperature, epsilon, iterations
        self.usage: PrototypeUsage | None = None  # what PrototypeUsageHook counts with

    def forward(self, images: Tensor, reports: Tensor, batch: GlobalBatch) -> tuple[Tensor, Tensor]:
        """The loss of reports predicting the images' prototypes, and the reverse, float32 scalars.

        Args:
            images: Embeddings of B images, (B, D).
            reports: Those of their reports, (B, D).
            batch: The batch of all processes.
        """
        with full_precision(images):
            with torch.no_grad():
                self.prototypes.weight.copy_(unit(self.prototypes.weight))
            of_images, of_reports = (unit(embeddings) @ self.prototypes.weight.T for embeddings in (images, reports))
            codes = [self.assign(logits.detach(), batch) for logits in (of_images, of_reports)]
            if self.training and self.usage is not None:
                self.usage.add(torch.cat([of_images, of_reports]).detach())
            predicted = [F.log_softmax(logits / self.temperature, dim=1) for logits in (of_reports, of_images)]
            return tuple(-(code * log).sum(dim=1).mean() for code, log in zip(codes, predicted, strict=True))

    def logits(self, embeddings: Tensor) -> Tensor:
        """Cosines of (B, D) with the prototypes, (B, K)."""
        return unit(embeddings) @ unit(self.prototypes.weight).T

    @torch.no_grad()
    def assign(self, logits: Tensor, batch: GlobalBatch) -> Tensor:
        """Soft assignment of this process's B studies, (B, K), each row summing to 1."""
        shares = (logits / self.epsilon).exp()
        studies = batch.total_studies
        for _ in range(self.iterations):
            shares = shares / (_over_processes(shares.sum(dim=0), batch) * shares.shape[1])
            shares = shares / (shares.sum(dim=1, keepdim=True) * studies)
        return shares * studies


def _over_processes(sums: Tensor, batch: GlobalBatch) -> Tensor:
    if batch.is_shared:
        dist.all_reduce(sums)
    return sums
