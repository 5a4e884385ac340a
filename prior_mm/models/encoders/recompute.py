"""Activation checkpointing: what a block computed is not kept for the backward pass but computed again."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(function: Callable, *inputs: Any) -> Any:
    """Call a function, keep its inputs only, and call it again in the backward pass; random numbers are the same."""
    return checkpoint(function, *inputs, use_reentrant=False)


def recompute_blocks(network: nn.Module) -> int:
    """Make a network keep only what goes into its blocks; losses, gradients and running statistics stay the same.

    Its blocks are the members of its outermost lists and sequences: the residual blocks of a ResNet, the layers of a
    ViT, the stages of a Swin. MMPretrain's own ``with_cp`` would add each batch to the running statistics of batch
    normalisation twice.

    Args:
        network: The backbone; changed in place.

    Returns:
        The number of blocks.

    Raises:
        ValueError: If it has none.
    """
    blocks = list(_outermost_blocks(network))
    if not blocks:
        raise ValueError(f'with_cp=True: a {type(network).__name__} has no nn.Sequential or nn.ModuleList, so there '
                         'are no blocks whose activations could be computed again')
    for block in blocks:
        contexts = partial(_contexts, [module for module in block.modules() if isinstance(module, _BatchNorm)])
        block.forward = partial(checkpoint, block.forward, use_reentrant=False, context_fn=contexts)
    return len(blocks)


def _outermost_blocks(network: nn.Module) -> Iterator[nn.Module]:
    for child in network.children():
        if isinstance(child, (nn.Sequential, nn.ModuleList)):
            yield from child
        else:
            yield from _outermost_blocks(child)


def _contexts(norms: list[_BatchNorm]) -> tuple:
    """Around the first computation nothing; the second leaves the running statistics alone."""
    return nullcontext(), _with_copied_statistics(norms)


@contextmanager
def _with_copied_statistics(norms: list[_BatchNorm]) -> Iterator[None]:
    statistics = [norm._buffers for norm in norms]
    try:
        for norm in norms:
            norm._buffers = {name: None if buffer is None else buffer.clone()
                             for name, buffer in norm._buffers.items()}
        yield
    finally:
        for norm, buffers in zip(norms, statistics, strict=True):
            norm._buffers = buffers
