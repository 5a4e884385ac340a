"""The matching against all permutations."""
from itertools import permutations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.reconstruction import match


def embeddings(studies: int, count: int, seed: int) -> torch.Tensor:
    return torch.randn(studies, count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=25, deadline=None)
@given(studies=st.integers(1, 3), count=st.integers(1, 5), padding=st.integers(0, 4), seed=st.integers(0, 999))
def test_brute_force(studies, count, padding, seed):
    """Of all permutations, the one with the least sum of L1 distances, the padding of the targets included."""
    predictions, targets = embeddings(studies, count, 2 * seed), embeddings(studies, count, 2 * seed + 1)
    targets[:, max(count - padding, 1):] = 0
    order = match(predictions, targets)
    assert order.shape == (studies, count) and order.dtype == torch.int64
    for prediction, target, found in zip(predictions, targets, order.tolist(), strict=True):
        assert sorted(found) == list(range(count))

        def cost(of, prediction=prediction, target=target) -> float:
            return sum(float((prediction[of[t]] - target[t]).abs().sum()) for t in range(count))

        assert cost(found) == pytest.approx(min(map(cost, permutations(range(count)))), abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 6), seed=st.integers(0, 999))
def test_published_order_is_the_inverse(count, seed):
    """The published order gives for each prediction its target, the inverse permutation of ours."""
    predictions, targets = embeddings(2, count, 2 * seed), embeddings(2, count, 2 * seed + 1)
    order, published = match(predictions, targets), match(predictions, targets, 'published')
    assert torch.equal(order.gather(1, published), torch.arange(count).expand(2, -1))
    assert torch.equal(published.gather(1, order), torch.arange(count).expand(2, -1))


def test_shuffled_targets_are_found():
    """Predictions that are the targets in another order go to them, in bfloat16 and with gradients as well."""
    targets = embeddings(1, 6, 0).float()
    shuffle = torch.tensor([3, 5, 0, 1, 4, 2])
    predictions = targets[:, shuffle].bfloat16().requires_grad_()
    order = match(predictions, targets)
    assert torch.equal(shuffle[order[0]], torch.arange(6))
    assert not order.requires_grad


@pytest.mark.parametrize('value', [float('nan'), float('inf'), -float('inf')])
def test_numbers_that_are_not_finite(value):
    """A matching is still found, so that the loss carries the fault to where training names the studies."""
    predictions, targets = embeddings(2, 4, 0), embeddings(2, 4, 1)
    predictions[1, 2, 0] = value
    order = match(predictions, targets)
    assert torch.equal(order[0], match(predictions[:1], targets[:1])[0])
    assert order[1].sort().values.tolist() == [0, 1, 2, 3]
