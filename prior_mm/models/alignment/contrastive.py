"""Contrastive losses: pure functions of embeddings, which know nothing of the model or the trainer."""
import torch
import torch.nn.functional as F
from torch import Tensor

from ..precision import at_least_float32, full_precision


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (..., D) at length 1, float32: the inner product of two is their cosine."""
    return F.normalize(at_least_float32(embeddings), dim=-1)


def info_nce(rows: Tensor, columns: Tensor, scale: Tensor, first: int = 0) -> Tensor:
    """Cross entropy of each row finding its column among all columns, by cosine (InfoNCE, one direction).

    Args:
        rows: Embeddings, (B, D).
        columns: Candidates, (M, D); the partner of row i is column ``first + i``.
        scale: Factor of the cosine, the inverse temperature; scalar.
        first: Place of the partner of row 0.

    Returns:
        The mean over the rows, float32 scalar.
    """
    with full_precision(rows):
        similarity = scale * unit(rows) @ unit(columns).T
        partner = torch.arange(first, first + len(rows), device=rows.device)
        return F.cross_entropy(similarity, partner)


def info_nce_within(left: Tensor, right: Tensor, mask: Tensor, scale: Tensor) -> Tensor:
    """InfoNCE in both directions inside each of B sets: entry i of ``left`` belongs to entry i of ``right``.

    Args:
        left: Embeddings, (B, N, D).
        right: Their partners, (B, N, D).
        mask: True where an entry counts, bool, (B, N).
        scale: Factor of the cosine; scalar.

    Returns:
        The mean over the entries of a set, then over the sets, float32 scalar. 0 for a set of one entry.
    """
    with full_precision(left):
        similarity = scale * unit(left) @ unit(right).transpose(1, 2)
        lowest = torch.finfo(similarity.dtype).min
        partner = similarity.diagonal(dim1=1, dim2=2)
        across = similarity.masked_fill(~mask[:, None, :], lowest).logsumexp(dim=2)
        down = similarity.masked_fill(~mask[:, :, None], lowest).logsumexp(dim=1)
        return mean_within((across + down) / 2 - partner, mask)


def mean_within(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of (B, N) values over the valid entries of each row, then over the rows; scalar."""
    values = values.masked_fill(~mask, 0)
    return (values.sum(dim=1) / mask.sum(dim=1).clamp(min=1)).mean()
