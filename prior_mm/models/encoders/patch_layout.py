"""Feature maps to patches and back."""
from typing import Literal

from torch import Tensor

PatchLayout = Literal['places', 'published']


def map_to_patches(feature_map: Tensor, layout: PatchLayout = 'places') -> Tensor:
    """(B, C, H', W') to (B, H'W', C).

    Args:
        feature_map: The map, (B, C, H', W').
        layout: ``'places'``: a patch is a place, in row-major order. ``'published'``: the memory of a channels-first
            map is read as if it had been channels-last, as the published code does, so that a patch mixes channels and
            places; only there so that the published weights give what they gave.
    """
    if layout == 'published':
        return feature_map.contiguous().view(len(feature_map), -1, feature_map.shape[1])
    return feature_map.flatten(2).transpose(1, 2)


def patches_to_map(patches: Tensor, grid: tuple[int, int], layout: PatchLayout = 'places') -> Tensor:
    """(B, H'W', C) to (B, C, H', W'): the inverse of :func:`map_to_patches`."""
    if layout == 'published':
        return patches.contiguous().view(len(patches), patches.shape[2], *grid)
    return patches.transpose(1, 2).unflatten(2, grid)
