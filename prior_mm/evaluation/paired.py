"""Is one model better than another on the same images? DeLong's test of AUROC, a paired bootstrap of the rest."""
from typing import NamedTuple

import numpy as np
from scipy import stats

_DRAWS, _SEED = 2000, 0


class Difference(NamedTuple):
    """The second model's figure less the first's, its 95 % interval, and the two-sided p."""

    value: float
    low: float
    high: float
    p: float
    test: str


def delong(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> Difference:
    """Of two AUROCs on the same images (DeLong et al., Biometrics 1988), by ranks (Sun and Xu, 2014).

    Args:
        first: Scores of a model, (N,).
        second: Of another one, (N,).
        labels: 1 or 0, (N,).

    Raises:
        ValueError: If there are fewer than two images of either label.
    """
    positive, negative = labels == 1, labels == 0
    counts = int(positive.sum()), int(negative.sum())
    if min(counts) < 2:
        raise ValueError(f"DeLong's test needs two images with and two without the finding, there are {counts}")
    aurocs, of_positives, of_negatives = [], [], []
    for scores in (first, second):
        ranks = stats.rankdata(scores)
        above = (ranks[positive] - stats.rankdata(scores[positive])) / counts[1]  # share of negatives below each
        below = 1 - (ranks[negative] - stats.rankdata(scores[negative])) / counts[0]
        aurocs.append(above.mean())
        of_positives.append(above)
        of_negatives.append(below)
    variance = sum(np.var(pair[1] - pair[0], ddof=1) / len(pair[0]) for pair in (of_positives, of_negatives))
    difference, error = aurocs[1] - aurocs[0], float(np.sqrt(variance))
    p = float(2 * stats.norm.sf(abs(difference) / error)) if error else float(difference == 0)
    reach = stats.norm.ppf(.975) * error
    return Difference(float(difference), float(difference - reach), float(difference + reach), p, 'DeLong')


def paired_bootstrap(first: np.ndarray, second: np.ndarray) -> Difference:
    """Of two means over the same images, of the Dice of each image say.

    Args:
        first: A value an image, (N,).
        second: Of the other model, (N,).

    Raises:
        ValueError: If there are fewer than two images.
    """
    return _bootstrap((first, second), lambda a, b, axis=-1: (b - a).mean(axis=axis))


def paired_f1(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> Difference:
    """Of two F1 of a finding that is called from a probability of 0.5 on; arguments as of :func:`delong`."""

    def f1(called: np.ndarray, truth: np.ndarray, axis: int) -> np.ndarray:
        either = called.sum(axis=axis) + truth.sum(axis=axis)
        return 2 * (called & truth).sum(axis=axis) / np.maximum(either, 1)

    return _bootstrap((first >= .5, second >= .5, labels == 1),
                      lambda a, b, truth, axis=-1: f1(b, truth, axis) - f1(a, truth, axis))


def _bootstrap(data: tuple, statistic) -> Difference:
    if len(data[0]) < 2:
        raise ValueError(f'a paired test needs two images, there are {len(data[0])}')
    value = float(statistic(*data))
    drawn = stats.bootstrap(data, statistic, n_resamples=_DRAWS, paired=True, vectorized=True, method='percentile',
                            batch=100, rng=np.random.default_rng(_SEED))
    beyond = min((drawn.bootstrap_distribution <= 0).mean(), (drawn.bootstrap_distribution >= 0).mean())
    low, high = drawn.confidence_interval
    return Difference(value, float(low), float(high), float(min(1., max(2 * beyond, 1 / _DRAWS))), 'bootstrap')
