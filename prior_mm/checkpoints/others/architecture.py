"""Which backbone tensors are of, by their names and shapes."""
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from torch import Tensor

_DEPTHS = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152, (3, 4, 6): 50, (3, 4, 23): 101}
_HEAD = 64  # channels of a head, in all vision transformers that are taken


class Architecture(NamedTuple):
    """A backbone.

    Attributes:
        config: As the toolboxes build it, but for ``out_indices``, ``in_channels`` and what is of training.
        channels: Of its maps, the finest first.
        indices: Of these maps, for ``out_indices``.
        stride: Pixels of a patch's side where all maps are of one size (a vision transformer); else None.
        first: Name of the first convolution.
        trunk: What stands before the tensors' names in the backbone.
    """
    config: dict[str, Any]
    channels: tuple[int, ...]
    indices: tuple[int, ...]
    stride: int | None
    first: str
    trunk: str = 'model.'


def architecture_of(weights: Mapping[str, Tensor]) -> Architecture | None:
    """The backbone of tensors under timm's names; None if it is none of those that are known."""
    for mark, read in (('conv1.weight', _resnet), ('features.conv0.weight', _densenet), ('stem.0.weight', _convnext),
                       ('layers.0.blocks.0.norm1.weight', _swin), ('blocks.0.attn.qkv.weight', _vit)):
        if mark in weights:
            return read(weights)
    return None


def _count(weights: Mapping[str, Tensor], pattern: str) -> int:
    return len({match[1] for name in weights if (match := re.match(pattern, name))})


def _resnet(weights: Mapping[str, Tensor]) -> Architecture | None:
    stages = _count(weights, r'layer(\d)\.')
    blocks = tuple(_count(weights, rf'layer{stage + 1}\.(\d+)\.') for stage in range(stages))
    deep = 'layer1.0.conv3.weight' in weights
    depth = 34 if blocks == (3, 4, 6, 3) and not deep else _DEPTHS.get(blocks)
    if depth is None or 'layer1.0.conv1.weight' not in weights:
        return None
    base = weights['layer1.0.conv1.weight'].shape[0]
    config = dict(type='mmpretrain.ResNet', depth=depth, base_channels=base, style='pytorch',
                  stem_channels=weights['conv1.weight'].shape[0])
    if stages < 4:
        config.update(num_stages=stages, strides=(1, 2, 2)[:stages], dilations=(1, ) * stages)
    channels = tuple(base * 2**stage * (4 if deep else 1) for stage in range(stages))
    return Architecture(config, channels, tuple(range(stages)), None, 'conv1.weight', '')


def _vit(weights: Mapping[str, Tensor]) -> Architecture | None:
    embed, _, patch, _ = weights['patch_embed.proj.weight'].shape
    depth = _count(weights, r'blocks\.(\d+)\.')
    args: dict[str, Any] = dict(embed_dim=embed, depth=depth, num_heads=max(1, embed // _HEAD), patch_size=patch,
                                mlp_ratio=weights['blocks.0.mlp.fc1.weight'].shape[0] / embed,
                                qkv_bias='blocks.0.attn.qkv.bias' in weights)
    if 'pos_embed' in weights:
        side = round((weights['pos_embed'].shape[1] - 1)**.5)
        args['img_size'] = side * patch
    if 'blocks.0.ls1.gamma' in weights:
        args['init_values'] = 1e-5
    if 'norm_pre.weight' in weights:  # CLIP's
        args.update(pre_norm=True, act_layer='quick_gelu')
    indices = tuple(depth * part // 4 - 1 for part in (1, 2, 3, 4))
    return Architecture(dict(type='prior_mm.TimmBackbone', architecture='vit_base_patch16_224', model_args=args),
                        (embed, ) * 4, indices, patch, 'patch_embed.proj.weight')


def _convnext(weights: Mapping[str, Tensor]) -> Architecture | None:
    depths = tuple(_count(weights, rf'stages\.{stage}\.blocks\.(\d+)\.') for stage in range(4))
    if 'stages.0.blocks.0.conv_dw.weight' not in weights:
        return None
    dims = tuple(weights[f'stages.{stage}.blocks.0.conv_dw.weight'].shape[0] for stage in range(4))
    return Architecture(dict(type='prior_mm.TimmBackbone', architecture='convnext_tiny',
                             model_args=dict(depths=depths, dims=dims)), dims, (0, 1, 2, 3), None, 'stem.0.weight')


def _swin(weights: Mapping[str, Tensor]) -> Architecture | None:
    embed = weights['layers.0.blocks.0.norm1.weight'].shape[0]
    depths = tuple(_count(weights, rf'layers\.{stage}\.blocks\.(\d+)\.') for stage in range(4))
    table = 'layers.{}.blocks.0.attn.relative_position_bias_table'
    heads = tuple(weights[table.format(stage)].shape[1] for stage in range(4))
    window = (round(weights[table.format(0)].shape[0]**.5) + 1) // 2
    return Architecture(dict(type='prior_mm.TimmBackbone', architecture='swin_tiny_patch4_window7_224',
                             model_args=dict(embed_dim=embed, depths=depths, num_heads=heads, window_size=window)),
                        tuple(embed * 2**stage for stage in range(4)), (0, 1, 2, 3), None, 'patch_embed.proj.weight')


def _densenet(weights: Mapping[str, Tensor]) -> Architecture | None:
    blocks = tuple(_count(weights, rf'features\.denseblock{block + 1}\.denselayer(\d+)\.') for block in range(4))
    growth = weights['features.denseblock1.denselayer1.conv2.weight'].shape[0]
    channels, width = [], weights['features.conv0.weight'].shape[0]
    for count in blocks:
        channels.append(width + count * growth)
        width = channels[-1] // 2
    return Architecture(dict(type='prior_mm.TimmBackbone', architecture='densenet121',
                             model_args=dict(block_config=blocks, growth_rate=growth)),
                        tuple(channels), (-4, -3, -2, -1), None, 'features.conv0.weight')
