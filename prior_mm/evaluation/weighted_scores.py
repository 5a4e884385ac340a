"""AUROC, average precision and F1 of one class for several weightings of the images."""
import numpy as np


def weighted_scores(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """AUROC and average precision of one class for several weightings of the images.

    Args:
        scores: (N,).
        labels: 1 or 0, (N,).
        weights: How often each image counts, (S, N).

    Returns:
        Both, float64 (S,), as scikit-learn's ``roc_auc_score`` and ``average_precision_score`` with
        ``sample_weight``; NaN where one of both labels has no weight.
    """
    order = np.argsort(-scores, kind='stable')
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # the last image of each score
    weights = weights[:, order].astype(np.float64)
    positive = (weights * labels[order]).cumsum(axis=1)[:, ends]  # of this score or above
    everything = weights.cumsum(axis=1)[:, ends]
    negative = everything - positive
    steps_up, steps_right = (np.diff(values, axis=1, prepend=0.) for values in (positive, negative))
    with np.errstate(invalid='ignore', divide='ignore'):
        totals = positive[:, -1], negative[:, -1]
        auroc = (steps_right * (positive - steps_up / 2)).sum(axis=1) / (totals[0] * totals[1])
        precision = np.divide(positive, everything, out=np.zeros_like(positive), where=everything > 0)
        average = (steps_up * precision).sum(axis=1) / totals[0]
    return auroc, np.where(totals[1] > 0, average, np.nan)


def weighted_f1(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """F1 of the finding, called from a probability of 0.5 on, for several weightings of the images.

    Args:
        scores: Probabilities, (N,).
        labels: 1 or 0, (N,).
        weights: How often each image counts, (S, N).

    Returns:
        float64 (S,), as scikit-learn's ``f1_score`` with ``sample_weight``; 0 where nothing is called or there.
    """
    called = scores >= 0.5
    both, either = weights @ (called & (labels == 1)), weights @ called + weights @ (labels == 1)
    return np.divide(2. * both, either, out=np.zeros(len(weights)), where=either > 0)
