"""Ranking in chunks and in expectation over ties, against every order of a few candidates, one query after another."""
from itertools import permutations
from statistics import mean

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.evaluation import ranking
from prior_mm.evaluation.ranking import rank_by_chance, rank_matches


def every_order(similarity: list[float], belongs: list[bool], k: int) -> tuple[float, float, float]:
    """Precision, hit and first rank, averaged over all orders of the candidates that sort by similarity."""
    seen = []
    for order in permutations(range(len(similarity))):
        if any(similarity[a] < similarity[b] for a, b in zip(order, order[1:], strict=False)):
            continue
        right = [belongs[i] for i in order]
        seen.append((mean(right[:k]), any(right[:k]), right.index(True) + 1 if any(right) else len(right) + 1))
    return tuple(mean(float(values[i]) for values in seen) for i in range(3))


def embed(similarity: list[list[float]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Queries and candidates whose products are these numbers."""
    return torch.tensor(similarity, dtype=torch.float64), torch.eye(len(similarity[0]), dtype=torch.float64)


few = st.integers(1, 5).flatmap(lambda m: st.tuples(
    st.lists(st.lists(st.sampled_from([-.5, 0., .25, .5]), min_size=m, max_size=m), min_size=1, max_size=4),
    st.lists(st.integers(0, 2), min_size=m, max_size=m)))


@settings(max_examples=60, deadline=None)
@given(drawn=few, groups=st.lists(st.integers(0, 2), min_size=4, max_size=4), chunk=st.sampled_from([1, 4, 1 << 24]))
def test_equals_the_mean_over_all_orders(drawn, groups, chunk):
    """Ties are counted in expectation, for every cut-off, whatever the size of the chunks."""
    similarity, candidate_groups = drawn
    cutoffs = range(1, len(candidate_groups) + 1)
    original, ranking.CHUNK = ranking.CHUNK, chunk
    try:
        ours = rank_matches(*embed(similarity), torch.tensor(groups[:len(similarity)]),
                            torch.tensor(candidate_groups), cutoffs)
    finally:
        ranking.CHUNK = original
    for q, row in enumerate(similarity):
        belongs = [group == groups[q] for group in candidate_groups]
        for i, k in enumerate(cutoffs):
            precision, hit, rank = every_order(row, belongs, k)
            assert ours.precision[q, i].item() == pytest.approx(precision)
            assert ours.hit[q, i].item() == pytest.approx(hit, abs=1e-9)
            assert ours.rank[q].item() == pytest.approx(rank)


@given(groups=st.lists(st.integers(0, 3), min_size=1, max_size=30), data=st.data())
@settings(max_examples=40, deadline=None)
def test_collapsed_model_gets_chance(groups, data):
    """All embeddings the same: precisely the chance level, in whatever order the files come."""
    groups = torch.tensor(groups)
    cutoffs = sorted(data.draw(st.sets(st.integers(1, len(groups)), min_size=1)))
    same = torch.ones(len(groups), 3) / 3**0.5
    ours, chance = rank_matches(same, same, groups, groups, cutoffs), rank_by_chance(groups, groups, cutoffs)
    for mine, expected in zip(ours, chance, strict=True):
        torch.testing.assert_close(mine, expected, rtol=0, atol=1e-8)


def test_order_of_the_files_changes_nothing():
    """Shuffled queries and candidates give the shuffled result, with ties among rounding errors as well."""
    generator = torch.Generator().manual_seed(0)
    candidates = torch.nn.functional.normalize(torch.randn(40, 8, generator=generator), dim=1)
    candidates[20:] = candidates[:20] + 1e-9
    queries = torch.nn.functional.normalize(torch.randn(30, 8, generator=generator), dim=1)
    query_groups, candidate_groups = (torch.randint(0, 4, (n,), generator=generator) for n in (30, 40))
    ours = rank_matches(queries, candidates, query_groups, candidate_groups, [1, 5])
    q, c = torch.randperm(30, generator=generator), torch.randperm(40, generator=generator)
    theirs = rank_matches(queries[q], candidates[c], query_groups[q], candidate_groups[c], [1, 5])
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine[q], other)


def test_chance_equals_random_embeddings():
    """The chance levels are what random embeddings give on average."""
    generator = torch.Generator().manual_seed(0)
    groups = torch.tensor([0] * 30 + [1] * 10 + [2] * 5)
    ours = [rank_matches(*(torch.nn.functional.normalize(torch.randn(45, 64, generator=generator), dim=1)
                           for _ in range(2)), groups, groups, [1, 5]) for _ in range(40)]
    chance = rank_by_chance(groups, groups, [1, 5])
    for name in ('precision', 'hit', 'rank'):
        seen = torch.stack([getattr(run, name).mean(dim=0) for run in ours]).mean(dim=0)
        torch.testing.assert_close(seen, getattr(chance, name).mean(dim=0), rtol=.05, atol=.01)


def test_unfit_input():
    """A cut-off beyond the candidates and embeddings that are not finite are errors that say so."""
    unit, groups = torch.eye(3), torch.arange(3)
    for cutoffs in ([4], [0]):
        with pytest.raises(ValueError, match='from 1 to the number of candidates, 3'):
            rank_matches(unit, unit, groups, groups, cutoffs)
    with pytest.raises(ValueError, match='NaN'):
        rank_matches(unit * torch.nan, unit, groups, groups, [1])
