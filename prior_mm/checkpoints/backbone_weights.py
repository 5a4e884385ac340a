"""Weights of a backbone alone, out of whatever file holds them: never a silent random backbone."""
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from torch import Tensor, nn

from .checkpoint import open_checkpoint, parameters_of
from .model_weights import prefix_hint
from .others import OtherWeights, read_other
from .others.architecture import is_made

#: Where the backbone stands in this project's, the toolboxes' and published files.
PREFIXES = ('', 'backbone.', 'image_encoder.backbone.', 'image_encoder.encoder.', 'module.', 'encoder.')
#: What goes into features wherever it stands; the parts of a backbone do as well, but for its head.
_OF_FEATURES = {'reg_token', 'dist_token', 'cls_token', 'pos_embed', 'embeddings', 'encoder'}
_NAMED = 3
_FAR = 3  # times the deviation that weights were trained with


def is_far(std: float, theirs: float) -> bool:
    """Whether images divided by one deviation are of quite another scale than those divided by another."""
    return not 1 / _FAR < std / theirs < _FAR


def load_backbone(backbone: nn.Module, source: 'str | Path', prefix: str | None = None) -> dict[str, Any]:
    """Load weights into a backbone, fitting the first convolution to its number of input channels.

    Args:
        backbone: The backbone; its parameter names must be those of the file (a classifier's head is left out).
        source: A local file, ``torchvision://<model>``, or what others published: a file or a folder that
            :func:`.others.read_other` knows.
        prefix: What stands before the backbone's names in the file; None looks for it among :data:`PREFIXES`.

    Returns:
        ``meta`` of the checkpoint, empty if it has none; of others' weights with their ``preprocessing``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If parameters of the backbone are missing from the file or of another shape (the first few are
            named, and the prefix under which they are there, if they are), or the file's backbone is a deeper one.
    """
    other = read_other(source) if prefix is None and not str(source).startswith('torchvision://') else None
    if other is not None:
        return _load_other(backbone, other, source)
    checkpoint = open_checkpoint(source)
    weights, expected, kind = parameters_of(checkpoint, source), backbone.state_dict(), type(backbone).__name__
    candidates = [_without(weights, known) for known in (PREFIXES if prefix is None else (prefix, ))]
    found = max(candidates, key=lambda tensors: len(tensors.keys() & expected.keys()))  # the first of equals
    missing = [key for key in expected if key not in found and not key.endswith('num_batches_tracked')]
    if missing:
        raise ValueError(f'{source} lacks {len(missing)} of {len(expected)} tensors of the backbone ({kind}), for '
                         f'example {missing[:_NAMED]}; it holds {list(weights)[:_NAMED]} ...'
                         f'{prefix_hint(weights, expected, "name it")}')
    fitted = {key: _fit(found.get(key, target), target) for key, target in expected.items()}
    reshaped = [f'{key} {tuple(fitted[key].shape)} instead of {tuple(target.shape)}' for key, target in expected.items()
                if fitted[key].shape != target.shape]
    if reshaped:
        raise ValueError(f'{source} does not fit the backbone ({kind}): {reshaped[:_NAMED]}')
    parts = {_part(name, '') for name in expected}
    if odd := [name for name in found if name not in expected and _part(name, '') in parts and not is_made(name)]:
        raise ValueError(f'{source} is of a larger backbone than this one ({kind}), which has no place for {len(odd)} '
                         f'of its tensors, such as {odd[:_NAMED]}: set the depth of the backbone in the config')
    backbone.load_state_dict(fitted)
    print_log(f'loaded {len(expected)} tensors of the backbone from {source}; {len(weights.keys() - found.keys())} of '
              'the file have another prefix', 'current')
    meta = checkpoint.get('meta')
    return meta if isinstance(meta, dict) else {}


def _load_other(backbone: nn.Module, other: OtherWeights, source: 'str | Path') -> dict[str, Any]:
    """Load all of a backbone or nothing; says how many tensors were taken and how many were not."""
    expected, given, kind = backbone.state_dict(), other.weights, type(backbone).__name__
    wanted = [name for name in expected if not is_made(name)]
    missing = [name for name in wanted if name not in given or given[name].shape != expected[name].shape]
    left = sorted(name for name in given.keys() - expected.keys() if not is_made(name))
    if missing:
        seen = [f'{name} {tuple(given[name].shape) if name in given else "missing"}' for name in missing[:_NAMED]]
        raise ValueError(f'{source} ({other.source}) fits {len(wanted) - len(missing)} of {len(wanted)} tensors of the '
                         f'backbone ({kind}), and a half-fit is refused: {", ".join(seen)}; {len(left)} tensors of the '
                         f'file are left over, such as {left[:_NAMED]}')
    trunk = other.architecture.trunk
    parts = {_part(name, trunk) for name in expected} - {'head'} | _OF_FEATURES
    if odd := [name for name in left if _part(name, trunk) in parts and not name.endswith('mask_token')]:
        raise ValueError(f'{source} ({other.source}) is of another architecture than the backbone ({kind}), which has '
                         f'no place for {len(odd)} tensors of its features, such as {odd[:_NAMED]}: what is known here '
                         'stands in docs/anyones_weights.md')
    backbone.load_state_dict({name: given.get(name, value) for name, value in expected.items()})
    print_log(f'{source}: {other.source}, {len(wanted)} tensors taken for the backbone ({kind}), {len(left)} of its '
              f'encoder not: {", ".join(left[:_NAMED]) or "none"}{" ..." if len(left) > _NAMED else ""}', 'current')
    if other.architecture.assumed:
        print_log(f'{source}: nothing says its attention heads or its activation; assumed, by a rule, are '
                  f'{other.architecture.assumed}. A folder with a config.json of timm or Hugging Face says them',
                  'current', logging.WARNING)
    if other.mean is None:
        return dict(other.meta)
    return dict(preprocessing=dict(mean=other.mean, std=other.std, pixel_range=[0., 1.]))


def _part(name: str, trunk: str) -> str:
    return name.removeprefix(trunk).split('.')[0]


def _without(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}


def _fit(value: Tensor, target: Tensor) -> Tensor:
    """A first convolution of several colours summed to that of one: the same for gray images."""
    if value.shape != target.shape and value.ndim == target.ndim == 4 and target.shape[1] == 1 \
            and value.shape[:1] + value.shape[2:] == target.shape[:1] + target.shape[2:]:
        return value.sum(dim=1, keepdim=True)
    return value
