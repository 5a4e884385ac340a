"""Maps of patches, smoothed."""
import math

import torch
from torch import Tensor


def smoothed(maps: Tensor, deviation: float = 1.5) -> Tensor:
    """Maps (B, N, H', W') after a Gaussian filter, in patches; edges are mirrored, cut at 4 deviations."""
    radius = math.ceil(4 * deviation)
    offsets = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = (-(offsets / deviation)**2 / 2).exp()
    kernel = kernel / kernel.sum()
    for dim in (2, 3):
        size = maps.shape[dim]
        places = (torch.arange(-radius, size + radius, device=maps.device)) % (2 * size)
        mirrored = maps.index_select(dim, torch.minimum(places, 2 * size - 1 - places))
        maps = (mirrored.unfold(dim, 2 * radius + 1, 1) * kernel).sum(dim=-1)
    return maps
