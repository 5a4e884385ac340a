"""BERT without computing on padding."""
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel

from .recompute import recomputed


def is_packable(encoder: nn.Module) -> bool:
    """Whether :func:`packed_bert` computes what this encoder computes: BERT with absolute positions, no decoder."""
    return (isinstance(encoder, BertModel) and not encoder.config.is_decoder
            and getattr(encoder.config, 'position_embedding_type', 'absolute') == 'absolute')


def packed_bert(bert: BertModel, token_ids: Tensor, token_mask: Tensor) -> Tensor:
    """The last hidden state of BERT for the valid word pieces only.

    All word pieces of the batch stand in one sequence, so that the linear layers, nine tenths of the work, see no
    padding; only inside the attention is each report laid out in its own row. With reports of 50 word pieces on
    average in batches padded to 124, that halves the work; the numbers are those of the padded computation.
    ``gradient_checkpointing_enable`` of the encoder is heeded.

    Args:
        bert: The encoder; its own modules and weights are used.
        token_ids: Word-piece ids, int64, (B, L).
        token_mask: True where a word piece stands, bool, (B, L).

    Returns:
        Hidden states of the T valid word pieces, in row-major order, (T, W).
    """
    embeddings = bert.embeddings
    places = token_mask.flatten().nonzero().squeeze(1)
    hidden = (embeddings.word_embeddings(token_ids.flatten()[places])
              + embeddings.position_embeddings(places % token_mask.shape[1])
              + embeddings.token_type_embeddings.weight[0])
    hidden = embeddings.dropout(embeddings.LayerNorm(hidden))
    # From transformers 4.53 on each layer has the switch.
    switched = getattr(bert.encoder.layer[0], 'gradient_checkpointing', None)
    recompute = bert.training and (bert.encoder.gradient_checkpointing if switched is None else switched)
    for layer in bert.encoder.layer:
        if recompute:
            hidden = recomputed(_layer, layer, hidden, places, token_mask)
        else:
            hidden = _layer(layer, hidden, places, token_mask)
    return hidden


def _layer(layer: nn.Module, hidden: Tensor, places: Tensor, token_mask: Tensor) -> Tensor:
    """A layer of BERT on packed hidden states (T, W)."""
    context = _self_attention(layer.attention.self, hidden, places, token_mask)
    hidden = layer.attention.output(context, hidden)
    return layer.output(layer.intermediate(hidden), hidden)


def _self_attention(attention: nn.Module, hidden: Tensor, places: Tensor, token_mask: Tensor) -> Tensor:
    """Self-attention of packed hidden states (T, W), each report among its own word pieces, (T, W)."""

    def rows(packed: Tensor) -> Tensor:
        padded = packed.new_zeros(token_mask.numel(), packed.shape[1]).index_copy(0, places, packed)
        return padded.view(*token_mask.shape, attention.num_attention_heads, -1).transpose(1, 2)

    context = F.scaled_dot_product_attention(
        rows(attention.query(hidden)), rows(attention.key(hidden)), rows(attention.value(hidden)),
        attn_mask=token_mask[:, None, None], dropout_p=attention.dropout.p if attention.training else 0.0)
    return context.transpose(1, 2).flatten(2).flatten(0, 1).index_select(0, places)


def unpack(packed: Tensor, token_mask: Tensor) -> Tensor:
    """Lay (T, W) packed features out as (B, L, W), zero at padding."""
    places = token_mask.flatten().nonzero().squeeze(1)
    padded = packed.new_zeros(token_mask.numel(), packed.shape[1]).index_copy(0, places, packed)
    return padded.view(*token_mask.shape, -1)


