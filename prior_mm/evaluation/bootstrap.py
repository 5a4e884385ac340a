"""Intervals by drawing patients with replacement."""
from collections.abc import Iterator

import numpy as np

#: Weights held at a time (32 MB).
_CHUNK = 1 << 22


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float | None, float | None]:
    """Percentile interval over the draws that have a value; None if none has."""
    values = values[np.isfinite(values)]
    if not len(values):
        return None, None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def means_by_group(values: np.ndarray, groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted means of F figures in each group, for several weightings.

    Args:
        values: Of N items, (N, F); what is not finite is left out.
        groups: Group of each item, 0 to K - 1, (N,).
        weights: How often each item counts, (S, N).

    Returns:
        float64 (S, K, F), NaN where nothing counts.
    """
    known = np.isfinite(values)
    filled, members = np.where(known, values, 0.), np.eye(groups.max() + 1)[groups].T  # (K, N)
    with np.errstate(invalid='ignore', divide='ignore'):
        return np.stack([(weights * member) @ filled / ((weights * member) @ known.astype(float))
                         for member in members], axis=1)


def patient_weights(patients: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """How often each item counts when its patients are drawn with replacement, (draws, N).

    Args:
        patients: Number of the patient of each item, 0 to P - 1, (N,).
        draws: Number of draws.
        seed: Of the draws.
    """
    return np.concatenate(list(drawn_weights(patients, draws, np.random.default_rng(seed))))


def drawn_weights(patients: np.ndarray, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The rows of :func:`patient_weights` in parts of few enough; an item whose patient is its own is drawn itself."""
    count = patients.max() + 1
    rows = max(1, _CHUNK // max(count, len(patients)))
    for start in range(0, draws, rows):
        yield rng.multinomial(count, np.full(count, 1 / count), size=min(rows, draws - start))[:, patients]
