"""What autocast must not reach."""
import pytest
import torch

from prior_mm.models.precision import at_least_float32, full_precision


@pytest.mark.parametrize(('dtype', 'expected'), [
    (torch.float16, torch.float32), (torch.bfloat16, torch.float32), (torch.float32, torch.float32),
    (torch.float64, torch.float64)])
def test_at_least_float32(dtype, expected):
    """Half precision is widened, double precision stays: the tests of the losses rely on it."""
    tensor = torch.ones(2, dtype=dtype)
    assert at_least_float32(tensor).dtype == expected
    assert (at_least_float32(tensor) is tensor) == (dtype == expected)


def test_full_precision():
    """A product inside the context is float32 in the middle of autocast, and bfloat16 again behind it."""
    a = torch.ones(2, 2)
    with torch.autocast('cpu', torch.bfloat16):
        assert (a @ a).dtype == torch.bfloat16
        with full_precision(a):
            assert (a @ a).dtype == torch.float32
        assert (a @ a).dtype == torch.bfloat16
