"""MGCA's cross-attention-based token-wise alignment (CTA): the words and the patches of one study."""
from typing import NamedTuple

import torch
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..precision import at_least_float32, full_precision
from .contrastive import unit


class TokenLosses(NamedTuple):
    """The losses of both sides, each of both directions: of tokens finding their contexts, and the reverse."""

    word_rows: Tensor
    word_columns: Tensor
    patch_rows: Tensor
    patch_columns: Tensor

    @property
    def total(self) -> Tensor:
        """Half of each side's two directions, both sides added."""
        return sum(self) / 2


@MODELS.register_module()
class TokenAlignment(nn.Module):
    """Each word finds its context among those of its report, each patch its own among those of its image.

    Args:
        temperature: Of the attention and of the losses.
        unit_patch_context: Whether the contexts of patches are brought to length 1: published for a ResNet, not for a
            ViT. Those of words always are.
        published_padding: Keep padded words as queries, keys and wrong answers on the side of the words, as the
            published code does; the loss then depends on the padding. Only there to keep its numbers.
    """

    def __init__(self, temperature: float = 0.1, unit_patch_context: bool = True,
                 published_padding: bool = False) -> None:
        super().__init__()
        self.temperature = temperature
        self.unit_patch_context, self.published_padding = unit_patch_context, published_padding

    def forward(self, patches: Tensor, words: Tensor, mask: Tensor, patch_weights: Tensor,
                word_weights: Tensor) -> TokenLosses:
        """The losses, each a float32 scalar, the mean over the studies.

        Args:
            patches: Patch embeddings, (B, P, D).
            words: Word embeddings, (B, V, D).
            mask: True where a word stands, bool, (B, V).
            patch_weights: What each patch counts, summing to 1, (B, P).
            word_weights: What each word counts, 0 at padding, (B, V).
        """
        with full_precision(patches):
            patches, words = unit(patches), unit(words)
            of_words, of_patches = self.attention(patches, words, mask)
            contexts = unit(of_words @ patches)
            everywhere = torch.ones_like(mask) if self.published_padding else mask
            rows, columns = self._losses(words, contexts, everywhere, word_weights)
            contexts = of_patches @ words
            if self.unit_patch_context:
                contexts = unit(contexts)
            return TokenLosses(rows, columns, *self._losses(patches, contexts, None, patch_weights))

    def attention(self, patches: Tensor, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Of words over patches, (B, V, P), and of patches over words, (B, P, V), from unit vectors."""
        scores = words @ patches.transpose(1, 2) / self.temperature
        return scores.softmax(dim=2), _without_padding(scores.transpose(1, 2), mask[:, None]).softmax(dim=2)

    def _losses(self, tokens: Tensor, contexts: Tensor, mask: Tensor | None, weights: Tensor) -> tuple[Tensor, Tensor]:
        logits = tokens @ contexts.transpose(1, 2) / self.temperature
        partner = logits.diagonal(dim1=1, dim2=2)
        across, down = logits, logits
        if mask is not None:
            across, down = _without_padding(logits, mask[:, None]), _without_padding(logits, mask[..., None])
        return tuple(((sums - partner) * weights).sum(dim=1).mean()
                     for sums in (across.logsumexp(dim=2), down.logsumexp(dim=1)))


def _without_padding(logits: Tensor, mask: Tensor) -> Tensor:
    return logits.masked_fill(~mask, torch.finfo(logits.dtype).min)


@torch.no_grad()
def attention_weights(attention: Tensor, counted: Tensor) -> Tensor:
    """What tokens count, from what [CLS] pays them: clipped to the 10th and 90th percentile, summing to 1.

    Args:
        attention: Attention, (B, V).
        counted: Which tokens count, bool, (B, V); the others get 0 and enter no percentile.
    """
    attention = at_least_float32(attention)
    bounds = attention.masked_fill(~counted, float('nan')).nanquantile(
        torch.tensor([0.1, 0.9], dtype=attention.dtype, device=attention.device), dim=1, keepdim=True)
    clipped = attention.clamp(bounds[0], bounds[1]).masked_fill(~counted, 0)
    return clipped / clipped.sum(dim=1, keepdim=True).clamp(min=1e-12)
