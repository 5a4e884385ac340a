"""Is one model better than another on the same images? DeLong's test of AUROC, a paired bootstrap of the rest."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from .bootstrap import drawn_weights
from .weighted_figures import Figure

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


class Pair(NamedTuple):
    """A run of each of two models on the same images.

    Attributes:
        images: Their names, N.
        patients: Number of the patient of each, or of whatever is drawn together, (N,).
        first: The figure of the first model's run by weights of the images.
        second: Of the second model's.
    """

    images: tuple[str, ...]
    patients: np.ndarray
    first: Figure
    second: Figure

    def difference(self, weights: np.ndarray) -> np.ndarray:
        """For several weightings, (S, N) to (S,)."""
        return self.second(weights) - self.first(weights)


def paired_bootstrap(pairs: Sequence[Pair]) -> Difference:
    """Of two figures that any weighting of the images has; of several pairs of runs the mean.

    A draw takes pairs with replacement, and of the images of each, too; pairs on the same images share them.

    Raises:
        ValueError: If a pair has fewer than two images, or the figure is not defined on them.
    """
    if few := [len(pair.images) for pair in pairs if len(pair.images) < 2]:
        raise ValueError(f'a paired test needs two images, there are {few[0]}')
    rng = np.random.default_rng(_SEED)
    drawn = np.empty((_DRAWS, len(pairs)))
    for images in dict.fromkeys(pair.images for pair in pairs):
        same = [place for place, pair in enumerate(pairs) if pair.images == images]
        drawn[:, same] = np.concatenate([np.stack([pairs[place].difference(weights) for place in same], axis=1)
                                         for weights in drawn_weights(pairs[same[0]].patients, _DRAWS, rng)])
    times = rng.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=_DRAWS)
    means = (times * drawn).sum(axis=1) / len(pairs)
    means = means[np.isfinite(means)]
    if not len(means):
        raise ValueError('no draw of the images has the figure')
    value = np.mean([pair.difference(np.ones((1, len(pair.images))))[0] for pair in pairs])
    beyond = min((means <= 0).mean(), (means >= 0).mean())
    low, high = np.quantile(means, [.025, .975])
    return Difference(float(value), float(low), float(high), float(min(1., max(2 * beyond, 1 / _DRAWS))),
                      'bootstrap' if len(pairs) == 1 else f'bootstrap of {len(pairs)} pairs of runs and their images')
