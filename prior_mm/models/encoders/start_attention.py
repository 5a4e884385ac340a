"""What the class token of a vision transformer pays each patch in the last layer."""
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature

import torch
from torch import Tensor, nn

from ..precision import at_least_float32, full_precision


@contextmanager
def start_attention(backbone: nn.Module) -> Iterator[list[Tensor]]:
    """Keep what the class token attends to while a backbone runs; its own attention may be a fused one.

    Args:
        backbone: Of MMPretrain or timm. One without a class token, or without ``qkv`` layers, has nothing to keep.

    Raises:
        ValueError: If what its layers attend to cannot be read off them: they turn queries and keys by their places, or
            go past ``qkv`` (timm's EVA and BEiT).

    Yields:
        A list that gets the attention of the class token, the first of N tokens, in the last layer, mean of the heads,
        at least float32 (B, N), summing to 1. No gradient goes through it.
    """
    network, kept = getattr(backbone, 'model', backbone), []
    layers = [module for module in network.modules() if hasattr(module, 'qkv') and hasattr(module, 'num_heads')]
    if getattr(network, 'cls_token', None) is None or not layers:
        yield kept
        return
    last = layers[-1]
    unknown = ValueError(f'what the class token of {type(network).__name__} attends to cannot be read off its '
                         f'{type(last).__name__}. Take a plain vision transformer, such as vit_base_patch16_224')
    if 'rope' in signature(last.forward).parameters:
        raise unknown

    @torch.no_grad()
    def keep(module: nn.Module, inputs: tuple, projected: Tensor) -> None:
        query, key, _ = projected.unflatten(2, (3, last.num_heads, -1)).permute(2, 0, 3, 1, 4)  # each (B, heads, N, d)
        query = getattr(last, 'q_norm', nn.Identity())(query[:, :, :1])
        key = getattr(last, 'k_norm', nn.Identity())(key)
        with full_precision(query):
            scores = at_least_float32(query) @ at_least_float32(key).transpose(2, 3) * key.shape[3]**-0.5
            kept.append(scores.softmax(dim=3).mean(dim=1)[:, 0])

    handle = last.qkv.register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()
    if not kept:
        raise unknown
