"""Image decoder: the radiograph back from its patches, under the condition of its report."""
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..precision import at_least_float32
from ..recompute import recomputed
from .upsampled_conv import UpsampledConv3x3


@MODELS.register_module()
class ImageDecoder(nn.Module):
    """Blocks of x2 upsampling and two 3x3 convolutions, each halving the channels (paper section 3.5).

    Args:
        embed_dims: Width D of the patches; the decoder starts from 2 D channels, patches and their context.
        stride: Pixels of the image a side of a patch covers; a power of two, one block a factor of 2.
        dropout: Rate at which whole channels of the image's patches are dropped, so that the report has to be used.
        with_cp: Activation checkpointing of each convolution with its normalisation and ReLU: less memory, more time,
            the same numbers.

    Raises:
        ValueError: If the stride is no power of two, or the channels cannot be halved so often.
    """

    def __init__(self, embed_dims: int, stride: int = 32, dropout: float = 0.5, with_cp: bool = False) -> None:
        super().__init__()
        num_blocks = stride.bit_length() - 1
        if stride != 2**num_blocks:
            raise ValueError(f'stride must be a power of two, got {stride}')
        if (2 * embed_dims) % stride:
            raise ValueError(f'2 x embed_dims={2 * embed_dims} channels cannot be halved {num_blocks} times; '
                             f'take a multiple of {max(stride // 2, 1)} for embed_dims')
        self.dropout = nn.Dropout2d(dropout)
        widths = [2 * embed_dims // 2**i for i in range(num_blocks + 1)]
        self.blocks = nn.Sequential(*(_Block(*pair, with_cp) for pair in pairwise(widths)))
        self.head = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.to(memory_format=torch.channels_last)

    def forward(self, patches: Tensor, context: Tensor) -> Tensor:
        """Reconstruct the normalised image.

        Args:
            patches: Patch embeddings as a map, (B, D, H', W').
            context: Their sentence-conditioned context, likewise.

        Returns:
            The image, (B, 1, H' x stride, W' x stride).
        """
        features = torch.cat([self.dropout(patches), context], dim=1)
        return self.head(self.blocks(features.contiguous(memory_format=torch.channels_last)))

    @staticmethod
    def loss(reconstruction: Tensor, images: Tensor) -> Tensor:
        """Mean absolute difference to the normalised images (B, 1, H, W); float32 scalar.

        Where the image's side is no multiple of the stride, the image is resized to the reconstruction.
        """
        if images.shape[2:] != reconstruction.shape[2:]:
            images = F.interpolate(images, size=reconstruction.shape[2:], mode='bilinear', align_corners=True)
        return F.l1_loss(at_least_float32(reconstruction), at_least_float32(images))


class _Block(nn.Sequential):
    """x2 nearest upsampling, then twice 3x3 convolution, batch normalisation, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, with_cp: bool) -> None:
        super().__init__(
            UpsampledConv3x3(in_channels, out_channels), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True),
            nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False), nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True))
        self.with_cp = with_cp

    def forward(self, features: Tensor) -> Tensor:
        if not self.with_cp:
            return super().forward(features)
        for half in (list(self)[:3], list(self)[3:]):
            features = recomputed(nn.Sequential(*half), features, within=self)
        return features
