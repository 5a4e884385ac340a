"""A backbone of timm as it is handed on: under timm's own names, for timm's own builder."""
from typing import Any

from torch import Tensor

from prior_mm.checkpoints.others.architecture import architecture_of


def timm_names(weights: dict[str, Tensor], config: dict[str, Any], channels: int) -> tuple[dict[str, Tensor], str, str]:
    """Weights of a ``TimmBackbone`` under timm's names, the lines that build the model, and its last features.

    Args:
        weights: Of the backbone.
        config: Of the backbone.
        channels: 1, or 3 for gray images copied to three channels.

    Raises:
        ValueError: If its first convolution is not known, so that it cannot be turned into one of three channels.
    """
    named = {name.removeprefix('model.'): value for name, value in weights.items()}
    if channels != int(config.get('in_channels', 1)):
        found = architecture_of(named)
        if found is None or channels != 3:
            raise ValueError(f'the first convolution of {config["architecture"]} takes {config.get("in_channels", 1)} '
                             'channels, and is not known here: leave --channels out')
        named[found.first] = (named[found.first] / channels).repeat(1, channels, 1, 1)
    words = ''.join(f', {name}={value!r}' for name, value in _arguments(config).items())
    build = (f"import timm\n\nmodel = timm.create_model('{config['architecture']}', in_chans={channels}, "
             f'num_classes=0{words})')
    indices, norm = list(config.get('out_indices', (-1, ))), config.get('final_norm', True)
    return named, build, (f'model.forward_intermediates(images, indices={indices!r}, norm={norm!r}, '
                          "output_fmt='NCHW', intermediates_only=True)[-1]")


def timm_architecture(config: dict[str, Any], channels: int) -> tuple[str, dict[str, Any]]:
    """timm's name and ``model_args`` for a folder's ``config.json``."""
    return config['architecture'], dict(in_chans=channels, **_arguments(config))


def _arguments(config: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value
            for name, value in (config.get('model_args') or {}).items()}
