"""A plain ResNet as ``AutoModel`` of transformers loads it, without code of its own: names, config, processor."""
import re
from typing import Any

from torch import Tensor

_BLOCK = r'^layer(\d)\.(\d+)\.'
_IN_BLOCK = 'encoder.stages.{stage}.layers.{block}.'
_PLACES = (
    (re.compile(r'^conv1\.'), 'embedder.embedder.convolution.'),
    (re.compile(r'^bn1\.'), 'embedder.embedder.normalization.'),
    (re.compile(_BLOCK + r'downsample\.0\.'), _IN_BLOCK + 'shortcut.convolution.'),
    (re.compile(_BLOCK + r'downsample\.1\.'), _IN_BLOCK + 'shortcut.normalization.'),
    (re.compile(_BLOCK + r'conv(\d)\.'), _IN_BLOCK + 'layer.{part}.convolution.'),
    (re.compile(_BLOCK + r'bn(\d)\.'), _IN_BLOCK + 'layer.{part}.normalization.'))
#: The card's lines.
BUILD = ("from transformers import AutoImageProcessor, AutoModel\n\n"
         "processor = AutoImageProcessor.from_pretrained('.')  # the folder of this file\n"
         "model = AutoModel.from_pretrained('.')")


def transformers_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of a plain ResNet under the names of ``transformers.ResNetModel``."""
    return {_renamed(name): value for name, value in weights.items()}


def transformers_config(weights: dict[str, Tensor], config: dict[str, Any]) -> dict[str, Any]:
    """What ``AutoConfig`` reads of such a ResNet.

    Args:
        weights: Under the names of transformers.
        config: Of the backbone, with its ``depth`` and ``in_channels``.
    """
    stages = [max(int(name.split('.')[4]) for name in weights if name.startswith(f'encoder.stages.{stage}.')) + 1
              for stage in range(4)]
    bottleneck = config['depth'] >= 50
    last = 2 if bottleneck else 1
    widths = [weights[f'encoder.stages.{stage}.layers.0.layer.{last}.convolution.weight'].shape[0]
              for stage in range(4)]
    return dict(model_type='resnet', architectures=['ResNetModel'], num_channels=config['in_channels'],
                embedding_size=weights['embedder.embedder.convolution.weight'].shape[0], hidden_sizes=widths,
                depths=stages, layer_type='bottleneck' if bottleneck else 'basic', hidden_act='relu',
                downsample_in_first_stage=False, downsample_in_bottleneck=False)


def processor_config(preprocessing: dict[str, Any]) -> dict[str, Any]:
    """What ``AutoImageProcessor`` reads: the size, mean and deviation of the training.

    Args:
        preprocessing: See :attr:`.source.Source.preprocessing`, with the ``channels`` that are exported.
    """
    height, width = preprocessing['size'] or (224, 224)
    return dict(image_processor_type='ViTImageProcessor', do_resize=True, size=dict(height=height, width=width),
                resample=2, do_rescale=True, rescale_factor=1 / 255, do_normalize=True,
                image_mean=[preprocessing['mean']] * preprocessing['channels'],
                image_std=[preprocessing['std']] * preprocessing['channels'])


def _renamed(name: str) -> str:
    for pattern, place in _PLACES:
        if found := pattern.match(name):
            stage, block, part = (*map(int, found.groups()), 0, 0, 0)[:3]
            return place.format(stage=stage - 1, block=block, part=part - 1) + name[found.end():]
    raise ValueError(f'{name} is no tensor of a plain ResNet')
