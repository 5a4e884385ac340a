"""Attention pooling: one vector for a set of tokens, with their mean as the query."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS


class MeanPooling(nn.Module):
    """The mean of the tokens, (B, T, C) to (B, C); called as :class:`AttentionPooling` is."""

    def forward(self, tokens: Tensor, grid: tuple[int, int] | None = None) -> Tensor:
        """Pool (B, T, C) tokens to (B, C)."""
        return tokens.mean(dim=1)


@MODELS.register_module()
class AttentionPooling(nn.Module):
    """Multi-head attention of the mean token over the tokens and their mean (the kind CLIP uses for its ResNets).

    It pools the image patches (with a learned position embedding) and the sentences of a report (without one);
    paper section 3.1. Only the one query that is used is computed.

    Args:
        embed_dims: Width C of the tokens.
        num_heads: Attention heads; must divide ``embed_dims``.
        grid: Height and width of the patch map that the position embedding is learned for; it is interpolated for
            maps of another size. None means no position embedding.
    """

    def __init__(self, embed_dims: int, num_heads: int = 8, grid: tuple[int, int] | None = None) -> None:
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims={embed_dims} cannot be split over num_heads={num_heads}; '
                             'take a number of heads that divides it')
        self.num_heads = num_heads
        self.grid = tuple(grid) if grid else None
        self.q_proj = nn.Linear(embed_dims, embed_dims)
        self.k_proj = nn.Linear(embed_dims, embed_dims)
        self.v_proj = nn.Linear(embed_dims, embed_dims)
        self.c_proj = nn.Linear(embed_dims, embed_dims)
        if self.grid:
            places = self.grid[0] * self.grid[1] + 1
            self.positional_embedding = nn.Parameter(torch.randn(places, embed_dims) / embed_dims**0.5)

    def forward(self, tokens: Tensor, mask: Tensor | None = None, grid: tuple[int, int] | None = None) -> Tensor:
        """Pool (B, T, C) tokens to (B, C).

        Args:
            tokens: The tokens, (B, T, C).
            mask: True where a token counts, bool, (B, T); None means everywhere.
            grid: Height and width of the map that the tokens come from; needed with a position embedding.
        """
        if mask is None:
            query = tokens.mean(dim=1, keepdim=True)
        else:
            weight = mask.to(tokens.dtype)[..., None]
            query = (tokens * weight).sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True).clamp(min=1)
            mask = F.pad(mask, (1, 0), value=True)[:, None, None]
        tokens = torch.cat([query, tokens], dim=1)
        if self.grid:
            tokens = tokens + self._positions(grid or self.grid).to(tokens.dtype)
        pooled = F.scaled_dot_product_attention(
            self._heads(self.q_proj(tokens[:, :1])), self._heads(self.k_proj(tokens)),
            self._heads(self.v_proj(tokens)), attn_mask=mask)
        return self.c_proj(pooled.transpose(1, 2).flatten(2).squeeze(1))

    def _heads(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.num_heads, -1)).transpose(1, 2)

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        """The position embedding for a map of this size, (H'W'+1, C)."""
        if tuple(grid) == self.grid:
            return self.positional_embedding
        mean, places = self.positional_embedding[:1], self.positional_embedding[1:]
        places = F.interpolate(places.T.unflatten(1, self.grid)[None], size=grid, mode='bicubic', align_corners=False)
        return torch.cat([mean, places[0].flatten(1).T])
