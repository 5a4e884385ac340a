"""AUROC, average precision and F1 over many draws of the images at once."""
import numpy as np

#: Weights held at a time (32 MB).
_CHUNK = 1 << 22


def bootstrap_scores(scores: np.ndarray, labels: np.ndarray, samples: int, seed: int) -> dict[str, np.ndarray]:
    """The figures of each class, over images drawn with replacement; all classes share a draw.

    Args:
        scores: Finite, (N, C).
        labels: 1, 0, or less or NaN where it is not known, (N, C).
        samples: Number of draws S.
        seed: Of the draws.

    Returns:
        ``auroc``, ``average_precision`` and ``f1``, float64 (S, C), NaN where a draw has no positive or no negative.
    """
    count, classes = scores.shape
    rng = np.random.default_rng(seed)
    figures = {name: np.empty((samples, classes)) for name in ('auroc', 'average_precision', 'f1')}
    rows = max(1, _CHUNK // count)
    for start in range(0, samples, rows):
        some = min(rows, samples - start)
        drawn = rng.integers(count, size=(some, count)) + np.arange(some)[:, None] * count
        weights = np.bincount(drawn.ravel(), minlength=some * count).reshape(some, count)
        for number in range(classes):
            known = labels[:, number] >= 0
            auroc, precision = weighted_scores(scores[known, number], labels[known, number], weights[:, known])
            figures['auroc'][start:start + some, number] = auroc
            figures['average_precision'][start:start + some, number] = precision
            f1 = weighted_f1(scores[known, number], labels[known, number], weights[:, known])
            figures['f1'][start:start + some, number] = np.where(np.isfinite(auroc), f1, np.nan)
    return figures


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
