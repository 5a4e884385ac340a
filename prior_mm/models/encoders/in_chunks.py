"""A large batch in the memory of a small one: a part of the model goes over it chunk by chunk."""
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..recompute import recomputed


def in_chunks(size: int | None, part: nn.Module, function: Callable, *inputs: Any) -> Any:
    """Call a function of B studies for chunks of them, keep what comes out, and compute the rest again for gradients.

    Whatever follows sees the whole batch; its gradient goes back through one chunk after the other, so that activations
    of one chunk are held at a time (GradCache, arXiv 2101.06983, by activation checkpointing). Random numbers of the
    second computation are those of the first. Only batch normalisation in training tells the chunks from the whole:
    it takes the statistics of each chunk.

    Args:
        size: Studies of a chunk; None: all at once, as if there were no chunks.
        part: The part of the model that computes; its running statistics take each chunk once.
        function: From tensors, or nested tuples of them, with a first dimension B, to the same. What is no tensor in
            what it returns must not depend on the studies.
        inputs: What it is called with.
    """
    if size is None:
        return function(*inputs)
    number = len(_tensor_of(inputs))
    return _joined([recomputed(function, *_cut(inputs, slice(first, first + size)), within=part)
                    for first in range(0, number, size)])


def _tensor_of(nested: tuple) -> Tensor:
    first = nested[0]
    return first if isinstance(first, Tensor) else _tensor_of(first)


def _cut(nested: Any, studies: slice) -> Any:
    """Some studies of tensors in nested tuples."""
    if isinstance(nested, tuple):
        return _like(nested, (_cut(item, studies) for item in nested))
    return nested[studies] if isinstance(nested, Tensor) else nested


def _joined(chunks: list) -> Any:
    """The tensors of all chunks, one after the other; of what is no tensor, that of the first chunk."""
    first = chunks[0]
    if isinstance(first, tuple):
        return _like(first, (_joined(list(items)) for items in zip(*chunks, strict=True)))
    return _padded(chunks) if isinstance(first, Tensor) else first


def _padded(chunks: list[Tensor]) -> Tensor:
    """Chunks (b, ...) as one tensor; where one has fewer words than another stand zeros."""
    if len({chunk.shape[1:] for chunk in chunks}) > 1:
        longest = max(chunk.shape[1] for chunk in chunks)
        chunks = [F.pad(chunk, (0, 0) * (chunk.ndim - 2) + (0, longest - chunk.shape[1])) for chunk in chunks]
    return torch.cat(chunks)


def _like(nested: tuple, items: Any) -> tuple:
    return type(nested)(*items) if hasattr(nested, '_fields') else tuple(items)
