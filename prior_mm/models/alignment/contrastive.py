"""Contrastive losses: pure functions of embeddings, which know nothing of the model or the trainer."""
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..precision import at_least_float32, full_precision
from ..same_report import SameReports


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (..., D) at length 1, float32: the inner product of two is their cosine."""
    return F.normalize(at_least_float32(embeddings), dim=-1)


def log_scale(temperature: float, learned: bool = True) -> nn.Parameter:
    """The logarithm of what cosines are multiplied with, 1 / temperature; scalar, learned or not.

    Raises:
        ValueError: If the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f'a temperature must be above 0, got {temperature}')
    return nn.Parameter(torch.tensor(math.log(1 / temperature)), requires_grad=learned)


def cross_entropy_of_partners(logits: Tensor, first: int = 0, same: SameReports | None = None,
                              smoothing: float = 0.) -> Tensor:
    """Cross entropy of each row finding its partner among all columns; scalar, the mean over the rows.

    Args:
        logits: Similarities, (B, M); the partner of row i is column ``first + i``.
        first: Place of the partner of row 0.
        same: Columns that say the same as a row's partner, and what becomes of them.
        smoothing: Share of the target that is spread over all columns, but those that are masked.
    """
    partner = torch.arange(first, first + len(logits), device=logits.device)
    if same is None:
        return F.cross_entropy(logits, partner, label_smoothing=smoothing)
    if same.soften:
        return F.cross_entropy(logits, F.normalize(same.pairs.to(logits.dtype), p=1, dim=1), label_smoothing=smoothing)
    others = same.pairs.scatter(1, partner[:, None], False)
    scores = logits.masked_fill(others, torch.finfo(logits.dtype).min).log_softmax(dim=1)
    spread = scores.masked_fill(others, 0).sum(dim=1) / (~others).sum(dim=1)
    return -torch.lerp(scores.gather(1, partner[:, None])[:, 0], spread, smoothing).mean()


def info_nce(rows: Tensor, columns: Tensor, scale: Tensor | float, first: int = 0, same: SameReports | None = None,
             smoothing: float = 0.) -> Tensor:
    """Cross entropy of each row finding its column among all columns, by cosine (InfoNCE, one direction).

    Args:
        rows: Embeddings, (B, D).
        columns: Candidates, (M, D); the partner of row i is column ``first + i``.
        scale: Factor of the cosine, the inverse temperature; scalar.
        first, same, smoothing: See :func:`cross_entropy_of_partners`.

    Returns:
        The mean over the rows, float32 scalar.
    """
    with full_precision(rows):
        similarity = scale * unit(rows) @ unit(columns).T
        return cross_entropy_of_partners(similarity, first, same, smoothing)


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
