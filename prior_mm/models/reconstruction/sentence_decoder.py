"""Sentence decoder: from the patches of a radiograph to the sentences of its report, as a set."""
import torch
from torch import Tensor, nn

from prior_mm.registry import MODELS


@MODELS.register_module()
class SentenceDecoder(nn.Module):
    """Q learned queries that attend to each other and to the patches (paper section 3.5).

    A BERT-style decoder (post-norm, GELU); it is not autoregressive.

    Args:
        embed_dims: Width D of patches and sentences.
        num_queries: Q, the number of sentences that are predicted.
        num_layers: Decoder layers.
        num_heads: Attention heads; must divide ``embed_dims``.
        feedforward_dims: Width of the feed-forward layers.
        dropout: Dropout rate.
        causal: Mask the queries after one's own, as the published code does; only there to keep its numbers.
    """

    def __init__(self, embed_dims: int, num_queries: int = 16, num_layers: int = 8, num_heads: int = 12,
                 feedforward_dims: int = 3072, dropout: float = 0.1, causal: bool = False) -> None:
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims={embed_dims} cannot be split over num_heads={num_heads}; '
                             'take a number of heads that divides it')
        self.num_queries = num_queries
        self.causal = causal
        self.queries = nn.Parameter(torch.randn(1, num_queries, embed_dims))
        self.position_embedding = nn.Parameter(torch.randn(num_queries, embed_dims) * 0.02)
        self.norm = nn.LayerNorm(embed_dims, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerDecoderLayer(embed_dims, num_heads, feedforward_dims, dropout, activation='gelu',
                                           layer_norm_eps=1e-12, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, num_layers)
        for name, parameter in self.decoder.named_parameters():  # as BERT starts; the layers must not be copies
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.02)
            elif name.endswith('bias'):
                nn.init.zeros_(parameter)

    def forward(self, patches: Tensor) -> Tensor:
        """Predict Q sentence embeddings from patches (B, P, D); (B, Q, D)."""
        queries = self.dropout(self.norm(self.queries + self.position_embedding)).expand(len(patches), -1, -1)
        mask = None
        if self.causal:
            mask = nn.Transformer.generate_square_subsequent_mask(self.num_queries, device=patches.device)
        return self.decoder(queries, patches, tgt_mask=mask, tgt_is_causal=self.causal or None)
