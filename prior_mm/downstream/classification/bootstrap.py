"""AUROC, average precision and F1 over many draws of the images at once."""
import numpy as np

from prior_mm.evaluation.weighted_scores import weighted_f1, weighted_scores

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
