"""A U-Net-like decoder on whatever maps a backbone gives."""
from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from torch import Tensor, nn

from prior_mm.registry import MODELS


@MODELS.register_module()
class UNetHead(BaseDecodeHead):
    """The expanding path of a U-Net (arXiv:1505.04597); the backbone is the contracting one.

    From the coarsest map on, each step enlarges what there is, appends the next finer map and applies two convolutions
    of 3 x 3. With a ResNet's four maps three steps end at a quarter of the image's size; each step beyond those doubles
    the size without a map to append, so that five end at the image's own size.

    A step enlarges to the size of the map that it appends, twice the size as a rule: any strides and odd sizes will do.

    Args:
        in_channels: Channels of the maps, the finest first.
        decoder_channels: Channels after each step, the coarsest first; at least one step for each map but the
            coarsest.
        in_index: Which of the backbone's maps; all by default.
        **options: What :class:`mmseg.models.decode_heads.decode_head.BaseDecodeHead` takes: ``num_classes``,
            ``norm_cfg``, ``loss_decode``, ``dropout_ratio`` and so on. ``channels`` are those of the last step.

    Raises:
        ValueError: If there are fewer steps than maps to append, or no step.
    """

    def __init__(self, in_channels: Sequence[int], decoder_channels: Sequence[int] = (256, 128, 64, 32, 16),
                 in_index: Sequence[int] | None = None, **options) -> None:
        if len(decoder_channels) < max(len(in_channels) - 1, 1):
            raise ValueError(f'UNetHead: {len(in_channels)} maps need at least {max(len(in_channels) - 1, 1)} '
                             f'decoder_channels, got {[*decoder_channels]}')
        super().__init__(list(in_channels), decoder_channels[-1], input_transform='multiple_select',
                         in_index=list(range(len(in_channels))) if in_index is None else list(in_index), **options)
        appended = [*reversed(in_channels[:-1])] + [0] * (len(decoder_channels) - len(in_channels) + 1)
        before = [in_channels[-1], *decoder_channels[:-1]]
        self.steps = nn.ModuleList(
            nn.Sequential(self._convolution(here + skip, after), self._convolution(after, after))
            for here, skip, after in zip(before, appended, decoder_channels, strict=True))

    def _convolution(self, in_channels: int, out_channels: int) -> ConvModule:
        return ConvModule(in_channels, out_channels, 3, padding=1, conv_cfg=self.conv_cfg, norm_cfg=self.norm_cfg,
                          act_cfg=self.act_cfg)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits (B, classes, H, W) for maps (B, C, H, W), the finest first."""
        *skips, features = self._transform_inputs(inputs)
        for step in self.steps:
            if skips:
                skip = skips.pop()
                features = torch.cat([self._enlarge(features, skip.shape[2:]), skip], dim=1)
            else:
                features = self._enlarge(features, (2 * features.shape[2], 2 * features.shape[3]))
            features = step(features)
        return self.cls_seg(features)

    def _enlarge(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return resize(features, size=tuple(size), mode='bilinear', align_corners=self.align_corners, warning=False)
