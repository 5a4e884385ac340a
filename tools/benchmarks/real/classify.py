"""No finding or pneumonia: classifiers fine-tuned from each start, and linear ones on frozen features."""
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from .films import Film, Fold, folds, pixels
from .probe import features, probe_scores
from .training import Job, cached, images_hash, scores

#: Steps of the fine-tuning by percent of the labels.
STEPS = {100: 120, 10: 60}

#: Scores of the tested films, by name, for each repeat.
Scores = list[dict[str, float]]


def fine_tuned(name: str, films: Sequence[Film], labels: Mapping[str, int], start: Path | None, percent: int,
               images: Path, cache: Path, repeats: int) -> Scores:
    """Scores of the films of each fold, and of those kept back, by a network that was trained on the others.

    Args:
        name: Of the question.
        films: With a label each.
        labels: By film.
        start: Weights of the backbone; None for random ones.
        percent: Of the training films.
        images: Folder of the copies.
        cache: Folder of the results.
        repeats: So many folds, each with its own seed.
    """
    back = tuple(film for film in films if film.kept_back)
    return [scores(Job(name, train_films(fold, percent), fold.test + back, dict(labels), images, start, fold.number,
                       STEPS[percent]), cache / 'fine_tuned') for fold in folds(films)[:repeats]]


def frozen(name: str, films: Sequence[Film], labels: Mapping[str, int], start: Path | None, percent: int,
           images: Path, cache: Path, repeats: int) -> Scores:
    """As :func:`fine_tuned`, by logistic regression on what the backbone gives as it is."""
    found = []
    for fold in folds(films)[:repeats]:
        train = train_films(fold, percent)
        test = fold.test + tuple(film for film in films if film.kept_back)

        def compute(train: tuple[Film, ...] = train, test: tuple[Film, ...] = test, seed: int = fold.number) -> dict:
            given = features(pixels(train + test, images), start, seed)
            return probe_scores(given[:len(train)], given[len(train):], train, test, labels)

        plan = dict(what='probe/1', train=[(film.name, labels[film.name]) for film in train], start=str(start),
                    test=[film.name for film in test], images=images_hash(train + test, images), seed=fold.number)
        found.append(cached(cache / 'frozen' / f'{name}_{fold.number}', plan, compute))
    return found


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
