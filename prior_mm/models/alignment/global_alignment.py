"""Global alignment: the radiograph and the report of one study, against those of the other studies of the batch."""
import math

import torch
from torch import Tensor, nn

from prior_mm.registry import MODELS

from .contrastive import info_nce
from .gather import gather_with_gradient


@MODELS.register_module()
class GlobalAlignment(nn.Module):
    """InfoNCE between two global embeddings over the batch of all processes (paper section 3.2).

    Args:
        temperature: Where the learned temperature starts.
    """

    def __init__(self, temperature: float = 0.01) -> None:
        super().__init__()
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / temperature)))

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        """The loss of B pairs.

        Args:
            left: Embeddings of one side, (B, D); the images, for example.
            right: Embeddings of the other, (B, D).

        Returns:
            Mean of both directions, float32 scalar.
        """
        scale = self.logit_scale.exp()
        (all_left, all_right), first = gather_with_gradient(left, right)
        return (info_nce(left, all_right, scale, first) + info_nce(right, all_left, scale, first)) / 2
