"""Anyone's weights of an image encoder: a published file, or a folder of timm or Hugging Face."""
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor

from prior_mm.checkpoints.checkpoint import load_checkpoint, parameters_of

from .architecture import Architecture, architecture_of, by_name
from .names import to_timm
from .one_channel import to_one_channel
from .sources import SOURCES, Preprocessing, Source

#: How a folder calls its weights, the first that is there.
_FILES = ('model.safetensors', 'pytorch_model.bin')
_OWN = 'image_encoder.backbone.'
#: Activations that Hugging Face names, as timm calls them.
_ACTIVATIONS = dict(gelu='gelu', gelu_new='gelu_tanh', gelu_pytorch_tanh='gelu_tanh', quick_gelu='quick_gelu',
                    relu='relu', silu='silu')


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
        said = dict(source=self.source, mean=self.mean, std=self.std, size=self.size, channels=self.channels)
        return said | (dict(assumed=self.architecture.assumed) if self.architecture.assumed else {})


def read_other(path: str | Path) -> OtherWeights | None:
    """Read weights that others trained, and those of this project that are of no ResNet; None for all else.

    Args:
        path: A file, or a folder with ``config.json`` and weights.

    Raises:
        FileNotFoundError: If there is no such file, or a folder holds no weights.
        ValueError: If a file is damaged or unsafe, a folder is of a model that cannot be taken, or the model or the
            range of its images may be one or another.
    """
    path = Path(path)
    said, file = _folder(path) if path.is_dir() else ({}, path)
    content = load_checkpoint(file)
    tensors = {name.removeprefix('module.'): value for name, value in parameters_of(content, file).items()}
    if any(name.startswith(_OWN) for name in tensors):
        return _own(tensors, content.get('meta') or {})
    # What a folder says of its images needs no source.
    source = None if _preprocessing(said) else next((one for one in SOURCES if one.is_of(tensors)), None)
    if source is None and not said and any(name.startswith('backbone.') for name in tensors):
        return None
    prefix = source.prefix if source else ''
    trunk = to_timm({name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)})
    architecture = _architecture(trunk, said, source, path)
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
                  model_args=dict(backbone.get('model_args') or {}), final_norm=backbone.get('final_norm', True))
    first = weights[f'{found.trunk}{found.first}']
    return OtherWeights('prior_mm', found._replace(config=config, assumed=None), weights, None, None, None,
                        first.shape[1], meta)


def _architecture(trunk: Mapping[str, Tensor], said: Mapping[str, Any], source: Source | None, path: Path) -> \
        Architecture | None:
    """The backbone as folder and source say, which names and shapes say in part; refuses what may be another one."""
    activation = source.activation if source else said.get('activation')
    found = architecture_of(trunk, said.get('heads'), activation)
    if found is None or source:
        return found and found._replace(assumed=None)
    if name := said.get('architecture'):
        found = by_name(found, name, said['model_args'], trunk) or found
    if found.assumed and activation is None and 'norm_pre.weight' in trunk:
        raise ValueError(f"{path}: of CLIP, and nothing says whether with GELU or with QuickGELU (OpenAI's). A folder "
                         "with a config.json as timm writes it says so: {\"architecture\": "
                         "\"vit_base_patch16_clip_quickgelu_224\", \"pretrained_cfg\": {\"mean\": ..., \"std\": ...}}")
    if not _preprocessing(said) and found.first.startswith('features.') and trunk[found.first].shape[1] == 1:
        raise ValueError(f"{path}: a DenseNet of one channel. If it began as TorchXRayVision's, its images went from "
                         '-1024 to 1024, and nothing says so. Put it as pytorch_model.bin into a folder with a '
                         'config.json: {"architecture": "densenet121", "pretrained_cfg": {"mean": [0.5], "std": '
                         "[0.00048828125]}} for TorchXRayVision's, else its own mean and deviation")
    _check_settings(said, found, path)
    return found


def _check_settings(said: Mapping[str, Any], found: Architecture, path: Path) -> None:
    """Refuse settings of Hugging Face's that no tensor shows and no backbone here has."""
    usual = {'downsample_in_bottleneck': (False, ), 'downsample_in_first_stage': (False, ),
             'hidden_act': _ACTIVATIONS if found.stride else ('gelu', ) if found.trunk else ('relu', )}
    odd = [f'{key}={said["config"][key]!r}' for key, values in usual.items()
           if said.get('config', {}).get(key) not in (None, *values)]
    if odd:
        raise ValueError(f'{path}: config.json says {", ".join(odd)}, which no backbone that is known here has')


def _folder(path: Path) -> tuple[dict[str, Any], Path]:
    """What a folder's files say, and its weights."""
    file = next((path / name for name in _FILES if (path / name).is_file()), None)
    if file is None:
        raise FileNotFoundError(f'{path} holds no {" or ".join(_FILES)}')
    config = _json(path / 'config.json')
    if 'pretrained_cfg' in config or 'architecture' in config:
        given = config.get('pretrained_cfg') or config
        args = config.get('model_args') or {}
        return dict(kind=f'timm {config.get("architecture", "")}'.strip(), mean=given.get('mean'), std=given.get('std'),
                    size=(given.get('input_size') or [None])[-1], architecture=config.get('architecture'),
                    model_args=args, heads=args.get('num_heads'), activation=args.get('act_layer')), file
    given = _json(path / 'preprocessor_config.json')
    size = given.get('crop_size') or given.get('size')
    if isinstance(size, Mapping):
        size = size.get('height') or size.get('shortest_edge')
    return dict(kind=f'Hugging Face {config.get("model_type", "")}'.strip(), mean=given.get('image_mean'),
                std=given.get('image_std'), size=size, heads=config.get('num_attention_heads'),
                activation=_ACTIVATIONS.get(config.get('hidden_act') or ''), config=config), file


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
