"""Exact search: all cosines, no approximation."""
import numpy as np
import torch

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
    searched, asked = torch.from_numpy(vectors), torch.from_numpy(queries)
    best = [(part @ searched.T).topk(min(k, len(vectors)), dim=1)
            for part in asked.split(max(1, _AT_ONCE // max(len(vectors), 1)))]
    return torch.cat([found.indices for found in best]).numpy(), torch.cat([found.values for found in best]).numpy()
