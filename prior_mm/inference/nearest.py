"""Exact search: all cosines, no approximation."""
import numpy as np

_AT_ONCE = 2**25  # inner products held at a time, 128 MB


def nearest(queries: np.ndarray, vectors: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows that have the largest inner products with each query.

    Args:
        queries: float32 (Q, D).
        vectors: float32 (N, D).
        k: How many; all if there are fewer.

    Returns:
        Their places, int64 (Q, k), and inner products, float32 (Q, k), the largest first.

    Raises:
        ValueError: If the widths differ, or ``k`` is less than 1.
    """
    if k < 1:
        raise ValueError(f'the number of matches must be at least 1, got {k}')
    if queries.shape[1] != vectors.shape[1]:
        raise ValueError(f'the query has {queries.shape[1]} numbers, the vectors that are searched {vectors.shape[1]}: '
                         'they are of two models')
    k = min(k, len(vectors))
    places = np.empty((len(queries), k), np.int64)
    best = np.empty((len(queries), k), np.float32)
    rows = max(1, _AT_ONCE // max(len(vectors), 1))
    for start in range(0, len(queries), rows):
        products = queries[start:start + rows] @ vectors.T
        some = np.argpartition(products, len(vectors) - k, axis=1)[:, len(vectors) - k:]
        order = np.argsort(-np.take_along_axis(products, some, axis=1), axis=1, kind='stable')
        places[start:start + rows] = np.take_along_axis(some, order, axis=1)
        best[start:start + rows] = np.take_along_axis(products, places[start:start + rows], axis=1)
    return places, best
