"""How many of the prototypes are in use."""
import torch
import torch.distributed as dist
from torch import Tensor


class PrototypeUsage:
    """Counts which prototype is nearest, over the sentences or studies that are shown to it."""

    def __init__(self) -> None:
        self.counts: Tensor | None = None

    @torch.no_grad()
    def add(self, logits: Tensor) -> None:
        """Count what is nearest by these logits, (..., K)."""
        nearest = torch.bincount(logits.argmax(dim=-1).flatten(), minlength=logits.shape[-1]).double()
        self.counts = nearest if self.counts is None else self.counts + nearest

    def figures(self) -> dict[str, float]:
        """``perplexity``, the exponential of the entropy of the counts of all processes: as if so many were in equal
        use; ``dead``, how many were nearest to nothing; ``all``, how many there are. Empty if nothing was shown.
        """
        if self.counts is None:
            return {}
        counts = self.counts.clone()
        if dist.is_available() and dist.is_initialized():
            dist.all_reduce(counts)
        shares = counts / counts.sum().clamp(min=1)
        return dict(perplexity=float(torch.special.entr(shares).sum().exp()), dead=int((counts == 0).sum()),
                    all=len(counts))
