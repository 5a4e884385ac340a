"""A linear head with a layer normalisation before it."""
import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from torch import Tensor, nn

from prior_mm.registry import MODELS


@MODELS.register_module()
class NormedLinearClsHead(MultiLabelLinearClsHead):
    """MMPretrain's linear head; encoders of other methods then give features of one scale.

    Args:
        norm: Whether the features (B, C) are normalised, each over its C channels.
        **options: What :class:`mmpretrain.models.MultiLabelLinearClsHead` takes.
    """

    def __init__(self, norm: bool = True, **options) -> None:
        super().__init__(**options)
        self.norm = nn.LayerNorm(self.in_channels) if norm else nn.Identity()

    def pre_logits(self, feats: tuple[Tensor, ...]) -> torch.Tensor:
        """The features (B, C) that the linear layer gets."""
        return self.norm(super().pre_logits(feats))
