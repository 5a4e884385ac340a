"""Checkpoints are data, never code: plain containers and tensors, read without unpickling anything else."""
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor

from prior_mm.files.whole_files import damage, first_whole, whole_file, write_whole

from .config_text import find_smuggled_code

#: In a run's folder: the checkpoints it can go on from, one a line, the last one last. MMEngine's ``last_checkpoint``
#: beside it names that one only.
CHECKPOINT_LIST = 'checkpoints.txt'
#: Of a run that was asked to stop: outside the row of the regular ones. The next regular one replaces it.
PREEMPTED = 'preempted.pth'

#: What ``torch.compile`` puts before the names within what it compiled.
_COMPILED = '_orig_mod.'
#: Where published files keep the parameters, outermost first.
_WRAPPERS = ('state_dict', 'model', 'model_state_dict')
_META = 'prior_mm_meta'  # JSON of ``meta`` in the header of a safetensors file


def save_checkpoint(checkpoint: dict[str, Any], path: 'str | Path') -> None:
    """Write a checkpoint whole or not at all: to a temporary name, synced, then renamed.

    Args:
        checkpoint: Dicts, lists, numbers, strings, booleans, None and tensors.
        path: The file; a file of that name is replaced. What ends in ``.safetensors`` holds ``state_dict`` and
            ``meta`` alone.

    Raises:
        TypeError: If the checkpoint holds anything else, naming the place; nothing is written.
        ValueError: If a ``.safetensors`` file should hold more than weights and ``meta``.
        OSError: If it cannot be written (a full disk, say); what stood there before is untouched.
    """
    check_plain(checkpoint)
    path = Path(path)
    content = _safetensors_bytes(checkpoint, path) if path.suffix == '.safetensors' else None
    with whole_file(path, sync=True) as file:
        if content is None:
            torch.save(checkpoint, file)
        else:
            file.write(content)


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
    """Read a checkpoint: .pth, .pt, .ckpt, or .safetensors.

    Tensors of a safetensors file come as they are; from one that :func:`save_checkpoint` wrote, as ``state_dict``
    beside its ``meta``.

    Args:
        path: A local file.
        map_location: As in ``torch.load``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, would have to run code to be read, or carries Python where MMEngine would
            run it.
        OSError: If it cannot be opened.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no checkpoint {path}')
    try:
        path.open('rb').close()
    except OSError as error:
        raise OSError(f'the checkpoint {path} cannot be opened ({error.strerror}). Check its rights') from None
    if path.suffix == '.safetensors':
        return _load_safetensors(path, str(map_location))
    if zipfile.is_zipfile(path) and (problem := damage(path)):
        raise ValueError(f'{path} is damaged: {problem}. Take the checkpoint before it')
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
    smuggled = find_smuggled_code(checkpoint)
    if smuggled:
        raise ValueError(f'{path} is refused: the config text that it carries holds Python ({smuggled}), which other '
                         'tools would run. Nothing was run. If you want its weights, save its state_dict alone')
    return checkpoint


def _safetensors_bytes(checkpoint: dict[str, Any], path: Path) -> bytes:
    from safetensors.torch import save
    more = sorted(checkpoint.keys() - {'state_dict', 'meta'})
    if more or not isinstance(checkpoint.get('state_dict'), dict):
        raise ValueError(f'{path}: a safetensors file holds state_dict and meta; this checkpoint holds '
                         f'{", ".join(map(str, checkpoint))}. Name the file .pth')
    # Each tensor by itself: the format knows no two names for one memory.
    weights = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in checkpoint['state_dict'].items()}
    return save(weights, {_META: json.dumps(checkpoint.get('meta', {})), 'format': 'pt'})


def _load_safetensors(path: Path, device: str) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open
    try:
        with safe_open(path, framework='pt', device=device) as file:
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # it is no dict
            meta = (file.metadata() or {}).get(_META)
        return weights if meta is None else dict(state_dict=weights, meta=json.loads(meta))
    except (SafetensorError, ValueError, RecursionError) as error:
        raise ValueError(f'{path} is damaged or no safetensors file: {error}. Fetch or write it again') from error


def load_state_dict(source: 'str | Path') -> dict[str, Tensor]:
    """The parameters in a checkpoint, whatever wraps them (MMEngine, Lightning, torchvision, plain).

    Args:
        source: A local file, or ``torchvision://<model>`` for torchvision's weights, which are taken from the local
            cache of PyTorch and fetched if they are not there.

    Raises:
        FileNotFoundError: If there is no such file, or torchvision's cannot be fetched.
        ValueError: If the file is damaged, unsafe, or holds no parameters.
    """
    return parameters_of(open_checkpoint(source), source)


def open_checkpoint(source: 'str | Path') -> dict[str, Any]:
    """What a local file or ``torchvision://<model>`` holds; errors as of :func:`load_state_dict`."""
    source = str(source)
    return load_checkpoint(_torchvision_file(source) if source.startswith('torchvision://') else source)


