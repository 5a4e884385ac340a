"""A local alignment that looks at the finding: it has to tell the radiograph of a report from others."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor

from prior_mm.registry import MODELS

from ..precision import full_precision
from .contrastive import unit
from .cross_attention import CrossAttended
from .local_alignment import LocalAlignment


@MODELS.register_module()
class GroundedAlignment(LocalAlignment):
    """The image side of the LAM, and in place of its text side a contrast between studies. Beyond the paper.

    The paper's losses take their negatives from the same report, so that any chest film serves them. Here a sentence
    is compared with every radiograph of the batch by the patches that fit it best: the soft maximum over the places of
    the cosines of patches and sentence. A report's similarity to a radiograph is the mean over its sentences, and
    InfoNCE in both directions asks which radiograph belongs to which report. What raises the cosine at one place is
    something to be seen there and not on the other films. The negatives are those of one process.

    Args:
        embed_dims: Width D.
        temperature: Where the learned temperature of the contrast starts.
        focus: Temperature of the soft maximum over the places: near 0 only the best one counts, a large one makes it
            the mean.
    """

    def __init__(self, embed_dims: int, temperature: float = 0.1, focus: float = 0.1) -> None:
        super().__init__(embed_dims, temperature)
        self.focus = focus

    def forward(self, patches: Tensor, sentences: Tensor, sentence_mask: Tensor,
                attended: CrossAttended) -> tuple[Tensor, Tensor]:
        """See :meth:`LocalAlignment.forward`."""
        with full_precision(patches):
            similarity = report_similarity(patches, sentences, sentence_mask, self.focus) * self.logit_scale.exp()
            own = torch.arange(len(similarity), device=similarity.device)
            contrast = (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2
        return self.image_loss(patches, attended.patch_context), contrast


def report_similarity(patches: Tensor, sentences: Tensor, sentence_mask: Tensor, focus: float) -> Tensor:
    """How well each of A radiographs fits each of B reports by its places, in [-1, 1], (A, B).

    Args:
        patches: (A, P, D).
        sentences: (B, N, D).
        sentence_mask: True where a sentence stands, bool, (B, N).
        focus: Temperature of the soft maximum over the places.
    """
    cosine = torch.einsum('apd,bnd->abnp', unit(patches), unit(sentences))
    best = focus * ((cosine / focus).logsumexp(dim=-1) - math.log(cosine.shape[-1]))
    weight = sentence_mask.to(best.dtype) / sentence_mask.sum(dim=1, keepdim=True).clamp(min=1)
    return (best * weight).sum(dim=-1)
