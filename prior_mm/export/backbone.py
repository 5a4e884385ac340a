"""The image encoder's backbone under the names of another library, with 1 or 3 input channels."""
import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from torch import Tensor

from .source import Source
from .timm_backbone import timm_architecture, timm_names
from .transformers_backbone import BUILD, transformers_names
from .whole import check_whole

Names = Literal['mm', 'timm', 'torchvision', 'transformers']
_PREFIX = 'image_encoder.backbone.'
_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
_RESNETS = ('mmpretrain.ResNet', 'mmdet.ResNet', 'mmseg.ResNet')
_RESNET_NAME = re.compile(r'(conv1|bn1|layer([1-4])\.(\d+)\.(conv[123]|bn[123]|downsample\.[01]))\.\w+')
#: What a plain ResNet has; another value changes what it computes, and the names would load all the same.
_PLAIN: dict[str, Any] = dict(num_stages=4, strides=(1, 2, 2, 2), dilations=(1, 1, 1, 1), deep_stem=False,
                              avg_down=False, style='pytorch', conv_cfg=None, expansion=None, dcn=None, plugins=None,
                              multi_grid=None, contract_dilation=False)
#: What says how it is trained and used, not what it computes.
_OF_TRAINING = {'type', 'depth', 'in_channels', 'base_channels', 'stem_channels', 'out_indices', 'frozen_stages',
                'norm_eval', 'norm_cfg', 'with_cp', 'zero_init_residual', 'drop_path_rate', 'pretrained', 'init_cfg'}


@dataclass(frozen=True)
class Backbone:
    """A backbone as it is exported.

    Attributes:
        weights: Its parameters.
        channels: Input channels, 1 or 3.
        build: Python lines that build a ``model`` which loads the weights strictly.
        features: A Python expression for the last feature map of ``images`` that the training took, (B, C, H / 32,
            W / 32) for all stages of a ResNet.
        config: Its config in the MM toolboxes' manner.
    """
    weights: dict[str, Tensor]
    channels: int
    build: str
    features: str
    config: dict[str, Any]


def export_backbone(source: Source, names: Names = 'mm', channels: int = 1) -> Backbone:
    """Take the backbone out of a checkpoint.

    The names of a plain ResNet are the same in torchvision, timm and the toolboxes, and one to one those of
    transformers; the stride of a bottleneck stands at its 3x3 convolution in all of them. What counts is whether a
    library has the architecture at all.

    Args:
        source: The checkpoint.
        names: ``'mm'``: any backbone. ``'torchvision'``: a ResNet of 64 base channels. ``'timm'`` and
            ``'transformers'``: one of any.
        channels: 1: the first convolution as it is. 3: a third of it for each channel, so that a gray image copied to
            three channels gives the same features.

    Raises:
        ValueError: If the library has no such architecture, the config does not fit the weights, a tensor is missing,
            or the first convolution of a backbone other than a ResNet would have to be changed.
    """
    if names not in get_args(Names):
        raise ValueError(f'names of an image encoder are one of {", ".join(get_args(Names))}, not {names!r}')
    if channels not in (1, 3):
        raise ValueError(f'an image encoder is written for 1 or 3 channels, not {channels}')
    weights, config = source.part(_PREFIX), dict(source.model['image_encoder']['backbone'])
    if _is_of_timm(config):
        if names != 'timm':
            raise ValueError(f'{config["architecture"]} is a backbone of timm: write it with --names timm')
        check_whole({key: value for key, value in config.items() if key not in ('pretrained', 'init_cfg')}, weights,
                    source.name)
        weights, build, features = timm_names(weights, config, channels)
        return Backbone(weights, channels, build, features, dict(config, in_channels=channels))
    is_resnet = _resnet_type(config) in _RESNETS
    for key in ('pretrained', 'init_cfg'):
        config.pop(key, None)
    if names != 'mm':
        _check_plain_resnet(weights, config, names)
    check_whole(_mm_config(config, weights), weights, source.name)
    given = int(config.get('in_channels', 3))
    if given != channels:
        first = 'conv1.weight' if 'conv1.weight' in weights else 'stem.0.weight'
        if not is_resnet or first not in weights or given != 1:
            raise ValueError(f'the backbone {config.get("type")} takes {given} channels, and only the one-channel '
                             f'first convolution of a ResNet is turned into one of {channels}: --channels {given}')
        weights[first] = (weights[first] / channels).repeat(1, channels, 1, 1)
    config.update(in_channels=channels)
    build, features = _code(config, names, weights)
    if names == 'transformers':
        weights = transformers_names(weights)
    return Backbone(weights, channels, build, features, config)


