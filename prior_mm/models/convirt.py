"""ConVIRT: Contrastive Learning of Medical Visual Representations from Paired Images and Text (arXiv 2010.00747)."""
from prior_mm.registry import MODELS

from .dual_encoder import DualEncoder


@MODELS.register_module()
class ConVIRT(DualEncoder):
    """InfoNCE at a fixed temperature, three quarters of it from image to text; the projections have a hidden layer.

    Args:
        embed_dims: Width D of the joint space, and of the hidden layers.
        **dual: What :class:`DualEncoder` takes.
    """

    def __init__(self, embed_dims: int = 512, **dual) -> None:
        defaults = dict(
            hidden_dims=embed_dims, text_pooling='max',
            global_alignment=dict(type='GlobalAlignment', temperature=0.1, learned=False, weights=(0.75, 0.25)))
        super().__init__(embed_dims, **{**defaults, **dual})
