"""Figures of several repeats, with intervals over patients."""
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from prior_mm.evaluation.bootstrap import interval
from prior_mm.evaluation.weighted_scores import weighted_scores

from .films import Film

SAMPLES = 1000


def draws(patients: Sequence[str], samples: int = SAMPLES, seed: int = 0) -> np.ndarray:
    """How often each film counts when patients are drawn with replacement, int (samples, N)."""
    names, index = np.unique(list(patients), return_inverse=True)
    chosen = np.random.default_rng(seed).integers(len(names), size=(samples, len(names)))
    counts = np.stack([np.bincount(row, minlength=len(names)) for row in chosen])
    return counts[:, index]


def auroc(found: Sequence[Mapping[str, float]], films: Sequence[Film], labels: Mapping[str, int],
          samples: int = SAMPLES) -> dict[str, Any]:
    """The mean over the repeats of each one's AUROC, and its 95 % interval over patients drawn with replacement.

    A patient is drawn for all repeats at once, so that one who is tested in each of them (a kept-back one) is not taken
    for many.

    Args:
        found: Scores by film, a repeat each.
        films: At least those that have scores.
        labels: 1 or 0 by film.
        samples: Draws.

    Returns:
        ``mean``, ``low``, ``high``, ``deviation`` (over the repeats), ``films`` and ``positives`` (each once),
        ``drawn``: of each draw the mean over the repeats, for the intervals of differences. ``mean`` is None if no
        repeat has both labels.
    """
    tested = [film for film in films if any(film.name in scores for scores in found)]
    counts = dict(films=len(tested), positives=sum(labels[film.name] for film in tested))
    weights = draws([film.patient for film in tested], samples) if tested else np.empty((samples, 0), dtype=int)
    single, drawn = [], []
    for scores in found:
        here = np.array([film.name in scores for film in tested], dtype=bool)
        truth = np.array([labels[film.name] for film in tested])[here]
        if not 0 < truth.sum() < len(truth):
            continue
        score = np.array([scores[film.name] for film in tested if film.name in scores])
        values, _ = weighted_scores(score, truth, np.concatenate([np.ones((1, len(truth))), weights[:, here]]))
        single.append(values[0])
        drawn.append(values[1:])
    if not single:
        return dict(counts, mean=None, low=None, high=None, deviation=None, drawn=[])
    means = np.ma.masked_invalid(drawn).mean(axis=0).filled(np.nan)  # of the repeats that have both labels in a draw
    low, high = interval(means)
    return dict(counts, mean=float(np.mean(single)), low=low, high=high, drawn=means.tolist(),
                deviation=float(np.std(single, ddof=1)) if len(single) > 1 else None)


def difference(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, float | None]:
    """By how much the first is ahead, with its interval: the patients are drawn alike for both."""
    if first['mean'] is None or second['mean'] is None:
        return dict(mean=None, low=None, high=None)
    low, high = interval(np.asarray(first['drawn']) - np.asarray(second['drawn']))
    return dict(mean=first['mean'] - second['mean'], low=low, high=high)


def shown(figure: Mapping[str, Any], sign: bool = False) -> str:
    """``0.885 (0.861 to 0.907)``; '-' where there is none."""
    if figure['mean'] is None:
        return '-'
    form = '{:+.3f}' if sign else '{:.3f}'
    bounds = '' if figure.get('low') is None else f' ({form} to {form})'.format(figure['low'], figure['high'])
    return form.format(figure['mean']) + bounds
