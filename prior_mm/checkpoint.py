"""Checkpoints are data, never code: plain containers and tensors, read without unpickling anything else."""
import os
import pickle
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn

#: Where published files keep the parameters, outermost first.
_WRAPPERS = ('state_dict', 'model', 'model_state_dict')


def save_checkpoint(checkpoint: dict[str, Any], path: 'str | Path') -> None:
    """Write a checkpoint whole or not at all: to a temporary name, synced, then renamed.

    Args:
        checkpoint: Dicts, lists, numbers, strings, booleans, None and tensors.
        path: The file; a file of that name is replaced.

    Raises:
        TypeError: If the checkpoint holds anything else, naming the place; nothing is written.
        OSError: If it cannot be written (a full disk, say); what stood there before is untouched.
    """
    check_plain(checkpoint)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + '.part')
    try:
        with temporary.open('wb') as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_plain(value: Any, place: str = 'checkpoint') -> None:
    """Raise TypeError where a value is more than plain data, so that no checkpoint is written that cannot be read."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int)):
                raise TypeError(f'{place} has a key of type {type(key).__name__}: {key!r}; only str and int are plain')
            check_plain(item, f'{place}[{key!r}]')
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            check_plain(item, f'{place}[{index}]')
    elif not (value is None or type(value) in (str, int, float, bool) or isinstance(value, Tensor)):
        raise TypeError(f'{place} is of type {type(value).__name__}: a checkpoint holds plain data and tensors only')


def load_checkpoint(path: 'str | Path', map_location: Any = 'cpu') -> dict[str, Any]:
    """Read a checkpoint (.pth, .pt, .ckpt, or .safetensors, whose tensors come as they are).

    Args:
        path: A local file.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or would have to run code to be read.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    if path.suffix == '.safetensors':
        from safetensors import SafetensorError
        from safetensors.torch import load_file
        try:
            return load_file(path, device=str(map_location))
        except SafetensorError as error:
            raise ValueError(f'{path} is damaged or no safetensors file: {error}') from error
    try:
        checkpoint = torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f'{path} is refused: it holds more than plain data ({_first_line(error)}), and reading that would run '
            'code. If you trust its source, load it there and save its state_dict alone') from error
    except Exception as error:  # damaged bytes make the reader fail in many ways
        raise ValueError(f'{path} cannot be read as a checkpoint; it is damaged or of another kind '
                         f'({_first_line(error)}). Take the checkpoint before it') from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f'{path} holds a {type(checkpoint).__name__}, not a checkpoint')
    return checkpoint


def load_state_dict(source: 'str | Path') -> dict[str, Tensor]:
    """The parameters in a checkpoint, whatever wraps them (MMEngine, Lightning, torchvision, plain).

    Args:
        source: A local file, or ``torchvision://<model>`` for torchvision's weights, which are taken from the local
            cache of PyTorch and fetched if they are not there.

    Raises:
        FileNotFoundError: If there is no such file, or torchvision's cannot be fetched.
        ValueError: If the file is damaged, unsafe, or holds no parameters.
    """
    source = str(source)
    path = _torchvision_file(source) if source.startswith('torchvision://') else Path(source)
    weights = load_checkpoint(path)
    for name in _WRAPPERS:
        if isinstance(weights.get(name), dict):
            weights = weights[name]
            break
    tensors = {key: value for key, value in weights.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ValueError(f'{source} holds no parameters; its entries are {list(weights)[:5]}')
    return tensors


def load_weights(model: nn.Module, weights: dict[str, Tensor], source: str, strict: bool) -> str:
    """Load parameters into a model; never a silent random model.

    Args:
        model: The model.
        weights: The parameters by name.
        source: Where they come from, for messages.
        strict: Whether all names must be there, and no others.

    Returns:
        One line that says how many tensors were loaded, and names the first that are missing or unknown.

    Raises:
        ValueError: If no name fits, a shape differs, or, with ``strict``, a name is missing or unknown.
    """
    ours = model.state_dict()
    missing, unknown = sorted(ours.keys() - weights.keys()), sorted(weights.keys() - ours.keys())
    reshaped = [f'{name} {tuple(weights[name].shape)} instead of {tuple(ours[name].shape)}'
                for name in sorted(ours.keys() & weights.keys()) if ours[name].shape != weights[name].shape]
    report = (f'{source}: {len(ours) - len(missing)} of {len(ours)} tensors of the model are there; missing '
              f'{missing[:3]}; unknown {unknown[:3]}; of another shape {reshaped[:3]}')
    if len(missing) == len(ours) or reshaped or (strict and (missing or unknown)):
        raise ValueError(f'the weights do not fit the model. {report}')
    model.load_state_dict(weights, strict=False)
    return report if missing or unknown else f'{source}: all {len(ours)} tensors loaded'


def _torchvision_file(source: str) -> Path:
    """The cached file of ``torchvision://resnet50``; fetched if it is missing."""
    from torchvision.models import get_model_weights
    name = source.removeprefix('torchvision://')
    try:
        url = get_model_weights(name)['IMAGENET1K_V1'].url
    except (ValueError, KeyError) as error:
        raise ValueError(f'torchvision has no ImageNet weights for {name!r} ({source})') from error
    path = Path(torch.hub.get_dir(), 'checkpoints', Path(urlparse(url).path).name)
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), path.stem.rsplit('-', 1)[-1])
        except OSError as error:
            raise FileNotFoundError(
                f'{source} is not on this machine and cannot be fetched ({error}). Put {path.name} into {path.parent}, '
                'or give a local file: PRIOR_IMAGE_ENCODER=FILE, or model.image_encoder.pretrained=FILE; '
                'model.image_encoder.pretrained=None starts from random weights') from error
    return path


def _first_line(error: Exception) -> str:
    return str(error).strip().split('\n')[0][:200]
