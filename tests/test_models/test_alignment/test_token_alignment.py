"""What words and patches count in MGCA's token-wise alignment, token by token."""
import torch
from fast_and_slow import noise
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.alignment.token_alignment import attention_weights


def percentile(values: list[float], share: float) -> float:
    """Between the two nearest in order, by how near they are."""
    values, place = sorted(values), share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


@settings(max_examples=50)
@given(st.integers(1, 25).flatmap(lambda length: st.lists(
    st.lists(st.booleans(), min_size=length, max_size=length), min_size=1, max_size=3)))
def test_attention_weights(counted):
    """Clipped to the percentiles of those that count, which sum to 1; whatever the others are paid, they get 0."""
    counted = torch.tensor(counted)
    paid = noise(*counted.shape).abs()
    weights = attention_weights(torch.where(counted, paid, 1e3 * paid), counted)
    assert not weights.requires_grad
    for found, row, mask in zip(weights, paid.tolist(), counted.tolist(), strict=True):
        own = [value for value, counts in zip(row, mask, strict=True) if counts]
        clipped = [min(max(value, percentile(own, 0.1)), percentile(own, 0.9)) if counts else 0.
                   for value, counts in zip(row, mask, strict=True)]
        expected = torch.tensor([value / sum(clipped) if own else 0. for value in clipped], dtype=torch.float64)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
