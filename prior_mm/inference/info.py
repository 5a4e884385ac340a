"""What a model says of itself, without building it."""
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prior_mm.checkpoints.checkpoint import CHECKPOINT_LIST
from prior_mm.datasets.images import COPIED

from .opened import Opened, is_export

_NAMES = {'ZeroShotClassifier': 'PRIOR', 'PhraseGrounder': 'PRIOR'}  # of the tasks that it can be tested on


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model; None where it does not say.

    Attributes:
        path: The file with its weights.
        sha256: Of that file: the model's name in archives and results.
        method: ``PRIOR``, ``GLoRIA`` ...
        parameters: How many numbers were trained.
        embed_dims: Width D of the joint space.
        losses: Those of the stage that it is of.
        size: Height and width of the images that it takes.
        mean: Of their pixels, in [0, 1].
        std: Their standard deviation.
        pixel_range: What stood for white in the training data's films, where these did not say so.
        tokenizer: Where its vocabulary is.
        dataset: What it was trained on.
        synthetic: Whether those images were drawn.
        studies: How many there were.
        epoch: Epochs of training.
        seed: Of the training.
        version: Of prior_mm.
        figures: Results of ``tools/test.py`` of this very file, by the name of their file.
        config: The config of the run.
    """

    path: str
    sha256: str
    method: str
    parameters: int
    embed_dims: int
    losses: tuple[str, ...] | None
    size: tuple[int, int] | None
    mean: float
    std: float
    pixel_range: dict[str, float] | None
    tokenizer: str
    dataset: str | None
    synthetic: bool | None
    studies: int | None
    epoch: int | None
    seed: int | None
    version: str | None
    figures: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    config: dict[str, Any] = field(default_factory=dict, repr=False)


def describe(opened: Opened) -> ModelInfo:
    """What is known of an opened model."""
    data, images, training = opened.training.get('data') or {}, opened.images, opened.training
    projection = next((weights for name, weights in opened.weights.items() if name.startswith(
        ('global_image_projection.', 'image_projection.')) and weights.ndim == 2), None)
    kind, losses = str(opened.model['type']), opened.model.get('loss_weights')
    return ModelInfo(
        path=str(opened.path), sha256=opened.sha256,
        method=_NAMES.get(kind) or kind.removeprefix('ZeroShot').removeprefix('PhraseGrounder'),
        parameters=sum(weights.numel() for weights in opened.weights.values()),
        embed_dims=int(opened.model.get('embed_dims') or (0 if projection is None else projection.shape[0])),
        losses=None if losses is None else tuple(losses), size=tuple(images['size']) if images.get('size') else None,
        mean=float(images['mean']), std=float(images['std']), pixel_range=data.get('pixel_range') or data.get(COPIED),
        tokenizer=opened.tokenizer, dataset=data.get('dataset'), synthetic=data.get('synthetic'),
        studies=(data.get('summary') or {}).get('kept'), epoch=training.get('epoch'), seed=training.get('seed'),
        version=training.get('version'), figures=_figures(opened), config=opened.config)


def _figures(opened: Opened) -> dict[str, dict[str, Any]]:
    """What was measured of this very file, from ``results/`` beside it."""
    found = {}
    for path in sorted(opened.path.parent.glob('results/*.json')):
        try:
            record = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError):
            continue
        if isinstance(record, dict) and record.get('checkpoint_sha256') == opened.sha256:
            found[path.name] = dict(record.get('metrics') or {})
    return found


def list_models(folder: Path) -> list[Path]:
    """Folders of runs and of exports, and checkpoints that lie alone, below a folder."""
    noted = {path.parent for name in (CHECKPOINT_LIST, 'last_checkpoint') for path in folder.rglob(name)}
    exports = {path.parent for path in folder.rglob('config.json') if is_export(path.parent)
               and (path.parent / 'preprocessing.json').is_file()}
    alone = {path for pattern in ('*.pth', '*.safetensors') for path in folder.rglob(pattern)
             if path.parent not in noted | exports and (path.parent / 'README.md').is_file() is False}
    return sorted(noted | exports | alone)
