"""Linear classifiers on frozen features: a question's answer in seconds."""
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import init_default_scope
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from prior_mm.checkpoints.backbone_weights import load_backbone
from prior_mm.downstream.pretrained_backbone import check_preprocessing
from prior_mm.files.file_hash import sha256
from prior_mm.files.whole_files import whole_file
from prior_mm.registry import MODELS

from .films import Film, pixels
from .training import images_hash

MEAN, STD = 0.4755, 0.3011  # of the demo's pre-training
#: Strengths among which three folds of the training patients choose.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)


def backbone(start: Path | None, seed: int) -> torch.nn.Module:
    """The demo's ResNet-18 with the weights of a file, or random ones of a seed."""
    import mmpretrain.models  # noqa: F401  (registers it)
    init_default_scope('prior_mm')
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = MODELS.build(dict(type='mmpretrain.ResNet', depth=18, in_channels=1, base_channels=32,
                                  out_indices=(3, )))
        model.init_weights()
    if start:
        load_backbone(model, start)
    model.eval()
    return model.to(memory_format=torch.channels_last)


def check_start(path: Path) -> None:
    """Refuse weights that do not fit before anything is computed.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds another backbone than the demo's, or one trained on images normalised otherwise.
    """
    check_preprocessing(load_backbone(backbone(None, 0), path), dict(mean=MEAN, std=STD), str(path))


def features(films: Sequence[Film], folder: Path, start: Path | None, seed: int,
             cache: Path) -> dict[str, np.ndarray]:
    """Mean of the last map, float32 (256,), of each film; computed once for the same images and weights.

    Args:
        films: The films.
        folder: Of their copies.
        start: Weights of the backbone; None for random ones.
        seed: Of the random weights.
        cache: Folder of the features.
    """
    key = hashlib.sha256(f'{images_hash(films, folder)} {sha256(start) if start else seed}'.encode()).hexdigest()[:12]
    path = cache / f'{folder.name}_{key}.npy'
    if not path.is_file():
        with whole_file(path) as file:
            np.save(file, _compute(pixels(films, folder), start, seed))
    return dict(zip([film.name for film in films], np.load(path), strict=True))


def _compute(images: np.ndarray, start: Path | None, seed: int) -> np.ndarray:
    model, found = backbone(start, seed), []
    with torch.no_grad():
        for part in np.array_split(images, max(1, len(images) // 64)):
            normal = (torch.from_numpy(part.astype(np.float32))[:, None] / 255 - MEAN) / STD
            found.append(model(normal.to(memory_format=torch.channels_last))[-1].mean(dim=(2, 3)).numpy())
    return np.concatenate(found)


def probe_scores(train: Sequence[np.ndarray], test: Sequence[np.ndarray], train_films: Sequence[Film],
                 test_films: Sequence[Film], labels: Mapping[str, int]) -> dict[str, float]:
    """Scores of the tested films by logistic regression on features, (D,) each."""
    truth = np.array([labels[film.name] for film in train_films])
    patients = [film.patient for film in train_films]
    search = GridSearchCV(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
                          dict(logisticregression__C=STRENGTHS), scoring='neg_log_loss', cv=GroupKFold(3))
    search.fit(np.stack(train), truth, groups=patients)
    found = search.decision_function(np.stack(test))
    return {film.name: float(score) for film, score in zip(test_films, found, strict=True)}
