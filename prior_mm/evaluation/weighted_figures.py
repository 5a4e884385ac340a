"""The figures of a test from what each of its images gave, for several weightings of the images."""
from collections.abc import Callable, Mapping

import numpy as np

from .bootstrap import means_by_group
from .weighted_scores import weighted_f1, weighted_scores

#: From weights of the images, (S, N), to the figure with each, (S,).
Figure = Callable[[np.ndarray], np.ndarray]
#: Columns that say which images are drawn together, and the mean of which groups is taken.
PATIENT, FINDING = 'grounding/patient', 'grounding/finding'
#: Pixels that are predicted, of the finding, both, and all.
PIXELS = ('predicted', 'lesion', 'both', 'pixels')


def weighted_figure(name: str, columns: Mapping[str, np.ndarray]) -> Figure | None:
    """A figure as results name it; None if the columns do not hold what it needs.

    Args:
        name: Such as ``classification/auroc``; of several findings the mean over those that have one.
        columns: What each image gave, (N,); NaN or, of a label, less than 0 where it does not count.
    """
    group, _, short = name.partition('/')
    if (column := short if group == 'segmentation' else name) in columns:
        return _mean(columns[column], columns.get(FINDING))
    if group == 'segmentation' and short in _POOLED and set(PIXELS) <= columns.keys():
        pixels = np.stack([columns[what] for what in PIXELS], axis=1)
        return lambda weights: _POOLED[short](*(weights @ pixels).T)
    findings = [column.removesuffix(':score') for column in columns if column.endswith(':score')]
    if group == 'classification' and short in _OF_SCORES and findings:
        of = [_of_finding(_OF_SCORES[short], columns[f'{finding}:score'], columns[f'{finding}:label'])
              for finding in findings]
        return lambda weights: _mean_of_known(np.stack([figure(weights) for figure in of]))
    return None


def _pooled_dice(predicted: np.ndarray, lesion: np.ndarray, both: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Of the pixels of all images together; NaN without any of the finding."""
    return np.where(lesion > 0, _dice(predicted, lesion, both), np.nan)


def _mean_dice(predicted: np.ndarray, lesion: np.ndarray, both: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """The mean of that and of the same of the background."""
    background = _dice(pixels - predicted, pixels - lesion, pixels - predicted - lesion + both)
    return (_pooled_dice(predicted, lesion, both, pixels) + background) / 2


def _dice(predicted: np.ndarray, lesion: np.ndarray, both: np.ndarray) -> np.ndarray:
    total = predicted + lesion
    return np.divide(2 * both, total, out=np.ones_like(total), where=total > 0)


_POOLED = dict(dice_pooled=_pooled_dice, mdice=_mean_dice)
_OF_SCORES: dict[str, Callable] = dict(auroc=lambda *data: weighted_scores(*data)[0], f1=weighted_f1)


def _mean(values: np.ndarray, groups: np.ndarray | None) -> Figure:
    numbers = np.zeros(len(values), int) if groups is None else np.unique(groups, return_inverse=True)[1]
    return lambda weights: _mean_of_known(means_by_group(values[:, None], numbers, weights)[..., 0].T)


def _of_finding(figure: Callable, scores: np.ndarray, labels: np.ndarray) -> Figure:
    """NaN where none, or nothing but images with the finding counts."""
    known = labels >= 0
    scores, labels = scores[known], labels[known]

    def of(weights: np.ndarray) -> np.ndarray:
        weights = weights[:, known]
        with_it, without = weights @ labels, weights @ (1 - labels)
        return np.where((with_it > 0) & (without > 0), figure(scores, labels, weights), np.nan)

    return of


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    """(K, S) to the mean over the K that have a value, (S,)."""
    known = np.isfinite(values)
    with np.errstate(invalid='ignore'):
        return np.where(known, values, 0.).sum(axis=0) / known.sum(axis=0)
