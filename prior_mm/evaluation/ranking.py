"""How well a similarity ranks what belongs to a query, in expectation over the order of ties.

Ties matter: reports that say the same have the same embedding, and a collapsed model gives all the same. Counting in
the order of the files would then flatter or punish by accident. In expectation over a random order of tied candidates
the result does not depend on the order of the files, and a collapsed model gets what chance gets.
"""
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

#: Cosines are compared to six decimals: what differs by less differs by rounding in another batch.
DECIMALS = 6
#: Similarities held at a time (128 MB).
CHUNK = 1 << 24


class Ranking(NamedTuple):
    """How Q queries rank what belongs to them, for K cut-offs; float64.

    Attributes:
        precision: Share of the first k that belongs to the query, (Q, K).
        hit: Probability that at least one of the first k does, (Q, K).
        rank: Rank of the first that does, from 1, (Q,); M + 1 where none of the M candidates does.
    """

    precision: Tensor
    hit: Tensor
    rank: Tensor


def rank_matches(queries: Tensor, candidates: Tensor, query_groups: Tensor, candidate_groups: Tensor,
                 cutoffs: Sequence[int], added: Tensor | None = None) -> Ranking:
    """Rank the candidates of each query by cosine; a candidate belongs to a query if their groups are equal.

    Args:
        queries: L2-normalised embeddings, (Q, D).
        candidates: L2-normalised embeddings, (M, D).
        query_groups: Group of each query, int64, (Q,).
        candidate_groups: Group of each candidate, int64, (M,).
        cutoffs: The ks, each at least 1 and at most M.
        added: What is added to the cosines, (Q, M); nothing by default.

    Raises:
        ValueError: If a cut-off is not in that range, or an embedding or what is added is not finite.
    """
    if not all(1 <= k <= len(candidates) for k in cutoffs):
        raise ValueError(f'cut-offs must be from 1 to the number of candidates, {len(candidates)}, got {[*cutoffs]}')
    if not all(given.isfinite().all() for given in (queries, candidates, added) if given is not None):
        raise ValueError('embeddings with NaN or infinity cannot be ranked: the model diverged, or its checkpoint is '
                         'not whole')
    candidates_t = candidates.double().T
    rows = max(1, CHUNK // max(len(candidates), 1))
    parts = []
    for start in range(0, len(queries), rows):
        part = slice(start, start + rows)
        similarity = queries[part].double() @ candidates_t
        if added is not None:
            similarity = similarity + added[part]
        belongs = query_groups[part, None] == candidate_groups
        parts.append(_rank((similarity * 10**DECIMALS).round(), belongs, cutoffs))
    return Ranking(*map(torch.cat, zip(*parts, strict=True)))


def rank_by_chance(query_groups: Tensor, candidate_groups: Tensor, cutoffs: Sequence[int]) -> Ranking:
    """What :func:`rank_matches` gives in expectation when the candidates stand in a random order."""
    groups, index = torch.cat([query_groups, candidate_groups]).unique(return_inverse=True)
    sizes = index[len(query_groups):].bincount(minlength=len(groups))
    matches = sizes[index[:len(query_groups)]].double()
    total = torch.full_like(matches, len(candidate_groups))
    hit = [1 - _probability_of_none(total, matches, torch.full_like(matches, k)) for k in cutoffs]
    return Ranking(precision=(matches / total)[:, None].expand(-1, len(cutoffs)), hit=torch.stack(hit, dim=1),
                   rank=(total + 1) / (matches + 1))


def _rank(similarity: Tensor, belongs: Tensor, cutoffs: Sequence[int]) -> Ranking:
    """The ranking for similarities (q, M) and which candidates belong, bool (q, M)."""
    top = similarity.topk(max(cutoffs), dim=1).values
    precision, hit = [], []
    for k in cutoffs:
        last = top[:, k - 1:k]  # the similarity at which the first k end, perhaps within a tie
        above, tied = similarity > last, similarity == last
        places = k - above.sum(dim=1).double()
        num_tied = tied.sum(dim=1).double()
        sure = (above & belongs).sum(dim=1).double()
        perhaps = (tied & belongs).sum(dim=1).double()
        precision.append((sure + perhaps * places / num_tied) / k)
        hit.append(torch.where(sure > 0, 1., 1 - _probability_of_none(num_tied, perhaps, places)))
    best = similarity.masked_fill(~belongs, -torch.inf).amax(dim=1, keepdim=True)
    tied = similarity == best
    rank = (similarity > best).sum(dim=1) + (tied.sum(dim=1) + 1) / ((tied & belongs).sum(dim=1).double() + 1)
    return Ranking(torch.stack(precision, dim=1), torch.stack(hit, dim=1), rank)


def _probability_of_none(total: Tensor, matches: Tensor, drawn: Tensor) -> Tensor:
    """That none of the matches is among those drawn from the total without putting back (hypergeometric)."""
    others = total - matches
    logarithm = (torch.lgamma(others + 1) - torch.lgamma((others - drawn).clamp(min=0) + 1)
                 - torch.lgamma(total + 1) + torch.lgamma(total - drawn + 1))
    return torch.where(others < drawn, 0., logarithm.exp().clamp(max=1.))
