"""No finding or pneumonia: classifiers fine-tuned from each start, and linear ones on frozen features."""
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from prior_mm.files.file_hash import sha256

from .cache import Cache
from .films import Film, Fold, folds
from .probe import features, probe_scores
from .training import Job, images_hash, scores

#: Steps of the fine-tuning by percent of the labels.
STEPS = {100: 120, 10: 60}

#: Scores of the tested films, by name, for each repeat.
Scores = list[dict[str, float]]


def fine_tuned(name: str, films: Sequence[Film], labels: Mapping[str, int], start: Path | None, percent: int,
               images: Path, cache: Cache, repeats: int) -> Scores:
    """Scores of the films of each fold, and of those kept back, by a network that was trained on the others.

    Args:
        name: Of the question.
        films: With a label each.
        labels: By film.
        start: Weights of the backbone; None for random ones.
        percent: Of the training films.
        images: Folder of the copies.
        cache: Of the results.
        repeats: So many folds, each with its own seed.
    """
    back = tuple(film for film in films if film.kept_back)
    found = [scores(Job(name, train_films(fold, percent), fold.test + back, dict(labels), images, start, fold.number,
                       STEPS[percent]), cache) for fold in folds(films)[:repeats]]
    return [one for one in found if one is not None]


def frozen(name: str, films: Sequence[Film], labels: Mapping[str, int], start: Path | None, percent: int,
           images: Path, cache: Cache, repeats: int, test_images: Path | None = None) -> Scores:
    """As :func:`fine_tuned`, by logistic regression on what the backbone gives as it is.

    ``test_images`` is the folder of the tested films, where it is another one.
    """
    found, back = [], tuple(film for film in films if film.kept_back)
    for fold in folds(films)[:repeats]:
        train, test = train_films(fold, percent), fold.test + back

        def compute(train: tuple[Film, ...] = train, test: tuple[Film, ...] = test, seed: int = fold.number) -> dict:
            given = features(films, images, start, seed, cache.folder / 'features')
            other = features(films, test_images, start, seed, cache.folder / 'features') if test_images else given
            return probe_scores([given[film.name] for film in train], [other[film.name] for film in test], train, test,
                                labels)

        plan = dict(what='probe/1', train=[(film.name, labels[film.name]) for film in train],
                    test=[film.name for film in test], images=images_hash(train + test, images), seed=fold.number,
                    test_images=images_hash(test, test_images) if test_images else None,
                    start=sha256(start) if start else None)
        found.append(cache.get(f'frozen/{name}_{fold.number}', plan, compute))
    return [one for one in found if one is not None]


def train_films(fold: Fold, percent: int) -> tuple[Film, ...]:
    """The fold's training films, or a stratified share of them."""
    return fold.train if percent == 100 else fold.share(percent)


def of_view(found: Scores, films: Sequence[Film], view: str) -> Scores:
    """The scores of one view's films only."""
    names = {film.name for film in films if film.view == view}
    return [{name: score for name, score in scores.items() if name in names} for scores in found]


def baseline(films: Sequence[Film], values: Mapping[str, float]) -> Scores:
    """A number that a table or a file gives, as scores of the tested films."""
    back = [film for film in films if film.kept_back]
    return [{film.name: float(np.nan_to_num(values[film.name])) for film in (*fold.test, *back)}
            for fold in folds(films)]
