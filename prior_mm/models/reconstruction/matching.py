"""Matching of predicted and true sentences."""
from typing import Literal, get_args

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ..precision import at_least_float32

MatchingOrder = Literal['inverse', 'published']


def check_matching_order(order: MatchingOrder) -> MatchingOrder:
    """The order, or ValueError if there is no such."""
    if order not in get_args(MatchingOrder):
        raise ValueError(f'matching_order must be one of {get_args(MatchingOrder)}, got {order!r}')
    return order


@torch.no_grad()
def match(predictions: Tensor, targets: Tensor, order: MatchingOrder = 'inverse') -> Tensor:
    """Hungarian matching of Q predictions with Q targets on their L1 distance (paper section 3.5).

    Args:
        predictions: Predicted embeddings, (B, Q, D).
        targets: Embeddings to predict, padded to Q, (B, Q, D).
        order: ``'inverse'``: the prediction of each target. ``'published'``: the target of each prediction, which the
            published code takes for it; right only where the permutation is its own inverse.

    Returns:
        For each target the index of its prediction, int64, (B, Q).
    """
    cost = torch.cdist(at_least_float32(predictions), at_least_float32(targets), p=1)
    # Where it is not finite any matching will do: the loss is not finite either, and training stops there by name.
    cost = cost.nan_to_num(0., 0., 0.).cpu()
    # The assignment is the one thing that is done study by study: it has no batched form.
    target_of = torch.stack([torch.from_numpy(linear_sum_assignment(study)[1]) for study in cost.numpy()])
    target_of = target_of.to(predictions.device)
    return target_of if order == 'published' else target_of.argsort(dim=1)


def match_reports(predictions: Tensor, prototypes: Tensor, mask: Tensor,
                  order: MatchingOrder = 'inverse') -> tuple[Tensor, Tensor]:
    """Match the predicted with the true sentences of B reports; padding is matched too, with zeros.

    Args:
        predictions: Predicted embeddings, (B, Q, D).
        prototypes: The prototypes of the sentences, (B, N, D), with N at most Q.
        mask: True where a sentence stands, bool, (B, N).
        order: See :func:`match`.

    Returns:
        The prediction of each sentence, (B, N, D), and the sentence-prototype loss, the mean absolute difference of
        all Q pairs (paper section 3.5); float32.
    """
    predictions, num_sentences = at_least_float32(predictions), mask.shape[1]
    targets = at_least_float32(prototypes).masked_fill(~mask[..., None], 0)
    targets = torch.nn.functional.pad(targets, (0, 0, 0, predictions.shape[1] - num_sentences))
    places = match(predictions, targets, order)
    predictions = predictions.gather(1, places[..., None].expand_as(predictions))
    return predictions[:, :num_sentences], (predictions - targets).abs().mean()
