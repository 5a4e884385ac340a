"""BERT without computing on padding."""
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import BertModel

from ..recompute import recomputed

#: Word pieces that a row of the attention grows by, by the type of device: a GPU's library plans the attention anew for
#: each length that it has not seen.
ROW_STEP = dict(cuda=32)
#: Word pieces that a batch grows by where layers are compiled: CUDA graphs are recorded anew for each number of them.
BUDGET_STEP = dict(cuda=512)


def is_packable(encoder: nn.Module) -> bool:
    """Whether :func:`packed_bert` computes what this encoder computes: BERT with absolute positions, no decoder."""
    return (isinstance(encoder, BertModel) and not encoder.config.is_decoder
            and getattr(encoder.config, 'position_embedding_type', 'absolute') == 'absolute')


def packed_bert(bert: BertModel, token_ids: Tensor, token_mask: Tensor, compiled: bool | str = False) -> Tensor:
    """The last hidden state of BERT, computed for the valid word pieces only.

    All word pieces of the batch stand in one sequence, so that the linear layers, nine tenths of the work, see no
    padding; only inside the attention is each report laid out in its own row. With reports of 50 word pieces on
    average in batches padded to 124, that halves the work; the numbers are those of the padded computation.
    ``gradient_checkpointing_enable`` of the encoder is heeded.

    Args:
        bert: The encoder; its own modules and weights are used.
        token_ids: Word-piece ids, int64, (B, L).
        token_mask: True where a word piece stands, bool, (B, L).
        compiled: Whether ``torch.compile`` makes one program of a layer, for any number of word pieces; or its mode.
            On a GPU the batch then has one of few sizes: reports that nobody wrote fill it up.

    Returns:
        Hidden states, 0 at padding, (B, L, W).
    """
    embeddings, (reports, length), device = bert.embeddings, token_ids.shape, token_ids.device.type
    missing = -length % ROW_STEP.get(device, 1)
    token_ids, token_mask = F.pad(token_ids, (0, missing)), F.pad(token_mask, (0, missing))
    places = token_mask.flatten().nonzero().squeeze(1)  # once: it waits for the device
    if compiled:
        token_ids, token_mask, places = _filled_up(token_ids, token_mask, places, BUDGET_STEP.get(device, 1))
    hidden = (embeddings.word_embeddings(token_ids.flatten()[places])
              + embeddings.position_embeddings(places % token_mask.shape[1])
              + embeddings.token_type_embeddings.weight[0])
    hidden = embeddings.dropout(embeddings.LayerNorm(hidden))
    # From transformers 4.53 on each layer has the switch.
    switched = getattr(bert.encoder.layer[0], 'gradient_checkpointing', None)
    recompute = bert.training and (bert.encoder.gradient_checkpointing if switched is None else switched)
    compute = _compiled_layer(compiled) if compiled else _layer
    for layer in bert.encoder.layer:
        if recompute:
            hidden = recomputed(compute, layer, hidden, places, token_mask)
        else:
            hidden = compute(layer, hidden, places, token_mask)
    return _LaidOut.apply(hidden, places, token_mask.numel()).view(*token_mask.shape, -1)[:reports, :length]


def _filled_up(token_ids: Tensor, token_mask: Tensor, places: Tensor, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """The batch with reports of so many word pieces that ``step`` divides their number; rows by its length alone."""
    length, missing = token_mask.shape[1], -len(places) % step
    rows = -(-(step - 1) // length)
    extra = torch.arange(rows * length, device=places.device)
    return (F.pad(token_ids, (0, 0, 0, rows)), torch.cat([token_mask, (extra < missing).view(rows, length)]),
            torch.cat([places, token_mask.numel() + extra[:missing]]))


@cache
def _compiled_layer(mode: bool | str) -> Any:
    return torch.compile(_layer, dynamic=True, mode=None if mode is True else mode)


def _layer(layer: nn.Module, hidden: Tensor, places: Tensor, token_mask: Tensor) -> Tensor:
    """A layer of BERT on packed hidden states (T, W)."""
    context = _self_attention(layer.attention.self, hidden, places, token_mask)
    hidden = layer.attention.output(context, hidden)
    return layer.output(layer.intermediate(hidden), hidden)


def _self_attention(attention: nn.Module, hidden: Tensor, places: Tensor, token_mask: Tensor) -> Tensor:
    """Self-attention of packed hidden states (T, W), each report among its own word pieces, (T, W)."""

    def rows(packed: Tensor) -> Tensor:
        padded = _LaidOut.apply(packed, places, token_mask.numel())
        return padded.view(*token_mask.shape, attention.num_attention_heads, -1).transpose(1, 2)

    context = F.scaled_dot_product_attention(
        rows(attention.query(hidden)), rows(attention.key(hidden)), rows(attention.value(hidden)),
        attn_mask=token_mask[:, None, None], dropout_p=attention.dropout.p if attention.training else 0.0)
    return _PickedUp.apply(context.transpose(1, 2).flatten(2).flatten(0, 1), places)


class _LaidOut(torch.autograd.Function):
    """Rows (T, W) to T of N places, zeros elsewhere; its gradient picks them up again, without adding anything."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: Tensor, number: int) -> Tensor:
        ctx.save_for_backward(places)
        return rows.new_zeros(number, rows.shape[1]).index_copy(0, places, rows)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return gradient.index_select(0, ctx.saved_tensors[0]), None, None


class _PickedUp(torch.autograd.Function):
    """Rows at T different places of (N, W); its gradient lays them out again, without adding anything."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.number = len(rows)
        return rows.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        zeros = gradient.new_zeros(ctx.number, gradient.shape[1])
        return zeros.index_copy(0, ctx.saved_tensors[0], gradient), None
