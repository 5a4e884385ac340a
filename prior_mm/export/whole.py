"""An export holds all tensors of what its config builds, and names nothing but components of this project."""
import re
from typing import Any

from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from prior_mm.checkpoints.model_weights import by_part, in_words
from prior_mm.registry import MODELS

_TOOLBOX_TYPE = re.compile(r'(mmpretrain|mmdet|mmseg)\.[A-Z]\w*')


def check_types(config: Any) -> None:
    """Raise ValueError if a ``type`` is anything but a component; a registry would import and call what it says."""
    if isinstance(config, dict):
        name = config.get('type')
        if name is not None and not (isinstance(name, str) and (
                _TOOLBOX_TYPE.fullmatch(name) or name in MODELS.module_dict or name in ('BN', 'SyncBN', 'ReLU'))):
            raise ValueError(f'the config asks for {name!r}, which is no component of this project or of MMPretrain, '
                             'MMDetection or MMSegmentation; such a file is not trusted')
        config = list(config.values())
    if isinstance(config, (list, tuple)):
        for item in config:
            check_types(item)


def check_whole(config: dict[str, Any], weights: dict[str, Tensor], source: str) -> None:
    """Refuse to export weights that would not load into what their config builds.

    Where a toolbox that the config names is not installed, that nothing could be checked is said.

    Args:
        config: Of a model or a backbone; it names no weights to start from.
        weights: By the model's own names.
        source: Where they come from, for the message.

    Raises:
        ValueError: If the config names something else than a component, or a tensor is missing, unknown or of another
            shape.
    """
    check_types(config)
    init_default_scope('prior_mm')
    try:
        model: nn.Module = MODELS.build(config)
    except (ImportError, KeyError) as error:  # MMEngine's, where a package or a component is not there
        print_log(f'whether {source} lacks a tensor was not checked, for its model cannot be built here: '
                  f'{str(error).strip().splitlines()[0]}', 'current', 30)
        return
    expected = model.state_dict()
    missing = [name for name in expected if name not in weights and not name.endswith('num_batches_tracked')]
    unknown = sorted(weights.keys() - expected.keys())
    reshaped = [f'{name} {tuple(weights[name].shape)} instead of {tuple(expected[name].shape)}'
                for name in sorted(expected.keys() & weights.keys()) if weights[name].shape != expected[name].shape]
    if missing or unknown or reshaped:
        raise ValueError(
            f'{source} is not exported, for it would not load. Missing: {in_words(by_part(expected, missing)) or "-"}; '
            f'unknown: {in_words(by_part(weights, unknown)) or "-"}; of another shape: {reshaped[:3] or "-"}. Take the '
            'checkpoint of a whole model, and with --config the config of that')
