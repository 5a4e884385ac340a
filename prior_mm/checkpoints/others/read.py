"""Anyone's weights of an image encoder: a published file, or a folder of timm or Hugging Face."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from prior_mm.checkpoints.checkpoint import load_checkpoint, parameters_of

from .architecture import Architecture, architecture_of
from .names import to_timm
from .one_channel import to_one_channel
from .sources import SOURCES, Preprocessing

#: How a folder calls its weights, the first that is there.
_FILES = ('model.safetensors', 'pytorch_model.bin')
_OWN = 'image_encoder.backbone.'

@dataclass(frozen=True)
class OtherWeights:
    """Weights of a backbone that others trained.

    Attributes:
        source: Whose, and of which kind.
        architecture: The backbone that they are of.
        weights: Under the backbone's names, of one gray channel.
        mean: Of that channel, a share of the range from black to white; None where nobody says.
        std: Likewise.
        size: Pixels of their images' side; None where nobody says.
        channels: That their first convolution had.
        meta: Of a checkpoint of this project.
    """
    source: str
    architecture: Architecture
    weights: dict[str, Tensor]
    mean: float | None
    std: float | None
    size: int | None
    channels: int
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Any]:
        """What a result records of them."""
        return dict(source=self.source, mean=self.mean, std=self.std, size=self.size, channels=self.channels)


def read_other(path: str | Path) -> OtherWeights | None:
    """Read weights that others trained, and those of this project that are of no ResNet; None for all else.

    Args:
        path: A file, or a folder with ``config.json`` and weights.

    Raises:
        FileNotFoundError: If there is no such file, or a folder holds no weights.
        ValueError: If a file is damaged or unsafe, or a folder is of a model that cannot be taken.
    """
    path = Path(path)
    said, file = _folder(path) if path.is_dir() else ({}, path)
    content = load_checkpoint(file)
    tensors = {name.removeprefix('module.'): value for name, value in parameters_of(content, file).items()}
    if any(name.startswith(_OWN) for name in tensors):
        return _own(tensors, content.get('meta') or {})
    source = next((one for one in SOURCES if one.is_of(tensors)), None)
    if source is None and not said and any(name.startswith('backbone.') for name in tensors):
        return None
    prefix = source.prefix if source else ''
    trunk = to_timm({name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)})
    architecture = architecture_of(trunk)
    if architecture is None:
        if said or source:
            raise ValueError(f'{path}: of {source.name if source else said.get("kind")}, but no backbone that is known '
                             f'here (ResNet, ViT, ConvNeXt, Swin, DenseNet); it holds {list(trunk)[:3]} ...')
        return None
    if source is None and not said and not architecture.trunk:
        return None  # a plain ResNet, as always
    preprocessing = source.preprocessing if source else _preprocessing(said)
    first = trunk[architecture.first]
    mean, std = (preprocessing.mean, preprocessing.std) if preprocessing else ((0., ) * first.shape[1],
                                                                             (1., ) * first.shape[1])
    trunk, gray_mean, gray_std = to_one_channel(trunk, architecture.first, mean, std)
    own = {f'{architecture.trunk}{name}': value for name, value in trunk.items()}
    return OtherWeights(
        source.name if source else said.get('kind', 'timm names'), architecture, own,
        gray_mean if preprocessing else None, gray_std if preprocessing else None,
        preprocessing.size if preprocessing else None, first.shape[1])


def _own(tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> OtherWeights | None:
    """A backbone of timm that this project trained: its checkpoint says which, as plain data; None for a ResNet."""
    backbone = (((meta.get('config') or {}).get('model') or {}).get('image_encoder') or {}).get('backbone') or {}
    weights = {name.removeprefix(_OWN): value for name, value in tensors.items() if name.startswith(_OWN)}
    found = architecture_of({name.removeprefix('model.'): value for name, value in weights.items()})
    if found is None or not found.trunk or str(backbone.get('type')).split('.')[-1] != 'TimmBackbone':
        return None
    config = dict(found.config, architecture=str(backbone['architecture']),
                  model_args=dict(backbone.get('model_args') or {}))
    first = weights[f'{found.trunk}{found.first}']
    return OtherWeights('prior_mm', found._replace(config=config), weights, None, None, None, first.shape[1], meta)


def _folder(path: Path) -> tuple[dict[str, Any], Path]:
    """What a folder's files say, and its weights."""
    file = next((path / name for name in _FILES if (path / name).is_file()), None)
    if file is None:
        raise FileNotFoundError(f'{path} holds no {" or ".join(_FILES)}')
    config = _json(path / 'config.json')
    if 'pretrained_cfg' in config or 'architecture' in config:
        given = config.get('pretrained_cfg') or config
        return dict(kind=f'timm {config.get("architecture", "")}'.strip(), mean=given.get('mean'), std=given.get('std'),
                    size=(given.get('input_size') or [None])[-1]), file
    given = _json(path / 'preprocessor_config.json')
    size = given.get('crop_size') or given.get('size')
    if isinstance(size, Mapping):
        size = size.get('height') or size.get('shortest_edge')
    return dict(kind=f'Hugging Face {config.get("model_type", "")}'.strip(), mean=given.get('image_mean'),
                std=given.get('image_std'), size=size), file


def _preprocessing(said: Mapping[str, Any]) -> Preprocessing | None:
    if not (said.get('mean') and said.get('std')):
        return None
    return Preprocessing(tuple(said['mean']), tuple(said['std']), said.get('size'))


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} is not JSON ({error}). Fetch it again') from None
    return content if isinstance(content, dict) else {}
