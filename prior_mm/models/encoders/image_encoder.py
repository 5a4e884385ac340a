"""The image encoder: a backbone of the toolboxes and attention pooling over its last feature map."""
from contextlib import nullcontext
from typing import Any, Literal, get_args

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor

from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures

from ..recompute import recompute_blocks
from .attention_pooling import AttentionPooling, MeanPooling
from .patch_layout import PatchLayout, map_to_patches
from .start_attention import start_attention as attention_of_start


@MODELS.register_module()
class ImageEncoder(BaseModule):
    """Radiograph to patch features and one pooled feature (paper section 3.1).

    The backbone's parameters keep the names that MMPretrain, MMDetection and MMSegmentation share, so that
    ``image_encoder.backbone.*`` loads into their backbones as it is.

    Args:
        backbone: Config of the backbone, for example ``dict(type='mmpretrain.ResNet', depth=50, in_channels=1)``. Of
            several output maps the last is pooled.
        out_channels: Channels C of that map.
        stride: Pixels an image side shrinks by from one patch to the next, 32 for a ResNet. A power of two.
        num_heads: Heads of the attention pooling.
        pooled_by: ``'attention'``, or ``'mean'`` of the map, as in other methods than PRIOR.
        grid: Patches of the training image, (H', W'), that the pooling's position embedding is learned for.
        patch_layout: See :func:`map_to_patches`.
        patch_channels: Channels of the patches. By default they are the places of the last map. Beyond the paper: those
            of the first output map, or of the first few together, ``stride`` pixels apart: finer maps are averaged to
            that, coarser ones enlarged. Of a ResNet-18's ``out_indices=(1, 3)``, 128 is the second stage alone and 640
            both. A patch of an early stage sees only what lies around it.
        pretrained: Weights of the backbone: a local file or ``'torchvision://resnet50'``. A first convolution of
            three colours is summed to the one of a radiograph. None means random weights.
        with_cp: Activation checkpointing of the backbone's blocks: less memory, more time, the same numbers.

    Raises:
        ValueError: For another stride or patch layout, or if ``with_cp`` finds no blocks.
    """

    def __init__(self, backbone: dict, out_channels: int = 2048, stride: int = 32, num_heads: int = 8,
                 grid: tuple[int, int] = (7, 7), patch_layout: PatchLayout = 'places',
                 patch_channels: int | None = None, pretrained: str | None = None, with_cp: bool = False,
                 init_cfg: dict | None = None, pooled_by: Literal['attention', 'mean'] = 'attention') -> None:
        super().__init__(init_cfg)
        if stride < 1 or stride & (stride - 1):
            raise ValueError(f'stride must be a power of two, got {stride}')
        if patch_layout not in get_args(PatchLayout):
            raise ValueError(f'patch_layout must be one of {get_args(PatchLayout)}, got {patch_layout!r}')
        self.backbone = MODELS.build(backbone)
        if pooled_by not in ('attention', 'mean'):
            raise ValueError(f"pooled_by must be 'attention' or 'mean', got {pooled_by!r}")
        self.pooling = AttentionPooling(out_channels, num_heads, grid) if pooled_by == 'attention' else MeanPooling()
        self.out_channels = out_channels
        self.patch_channels = patch_channels or out_channels
        self.first_maps = patch_channels is not None
        self.stride = stride
        self.patch_layout = patch_layout
        self.pretrained = pretrained
        self.pretrained_on: dict[str, Any] = {}  # preprocessing of the pretrained weights, as far as they say it
        if with_cp:
            recompute_blocks(self.backbone)
        # Convolutions run faster with the channels last, on CPUs and on GPUs with tensor cores; same numbers.
        self.to(memory_format=torch.channels_last)

    def init_weights(self) -> None:
        """Random weights as the backbone defines them, then the pretrained ones, if any."""
        super().init_weights()
        if self.pretrained:
            self.pretrained_on = load_backbone(self.backbone, self.pretrained).get('preprocessing') or {}

    def forward(self, images: Tensor, start_attention: bool = False) -> ImageFeatures:
        """Encode normalised images, (B, 1, H, W).

        Args:
            images: The images.
            start_attention: Give as well what the class token attends to, if the backbone has one.

        Raises:
            ValueError: If the backbone's maps have not the channels that were given.
        """
        with attention_of_start(self.backbone) if start_attention else nullcontext([]) as attention:
            maps = self.backbone(images.contiguous(memory_format=torch.channels_last))
        maps = list(maps) if isinstance(maps, (tuple, list)) else [maps]
        last = patches = maps[-1]
        if self.first_maps:
            patches = _together(maps, self.patch_channels, tuple(-(-side // self.stride) for side in images.shape[2:]))
        for name, wanted, seen in (('out_channels', self.out_channels, last.shape[1]),
                                   ('patch_channels', self.patch_channels, patches.shape[1])):
            if seen != wanted:
                raise ValueError(f'the backbone gives {seen} channels, the image encoder expects {wanted}: set '
                                 f'image_encoder.{name}={seen}')
        pooled = self.pooling(map_to_patches(last), grid=tuple(last.shape[2:]))
        paid = None
        if attention and patches is last and self.patch_layout == 'places':
            paid = attention[-1][:, -last.shape[2] * last.shape[3]:]  # before the patches stand [CLS] and registers
        return ImageFeatures(map_to_patches(patches, self.patch_layout), pooled, tuple(patches.shape[2:]),
                             tuple(maps[:-1]), paid)


def _together(maps: list[Tensor], channels: int, size: tuple[int, int]) -> Tensor:
    """Of maps (B, C_i, H_i, W_i), the first that have so many channels, as one map of that size."""
    taken: list[Tensor] = []
    while len(taken) < len(maps) and sum(level.shape[1] for level in taken) < channels:
        level = maps[len(taken)]
        coarser = level.shape[2] < size[0] or level.shape[3] < size[1]
        taken.append(F.interpolate(level, size=size, mode='bilinear') if coarser
                     else F.adaptive_avg_pool2d(level, size))
    return torch.cat(taken, dim=1)
