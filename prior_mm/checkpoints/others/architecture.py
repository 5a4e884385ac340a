"""Which backbone tensors are of, by their names and shapes."""
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

_DEPTHS = {(2, 2, 2, 2): 18, (3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152, (3, 4, 6): 50, (3, 4, 23): 101}
_HEAD = 64  # channels of a head, where nothing says how many there are


class Architecture(NamedTuple):
    """A backbone.

    Attributes:
        config: As the toolboxes build it, but for ``out_indices``, ``in_channels`` and what is of training.
        channels: Of its maps, the finest first.
        indices: Of these maps, for ``out_indices``.
        stride: Pixels of a patch's side where all maps are of one size (a vision transformer); else None.
        first: Name of the first convolution.
        trunk: What stands before the tensors' names in the backbone.
        assumed: What neither names, shapes nor a config say of it, and is taken by a rule; None where all is said.
    """
    config: dict[str, Any]
    channels: tuple[int, ...]
    indices: tuple[int, ...]
    stride: int | None
    first: str
    trunk: str = 'model.'
    assumed: str | None = None


def architecture_of(weights: Mapping[str, Tensor], heads: int | None = None,
                    activation: str | None = None) -> Architecture | None:
    """The backbone of tensors under timm's names; None if it is none of those that are known.

    Args:
        weights: Of the backbone.
        heads: Of a vision transformer's attention; None is one for each 64 channels.
        activation: Of a vision transformer, as timm calls it; None is GELU.
    """
    for mark, read in (('conv1.weight', _resnet), ('features.conv0.weight', _densenet), ('stem.0.weight', _convnext),
                       ('layers.0.blocks.0.norm1.weight', _swin)):
        if mark in weights:
            return read(weights)
    return _vit(weights, heads, activation) if 'blocks.0.attn.qkv.weight' in weights else None


def by_name(found: Architecture, name: str, args: Mapping[str, Any], weights: Mapping[str, Tensor]) -> \
        Architecture | None:
    """A backbone as timm builds it by its name, where that says more than shapes: heads, activation, pooling.

    Args:
        found: What :func:`architecture_of` found; a plain ResNet remains that of the toolboxes.
        name: timm's.
        args: What a folder's ``model_args`` say.
        weights: Of the backbone.

    Returns:
        None if timm has no backbone of this name and these shapes.
    """
    import timm  # some seconds, which other weights need not wait for
    name = name.split('.')[0]
    if not timm.is_model(name):
        return None
    args = {key: tuple(value) if isinstance(value, list) else value for key, value in args.items()
            if key not in ('in_chans', 'num_classes', 'pretrained')}
    if not found.trunk and re.fullmatch(r'resnet\d+', name) and args.keys() <= {'channels', 'global_pool'}:
        return found
    args = {key: value for key, value in found.config.get('model_args', {}).items() if key == 'img_size'} | args
    channels = weights[found.first].shape[1]
    try:
        with torch.device('meta'):
            expected = timm.create_model(name, in_chans=channels, num_classes=0, **args).state_dict()
    except (TypeError, KeyError):
        return None
    if any(key not in weights or weights[key].shape != value.shape for key, value in expected.items()
           if not is_made(key)):
        return None
    config = dict(type='prior_mm.TimmBackbone', architecture=name, model_args=args)
    return found._replace(config=config, indices=found.indices if found.trunk else (-4, -3, -2, -1), trunk='model.',
                          assumed=None)


def is_made(name: str) -> bool:
    """Whether a buffer follows from the architecture, so that files may lack it."""
    return name.endswith(('num_batches_tracked', 'relative_position_index', 'attn_mask'))


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
    channels = tuple(weights[f'layer{stage + 1}.0.conv{3 if deep else 2}.weight'].shape[0] for stage in range(stages))
    return Architecture(config, channels, tuple(range(stages)), None, 'conv1.weight', '')


def _vit(weights: Mapping[str, Tensor], heads: int | None, activation: str | None) -> Architecture | None:
    if not {'patch_embed.proj.weight', 'blocks.0.mlp.fc1.weight'} <= weights.keys():
        return None
    embed, _, patch, _ = weights['patch_embed.proj.weight'].shape
    depth = _count(weights, r'blocks\.(\d+)\.')
    assumed = [*([] if heads else [f'heads of {_HEAD} channels']), *([] if activation else ['GELU'])]
    args: dict[str, Any] = dict(embed_dim=embed, depth=depth, num_heads=heads or max(1, embed // _HEAD),
                                patch_size=patch, mlp_ratio=weights['blocks.0.mlp.fc1.weight'].shape[0] / embed,
                                qkv_bias='blocks.0.attn.qkv.bias' in weights)
    if 'pos_embed' in weights:
        side = round((weights['pos_embed'].shape[1] - 1)**.5)
        args['img_size'] = side * patch
    if 'blocks.0.ls1.gamma' in weights:
        args['init_values'] = 1e-5
    if activation not in (None, 'gelu'):
        args['act_layer'] = activation
    name = 'vit_base_patch16_clip_224' if 'norm_pre.weight' in weights else 'vit_base_patch16_224'
    indices = tuple(depth * part // 4 - 1 for part in (1, 2, 3, 4))
    return Architecture(dict(type='prior_mm.TimmBackbone', architecture=name, model_args=args), (embed, ) * 4, indices,
                        patch, 'patch_embed.proj.weight', assumed=', '.join(assumed) or None)


def _convnext(weights: Mapping[str, Tensor]) -> Architecture | None:
    depths = tuple(_count(weights, rf'stages\.{stage}\.blocks\.(\d+)\.') for stage in range(4))
    if 'stages.0.blocks.0.conv_dw.weight' not in weights:
        return None
    dims = tuple(weights[f'stages.{stage}.blocks.0.conv_dw.weight'].shape[0] for stage in range(4))
    return Architecture(dict(type='prior_mm.TimmBackbone', architecture='convnext_tiny',
                             model_args=dict(depths=depths, dims=dims)), dims, (0, 1, 2, 3), None, 'stem.0.weight')


def _swin(weights: Mapping[str, Tensor]) -> Architecture | None:
    if 'layers.0.blocks.0.attn.relative_position_bias_table' not in weights:
        return None  # of version 2
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
