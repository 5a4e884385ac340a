"""Activation checkpointing: what a block computed is not kept for the backward pass but computed again."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recomputed(function: Callable, *inputs: Any, within: nn.Module | None = None) -> Any:
    """Call a function, keep its inputs only, and call it again in the backward pass; random numbers are the same.

    Args:
        function: What to call.
        inputs: With what.
        within: The module whose running statistics the second call leaves alone.
    """
    contexts = {} if within is None else dict(context_fn=partial(_contexts, within))
    return checkpoint(function, *inputs, use_reentrant=False, **contexts)


def recompute_blocks(network: nn.Module) -> None:
    """Make a network keep only what goes into its blocks; losses, gradients and running statistics stay the same.

    Its blocks are the members of its outermost lists and sequences: the residual blocks of a ResNet, the layers of a
    ViT, the stages of a Swin. MMPretrain's own ``with_cp`` would add each batch to the running statistics of batch
    normalisation twice.

    Args:
        network: The backbone; changed in place.

    Raises:
        ValueError: If it has none.
    """
    blocks = list(_outermost_blocks(network))
    if not blocks:
        raise ValueError(f'with_cp=True: a {type(network).__name__} has no nn.Sequential or nn.ModuleList, so there '
                         'are no blocks whose activations could be computed again')
    for block in blocks:
        block.forward = partial(recomputed, block.forward, within=block)


def _outermost_blocks(network: nn.Module) -> Iterator[nn.Module]:
    for child in network.children():
        if isinstance(child, (nn.Sequential, nn.ModuleList)):
            yield from child
        else:
            yield from _outermost_blocks(child)


def _contexts(block: nn.Module) -> tuple:
    """Around the first computation nothing; the second leaves the running statistics alone."""
    return nullcontext(), _with_copied_statistics(block)


@contextmanager
def _with_copied_statistics(block: nn.Module) -> Iterator[None]:
    # Looked for now: MMEngine replaces the norms of a built model (SyncBatchNorm).
    kept = {norm: norm._buffers for norm in block.modules() if isinstance(norm, _BatchNorm)}
    try:
        for norm, buffers in kept.items():
            norm._buffers = {name: None if buffer is None else buffer.clone() for name, buffer in buffers.items()}
        yield
    finally:
        for norm, buffers in kept.items():
            norm._buffers = buffers
