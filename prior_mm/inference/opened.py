"""What a model is loaded from, opened as data: a run's folder, a checkpoint, an export, converted weights."""
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from prior_mm.checkpoints.checkpoint import load_state_dict
from prior_mm.checkpoints.text_side import check_text_side
from prior_mm.engine.launch import find_checkpoint
from prior_mm.export.joint import joint_config
from prior_mm.export.source import read_source
from prior_mm.export.text_encoder import find_tokenizer
from prior_mm.files.file_hash import sha256
from prior_mm.tokenizer import describe_tokenizer, load_tokenizer

_WEIGHTS = ('model.safetensors', 'model.pth')


@dataclass(frozen=True)
class Opened:
    """A model that can be built, and what is known of it.

    Attributes:
        path: The file with the weights.
        sha256: Of that file.
        model: Config of the model; nothing of it is executed, and a registry gets it only once its types are checked.
        weights: All parameters by name.
        tokenizer: Vocabulary file, folder or name.
        reports: ``max_length`` and ``lowercase`` of the reports, as far as they are known.
        images: ``size``, ``mean``, ``std`` of the images.
        training: ``data`` (``metainfo`` of the annotation file), ``epoch``, ``seed``, ``version``, as far as known.
        config: The whole config of the run; empty for an export.
    """

    path: Path
    sha256: str
    model: dict[str, Any]
    weights: dict[str, Tensor]
    tokenizer: str
    reports: dict[str, Any]
    images: dict[str, Any]
    training: dict[str, Any]
    config: dict[str, Any]


def is_export(folder: Path) -> bool:
    """Whether a folder is an export of the joint model."""
    return (folder / 'config.json').is_file() and any((folder / name).is_file() for name in _WEIGHTS)


def open_source(source: str | Path, config: str | None = None, tokenizer: str | None = None) -> Opened:
    """Open what a model is loaded from.

    Args:
        source: The folder of a run (its best checkpoint, else its last regular one), a checkpoint, a folder or a file
            of an export of the joint model, or converted weights.
        config: A config file, for weights that do not say of which model they are. It is a program, and runs as one.
        tokenizer: Vocabulary file or Hugging Face folder, if that of the run lies elsewhere now.

    Raises:
        FileNotFoundError: If it, its tokenizer or the architecture of its text encoder is not there.
        ValueError: If it is damaged, unsafe, no joint model, or of another tokenizer.
    """
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f'there is no {path}: wanted is the folder of a run, a checkpoint, or an export')
    if path.is_file() and path.name in _WEIGHTS and is_export(path.parent):
        path = path.parent
    if path.is_dir() and is_export(path):
        return _open_export(path, tokenizer)
    if path.is_dir():
        path = Path(find_checkpoint(str(path), 'CONFIG'))
    return _open_checkpoint(path, config, tokenizer)


def _open_checkpoint(path: Path, config: str | None, tokenizer: str | None) -> Opened:
    found = read_source(path, config)
    for part in ('image_encoder', 'text_encoder'):
        if not isinstance(found.model.get(part), dict):
            raise ValueError(f'{path} is of a model without {part}: wanted is one of pre-training, with both encoders')
    step = found.tokenizer()
    find_tokenizer(found, tokenizer)  # says what is wrong with it
    training = dict(data=found.data, epoch=found.meta.get('epoch'), seed=found.meta.get('seed'),
                    version=found.meta.get('prior_mm_version'))
    return Opened(path, found.sha256, joint_config(found, tokenizer), found.weights,
                  str(tokenizer or step['tokenizer']),
                  {key: step[key] for key in ('max_length', 'lowercase') if step.get(key) is not None},
                  found.preprocessing, training, found.config)


def _open_export(folder: Path, tokenizer: str | None) -> Opened:
    weights = next(folder / name for name in _WEIGHTS if (folder / name).is_file())
    try:
        content = json.loads((folder / 'config.json').read_text(encoding='utf-8'))
        given = json.loads((folder / 'preprocessing.json').read_text(encoding='utf-8'))
        model, images, reports = content['model'], given['images'], given['reports']
    except (ValueError, KeyError, OSError, TypeError) as error:
        raise ValueError(f'{folder} is no export of a joint model: its config.json or preprocessing.json is not as '
                         f'`tools/model_converters/export.py --part joint` writes them ({error})') from None
    place = str(tokenizer or folder / 'tokenizer')
    if 'tokenizer' in content:  # older exports do not say
        check_text_side(describe_tokenizer(load_tokenizer(place)), content, str(folder))
    return Opened(weights, sha256(weights), model, load_state_dict(weights), place, dict(reports), dict(images),
                  dict(content.get('training') or {}), {})