def read_meta(source: 'str | Path') -> dict[str, Any]:
    """``meta`` of a checkpoint; empty if it has none; errors as of :func:`load_state_dict`."""
    meta = open_checkpoint(source).get('meta')
    return meta if isinstance(meta, dict) else {}


def parameters_of(checkpoint: dict[str, Any], source: 'str | Path') -> dict[str, Tensor]:
    """The parameters within a checkpoint, by name, without the marks that ``torch.compile`` leaves in names.

    Args:
        checkpoint: What :func:`open_checkpoint` gives.
        source: Where it comes from, for messages.

    Raises:
        ValueError: If it holds none.
    """
    weights = next((checkpoint[name] for name in _WRAPPERS if isinstance(checkpoint.get(name), dict)), checkpoint)
    tensors = {str(key).replace(_COMPILED, ''): value for key, value in weights.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ValueError(f'{source} holds no parameters; its entries are {list(weights)[:5]}')
    return tensors


def latest_checkpoint(folder: 'str | Path', regular: bool = False) -> 'Path | None':
    """The last whole checkpoint that a run can go on from; None if it has not written any.

    Args:
        folder: The run's folder.
        regular: Pass over one that was written because the run was asked to stop.

    Raises:
        ValueError: If all that it has written are damaged.
    """
    # A path is wrong after the folder was moved; then the name counts.
    found = (next((path for path in (Path(folder, Path(line).name), Path(line)) if path.is_file()), None)
             for line in reversed(_noted(folder)) if not (regular and Path(line).name == PREEMPTED))
    return first_whole(path for path in found if path is not None)


def note_checkpoint(folder: 'str | Path', path: str, before: 'list[str] | None' = None) -> None:
    """Note in a run's folder, whole or not at all, that a checkpoint is the last one, once it is written.

    Args:
        folder: The folder.
        path: The checkpoint.
        before: Those before it that are whole, too, oldest first; by default those that were noted.
    """
    lines = [*(line for line in (_noted(folder) if before is None else before) if line != path), path]
    write_whole(Path(folder, CHECKPOINT_LIST), '\n'.join(lines).encode(), sync=True)
    write_whole(Path(folder, 'last_checkpoint'), path.encode(), sync=True)


def forget_checkpoints(folder: 'str | Path') -> 'str | None':
    """Remove the notes of a run's folder, not the checkpoints; gives the last one that was noted."""
    noted = _noted(folder)
    for name in (CHECKPOINT_LIST, 'last_checkpoint'):
        Path(folder, name).unlink(missing_ok=True)
    return noted[-1] if noted else None


def _noted(folder: 'str | Path') -> list[str]:
    """The lines of the list; MMEngine's note where there is none."""
    for path in (Path(folder, CHECKPOINT_LIST), Path(folder, 'last_checkpoint')):
        if path.is_file():
            return [line for line in path.read_text(encoding='utf-8', errors='replace').split('\n') if line.strip()]
    return []


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
