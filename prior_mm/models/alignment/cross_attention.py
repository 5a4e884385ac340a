"""Cross attention between the patches and the sentences of one study."""
from typing import NamedTuple

import torch
from torch import Tensor, nn

from prior_mm.registry import MODELS


class CrossAttended(NamedTuple):
    """What patches see of the sentences and sentences of the patches.

    Attributes:
        patch_context: Sentence-conditioned context of each patch, c_img of the paper, (B, P, D).
        sentence_context: Patch-conditioned context of each sentence, c_txt, (B, N, D).
        patch_weights: Attention of patches on sentences, in (0, 1), (B, P, N); 0 at padding.
        sentence_weights: Attention of sentences on patches, in (0, 1), (B, N, P).
    """

    patch_context: Tensor
    sentence_context: Tensor
    patch_weights: Tensor
    sentence_weights: Tensor


@MODELS.register_module()
class CrossAttention(nn.Module):
    """Attention with sigmoid weights, each side with its own query, key and value maps (paper section 3.3).

    The weights are not normalised: a patch may answer to several sentences, or to none.

    Args:
        embed_dims: Width D of patches and sentences.
    """

    def __init__(self, embed_dims: int) -> None:
        super().__init__()
        self.embed_dims = embed_dims
        self.image_query = nn.Linear(embed_dims, embed_dims)
        self.image_key = nn.Linear(embed_dims, embed_dims)
        self.image_value = nn.Linear(embed_dims, embed_dims)
        self.text_query = nn.Linear(embed_dims, embed_dims)
        self.text_key = nn.Linear(embed_dims, embed_dims)
        self.text_value = nn.Linear(embed_dims, embed_dims)

    def weights(self, patches: Tensor, sentences: Tensor) -> tuple[Tensor, Tensor]:
        """Attention of patches (..., P, D) on sentences (..., N, D), (..., P, N), and the reverse, (..., N, P)."""
        scale = self.embed_dims**-0.5
        patch_weights = torch.sigmoid(
            self.image_query(patches) @ self.text_key(sentences).transpose(-1, -2) * scale)
        sentence_weights = torch.sigmoid(
            self.text_query(sentences) @ self.image_key(patches).transpose(-1, -2) * scale)
        return patch_weights, sentence_weights

    def forward(self, patches: Tensor, sentences: Tensor, sentence_mask: Tensor) -> CrossAttended:
        """Attend in both directions.

        Args:
            patches: Patch embeddings, (B, P, D).
            sentences: Sentence embeddings (or their prototypes), (B, N, D).
            sentence_mask: True where a sentence stands, bool, (B, N).
        """
        patch_weights, sentence_weights = self.weights(patches, sentences)
        patch_weights = patch_weights.masked_fill(~sentence_mask[:, None], 0)
        return CrossAttended(
            patch_context=patch_weights @ self.text_value(sentences),
            sentence_context=sentence_weights @ self.image_value(patches),
            patch_weights=patch_weights, sentence_weights=sentence_weights)
