"""Names of tensors in other libraries, translated to timm's (torchvision's of a ResNet, which are the same)."""
import re
from collections.abc import Mapping

import torch
from torch import Tensor

Weights = dict[str, Tensor]
_VIT = (
    (r'embeddings\.cls_token', 'cls_token'), (r'embeddings\.position_embeddings', 'pos_embed'),
    (r'embeddings\.patch_embeddings\.projection\.(.*)', r'patch_embed.proj.\1'),
    (r'encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(.*)', r'blocks.\1.attn.\2.\3'),
    (r'encoder\.layer\.(\d+)\.attention\.output\.dense\.(.*)', r'blocks.\1.attn.proj.\2'),
    (r'encoder\.layer\.(\d+)\.(?:intermediate\.dense|mlp\.fc1)\.(.*)', r'blocks.\1.mlp.fc1.\2'),
    (r'encoder\.layer\.(\d+)\.(?:output\.dense|mlp\.fc2)\.(.*)', r'blocks.\1.mlp.fc2.\2'),
    (r'encoder\.layer\.(\d+)\.(?:layernorm_before|norm1)\.(.*)', r'blocks.\1.norm1.\2'),
    (r'encoder\.layer\.(\d+)\.(?:layernorm_after|norm2)\.(.*)', r'blocks.\1.norm2.\2'),
    (r'encoder\.layer\.(\d+)\.layer_scale([12])\.lambda1', r'blocks.\1.ls\2.gamma'),
    (r'layernorm\.(.*)', r'norm.\1'),
)
_CONVNEXT = (
    (r'embeddings\.patch_embeddings\.(.*)', r'stem.0.\1'), (r'embeddings\.layernorm\.(.*)', r'stem.1.\1'),
    (r'encoder\.stages\.(\d+)\.downsampling_layer\.(\d+)\.(.*)', r'stages.\1.downsample.\2.\3'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.layer_scale_parameter', r'stages.\1.blocks.\2.gamma'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.dwconv\.(.*)', r'stages.\1.blocks.\2.conv_dw.\3'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.layernorm\.(.*)', r'stages.\1.blocks.\2.norm.\3'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.pwconv([12])\.(.*)', r'stages.\1.blocks.\2.mlp.fc\3.\4'),
    (r'layernorm\.(.*)', r'head.norm.\1'),
)
_SWIN = (
    (r'embeddings\.patch_embeddings\.projection\.(.*)', r'patch_embed.proj.\1'),
    (r'embeddings\.norm\.(.*)', r'patch_embed.norm.\1'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.attention\.self\.(query|key|value)\.(.*)',
     r'layers.\1.blocks.\2.attn.\3.\4'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.attention\.self\.(relative_position_.*)',
     r'layers.\1.blocks.\2.attn.\3'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.attention\.output\.dense\.(.*)', r'layers.\1.blocks.\2.attn.proj.\3'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.layernorm_before\.(.*)', r'layers.\1.blocks.\2.norm1.\3'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.layernorm_after\.(.*)', r'layers.\1.blocks.\2.norm2.\3'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.intermediate\.dense\.(.*)', r'layers.\1.blocks.\2.mlp.fc1.\3'),
    (r'encoder\.layers\.(\d+)\.blocks\.(\d+)\.output\.dense\.(.*)', r'layers.\1.blocks.\2.mlp.fc2.\3'),
    # timm has the merging of patches at the beginning of a stage, Hugging Face at the end of the one before.
    (r'encoder\.layers\.(\d+)\.downsample\.(.*)', r'layers.+\1.downsample.\2'),
    (r'layernorm\.(.*)', r'norm.\1'),
)
_RESNET = (
    (r'embedder\.embedder\.convolution\.(.*)', r'conv1.\1'), (r'embedder\.embedder\.normalization\.(.*)', r'bn1.\1'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.convolution\.(.*)', r'layer+\1.\2.downsample.0.\3'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.shortcut\.normalization\.(.*)', r'layer+\1.\2.downsample.1.\3'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.convolution\.(.*)', r'layer+\1.\2.conv+\3.\4'),
    (r'encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.normalization\.(.*)', r'layer+\1.\2.bn+\3.\4'),
)
_CLIP = (
    (r'class_embedding', 'cls_token'), (r'positional_embedding', 'pos_embed'),
    (r'conv1\.weight', 'patch_embed.proj.weight'), (r'ln_pre\.(.*)', r'norm_pre.\1'), (r'ln_post\.(.*)', r'norm.\1'),
    (r'transformer\.resblocks\.(\d+)\.attn\.in_proj_(.*)', r'blocks.\1.attn.qkv.\2'),
    (r'transformer\.resblocks\.(\d+)\.attn\.out_proj\.(.*)', r'blocks.\1.attn.proj.\2'),
    (r'transformer\.resblocks\.(\d+)\.ln_([12])\.(.*)', r'blocks.\1.norm\2.\3'),
    (r'transformer\.resblocks\.(\d+)\.mlp\.c_fc\.(.*)', r'blocks.\1.mlp.fc1.\2'),
    (r'transformer\.resblocks\.(\d+)\.mlp\.c_proj\.(.*)', r'blocks.\1.mlp.fc2.\2'),
)
_MEDKLIP = (
    (r'0\.weight', 'conv1.weight'), (r'1\.(.*)', r'bn1.\1'), (r'4\.(.*)', r'layer1.\1'), (r'5\.(.*)', r'layer2.\1'),
    (r'6\.(.*)', r'layer3.\1'),
)
#: A name that only this library gives, and the translation.
_LIBRARIES = (
    ('embedder.embedder.convolution.weight', _RESNET), ('embeddings.cls_token', _VIT),
    ('encoder.stages.0.layers.0.dwconv.weight', _CONVNEXT),
    ('encoder.layers.0.blocks.0.layernorm_before.weight', _SWIN), ('transformer.resblocks.0.ln_1.weight', _CLIP),
    ('4.0.conv1.weight', _MEDKLIP),
)
#: What Hugging Face writes before the names of a model within another one.
_WITHIN = ('', 'vit.', 'dinov2.', 'convnext.', 'swin.', 'resnet.')


def to_timm(weights: Mapping[str, Tensor]) -> Weights:
    """Tensors under timm's names; those of a library that is not known as they are.

    Args:
        weights: Of one image encoder, without a prefix.
    """
    for within in _WITHIN:
        for mark, table in _LIBRARIES:
            if within + mark in weights:
                inner = {name.removeprefix(within): value for name, value in weights.items() if name.startswith(within)}
                return _joined(_renamed(inner, table))
    return dict(weights)


def _renamed(weights: Mapping[str, Tensor], table: tuple[tuple[str, str], ...]) -> Weights:
    renamed = {}
    for name, value in weights.items():
        for pattern, new in table:
            if match := re.fullmatch(pattern, name):
                name = re.sub(r'\+(\d+)', lambda number: str(int(number[1]) + 1), match.expand(new))
                break
        renamed[name] = value
    for name, size in (('cls_token', 3), ('pos_embed', 3)):  # CLIP's have no dimension of the batch
        if name in renamed and renamed[name].ndim < size:
            renamed[name] = renamed[name].reshape(1, -1, renamed[name].shape[-1])
    return renamed


def _joined(weights: Weights) -> Weights:
    """Query, key and value as one tensor."""
    joined = {}
    for name, value in weights.items():
        if '.attn.query.' in name:
            parts = [weights.get(name.replace('.query.', f'.{part}.')) for part in ('query', 'key', 'value')]
            if all(part is not None for part in parts):
                joined[name.replace('.query.', '.qkv.')] = torch.cat(parts)  # type: ignore[arg-type]
                continue
        elif any(f'.attn.{part}.' in name for part in ('key', 'value')) \
                and re.sub(r'\.(key|value)\.', '.query.', name) in weights:
            continue
        joined[name] = value
    return joined
