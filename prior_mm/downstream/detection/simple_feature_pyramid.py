"""ViTDet's neck: a pyramid out of the last map of a plain vision transformer (arXiv:2203.16527)."""
from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from prior_mm.registry import MODELS

from .channel_norm import ChannelNorm


@MODELS.register_module()
class SimpleFeaturePyramid(BaseModule):
    """Maps of 4, 2, 1 and 1/2 times the size, by transposed convolutions and pooling; each then gets two convolutions.

    Args:
        in_channels: Channels C of the map.
        out_channels: Channels of the maps that it gives.
        num_outs: Number of maps; those beyond four are the last one, every second place of it.
        init_cfg: See :class:`mmengine.model.BaseModule`.

    Raises:
        ValueError: If there are fewer than four.
    """

    def __init__(self, in_channels: int, out_channels: int, num_outs: int = 5, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        if num_outs < 4:
            raise ValueError(f'SimpleFeaturePyramid gives four maps at least, not {num_outs}')
        half, quarter = in_channels // 2, in_channels // 4
        self.scales = nn.ModuleList([
            nn.Sequential(nn.ConvTranspose2d(in_channels, half, 2, stride=2), ChannelNorm(half), nn.GELU(),
                          nn.ConvTranspose2d(half, quarter, 2, stride=2)),
            nn.ConvTranspose2d(in_channels, half, 2, stride=2), nn.Identity(), nn.MaxPool2d(2)])
        self.outs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, out_channels, 1, bias=False), ChannelNorm(out_channels),
                          nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False), ChannelNorm(out_channels))
            for width in (quarter, half, in_channels, in_channels))
        self.num_outs = num_outs

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Maps (B, out_channels, H, W), the finest first, of the last of the backbone's, (B, C, H', W')."""
        maps = [out(scale(inputs[-1])) for scale, out in zip(self.scales, self.outs, strict=True)]
        while len(maps) < self.num_outs:
            maps.append(F.max_pool2d(maps[-1], 1, stride=2))
        return tuple(maps)
