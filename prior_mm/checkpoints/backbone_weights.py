"""Weights of a backbone alone, out of whatever file holds them: never a silent random backbone."""
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from torch import Tensor, nn

from prior_mm.checkpoints.checkpoint import open_checkpoint, parameters_of

#: Where the backbone stands in this project's, the toolboxes' and published files.
PREFIXES = ('', 'backbone.', 'image_encoder.backbone.', 'image_encoder.encoder.', 'module.', 'encoder.')
_NAMED = 3


def load_backbone(backbone: nn.Module, source: 'str | Path', prefix: str | None = None) -> dict[str, Any]:
    """Load weights into a backbone, fitting the first convolution to its number of input channels.

    Args:
        backbone: The backbone; its parameter names must be those of the file (a classifier's head is left out).
        source: A local file, or ``torchvision://<model>``.
        prefix: What stands before the backbone's names in the file; None looks for it among :data:`PREFIXES`.

    Returns:
        ``meta`` of the checkpoint; empty if it has none.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If parameters of the backbone are missing from the file or of another shape; the first few are
            named, and the prefix under which they are there, if they are.
    """
    checkpoint = open_checkpoint(source)
    weights, expected, kind = parameters_of(checkpoint, source), backbone.state_dict(), type(backbone).__name__
    candidates = [_without(weights, known) for known in (PREFIXES if prefix is None else (prefix, ))]
    found = max(candidates, key=lambda tensors: len(tensors.keys() & expected.keys()))  # the first of equals
    missing = [key for key in expected if key not in found and not key.endswith('num_batches_tracked')]
    if missing:
        raise ValueError(f'{source} lacks {len(missing)} of {len(expected)} tensors of the backbone ({kind}), for '
                         f'example {missing[:_NAMED]}; it holds {list(weights)[:_NAMED]} ...{_hint(weights, expected)}')
    fitted = {key: _fit(found.get(key, target), target) for key, target in expected.items()}
    reshaped = [f'{key} {tuple(fitted[key].shape)} instead of {tuple(target.shape)}' for key, target in expected.items()
                if fitted[key].shape != target.shape]
    if reshaped:
        raise ValueError(f'{source} does not fit the backbone ({kind}): {reshaped[:_NAMED]}')
    backbone.load_state_dict(fitted)
    print_log(f'loaded {len(expected)} tensors of the backbone from {source}', 'current')
    meta = checkpoint.get('meta')
    return meta if isinstance(meta, dict) else {}


def _without(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}


def _fit(value: Tensor, target: Tensor) -> Tensor:
    """A first convolution of several colours summed to that of one: the same for gray images."""
    if value.shape != target.shape and value.ndim == target.ndim == 4 and target.shape[1] == 1 \
            and value.shape[:1] + value.shape[2:] == target.shape[:1] + target.shape[2:]:
        return value.sum(dim=1, keepdim=True)
    return value


def _hint(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """Which prefix would fit all names, if one does."""
    wanted = [key for key in expected if not key.endswith('num_batches_tracked')]
    prefixes = Counter(key.removesuffix(wanted[0]) for key in weights if key.endswith(wanted[0]))
    fitting = [prefix for prefix in prefixes if all(prefix + key in weights for key in wanted)]
    return f' All of them are there under the prefix {" or ".join(map(repr, fitting))}: name it' if fitting else ''