def timm_config(backbone: Backbone, preprocessing: dict[str, Any]) -> dict[str, Any]:
    """What ``timm.create_model('local-dir:FOLDER', pretrained=True)`` reads in a folder's ``config.json``.

    Args:
        backbone: Written for timm.
        preprocessing: What goes in; see :attr:`.source.Source.preprocessing`.
    """
    channels = backbone.channels
    size = preprocessing['size'] or (224, 224)
    if _is_of_timm(backbone.config):
        architecture, model_args = timm_architecture(backbone.config, channels)
    else:
        architecture, model_args = f'resnet{backbone.config["depth"]}', dict(in_chans=channels)
        width = backbone.weights['layer1.0.conv1.weight'].shape[0]
        if width != 64:
            model_args['channels'] = [width * 2**stage for stage in range(4)]
    return dict(architecture=architecture, num_classes=0, model_args=model_args,
                pretrained_cfg=dict(
                    input_size=[channels, *size], mean=[preprocessing['mean']] * channels,
                    std=[preprocessing['std']] * channels, num_classes=0, pool_size=[-(-side // 32) for side in size],
                    crop_pct=1.0, interpolation='bilinear', first_conv='conv1', classifier='fc'))


def _is_of_timm(config: dict[str, Any]) -> bool:
    return str(config.get('type')).split('.')[-1] == 'TimmBackbone'


def _resnet_type(config: dict[str, Any]) -> str:
    name = str(config.get('type'))
    return f'mmpretrain.{name}' if name == 'ResNet' else name


def _check_plain_resnet(weights: dict[str, Tensor], config: dict[str, Any], names: Names) -> None:
    """Raise unless the library has a ResNet that computes what this one does."""
    kind = _resnet_type(config)
    if kind not in _RESNETS:
        raise ValueError(f'{names} has no counterpart of {kind} that this exporter knows, only of '
                         f'{", ".join(_RESNETS)}: write it with --names mm')
    depth = config.get('depth')
    odd = [f'{key}={config[key]}' for key, plain in _PLAIN.items() if key in config and _listed(config[key]) != plain
           and not (key == 'style' and depth in (18, 34))]  # basic blocks have but one place for the stride
    odd += [f'{key}={value}' for key, value in config.items() if key not in _PLAIN.keys() | _OF_TRAINING]
    if 'norm_cfg' in config and (config['norm_cfg'] or {}).get('type') not in ('BN', 'SyncBN', 'BN2d'):
        odd.append(f'norm_cfg={config["norm_cfg"]}')
    base = weights['layer1.0.conv1.weight'].shape[0] if 'layer1.0.conv1.weight' in weights else 0
    stem = weights['conv1.weight'].shape[0] if 'conv1.weight' in weights else 0
    if stem != 64 and names != 'transformers':
        odd.append(f'stem_channels={stem}')
    if names == 'torchvision' and base != 64:
        odd.append(f'base_channels={base}')
    if odd:
        other = ' timm has a ResNet of any base_channels: --names timm.' if odd == [f'base_channels={base}'] else ''
        raise ValueError(f'{names} has no ResNet with {", ".join(odd)}.{other} MMPretrain has: --names mm')
    matches = [_RESNET_NAME.fullmatch(name) for name in weights]
    blocks = tuple(len({match[3] for match in matches if match and match[2] == str(stage)}) for stage in range(1, 5))
    if not all(matches) or blocks != _BLOCKS.get(int(depth or 0)):
        raise ValueError(f'the weights are not those of a ResNet of depth {depth}: {blocks} blocks, the first names '
                         f'{list(weights)[:3]}. Is --config that of the checkpoint?')


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _code(config: dict[str, Any], names: Names, weights: dict[str, Tensor]) -> tuple[str, str]:
    """Lines that build the model, and the expression of the last feature map that the training took."""
    channels, depth = config['in_channels'], config.get('depth')
    if names == 'mm':
        return ('import mmpretrain.models  # or mmdet, mmseg: the names are the same\n'
                'from mmpretrain.registry import MODELS\n\n'
                f'model = MODELS.build({_mm_config(config, weights)!r})'), 'model(images)[-1]'
    last = 1 + max(config.get('out_indices', (3, )))
    if names == 'transformers':
        return BUILD, ('model(images).last_hidden_state' if last == 4 else
                       f'model(images, output_hidden_states=True).hidden_states[{last}]')
    if names == 'timm':
        base = weights['layer1.0.conv1.weight'].shape[0]
        width = '' if base == 64 else f', channels={tuple(base * 2**stage for stage in range(4))}'
        return ('import timm\n\n'
                f"model = timm.create_model('resnet{depth}', in_chans={channels}, num_classes=0{width})"
                ), ('model.forward_features(images)' if last == 4 else
                    f'model.forward_intermediates(images, indices=[{last}], intermediates_only=True)[-1]')
    first = '' if channels == 3 else ('\nmodel.conv1 = torch.nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, '
                                      'bias=False)')
    return ('import torchvision\nfrom torchvision.models.feature_extraction import create_feature_extractor\n\n'
            f'model = torchvision.models.resnet{depth}()\n'
            f'model.fc = torch.nn.Identity()  # the classifier was not trained and is not in the file{first}'
            ), f"create_feature_extractor(model, ['layer{last}'])(images)['layer{last}']"


def _mm_config(config: dict[str, Any], weights: dict[str, Tensor]) -> dict[str, Any]:
    """The config with the width of the stem said: MMPretrain's default is 64, MMDetection's the base channels."""
    written = {key: _listed(value) for key, value in config.items()}
    if _resnet_type(config) in _RESNETS and 'conv1.weight' in weights:
        written['stem_channels'] = weights['conv1.weight'].shape[0]
    return written
