"""The contrastive losses against loops, and against PyTorch's cross entropy."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from rounding import rounding

from prior_mm.models.alignment import GlobalAlignment, SigmoidAlignment
from prior_mm.models.alignment.contrastive import (
    cross_entropy_of_partners,
    info_nce,
    info_nce_within,
    mean_within,
    unit,
)
from prior_mm.models.same_report import SameReports

WIDTH = 5


def cosine(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum() / (a.square().sum().sqrt() * b.square().sum().sqrt())


def by_loop(rows: torch.Tensor, columns: torch.Tensor, scale: torch.Tensor, first: int = 0) -> torch.Tensor:
    """- log of the partner's share, row by row."""
    total = 0.
    for i, row in enumerate(rows):
        shares = [(scale * cosine(row, column)).exp() for column in columns]
        total = total - (shares[first + i] / sum(shares)).log()
    return total / len(rows)


def temperature() -> torch.Tensor:
    return torch.tensor(7., dtype=torch.float64, requires_grad=True)


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 5), before=st.integers(0, 3), after=st.integers(0, 3))
def test_info_nce(count, before, after):
    """Loop over rows and columns, with the partners anywhere among the columns of all processes."""
    rows, columns, scale = noise(count, WIDTH), noise(before + count + after, WIDTH, seed=1), temperature()
    assert_same(lambda: [info_nce(rows, columns, scale, before), scale],
                lambda: [by_loop(rows, columns, scale, before), scale], [rows, columns, scale])


@settings(max_examples=20, deadline=None)
@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any))
def test_info_nce_within(counts):
    """Cross entropy of each set alone, both directions, mean over its entries, then over the sets."""
    shape = (len(counts), max(counts) + 1, WIDTH)
    left, right, scale = noise(*shape), noise(*shape, seed=1), temperature()
    mask = torch.arange(shape[1]) < torch.tensor(counts)[:, None]

    def one_by_one() -> torch.Tensor:
        losses = []
        for a, b, count in zip(left, right, counts, strict=True):
            similarity = scale * F.normalize(a[:count], dim=-1) @ F.normalize(b[:count], dim=-1).T
            partner = torch.arange(count)
            losses.append((F.cross_entropy(similarity, partner) + F.cross_entropy(similarity.T, partner)) / 2
                          if count else 0 * a.sum())
        return sum(losses) / len(losses)

    assert_same(lambda: [info_nce_within(left, right, mask, scale), scale], lambda: [one_by_one(), scale],
                [left, right, scale])


def test_info_nce_within_is_info_nce():
    """A batch of one full set is InfoNCE in both directions; a set of one entry costs nothing."""
    left, right, scale = noise(1, 4, WIDTH), noise(1, 4, WIDTH, seed=1), temperature()
    both = (by_loop(left[0], right[0], scale) + by_loop(right[0], left[0], scale)) / 2
    torch.testing.assert_close(info_nce_within(left, right, torch.ones(1, 4, dtype=torch.bool), scale), both)
    assert info_nce_within(left[:, :1], right[:, :1], torch.ones(1, 1, dtype=torch.bool), scale) == 0


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float16])
def test_half_precision(dtype):
    """Under autocast nothing but the embeddings themselves is rounded: a cosine times 100 would be off by 0.4."""
    rows, columns, scale = noise(6, 64).to(dtype), noise(6, 64, seed=1).to(dtype), torch.tensor(100.)
    mask = torch.ones(1, 6, dtype=torch.bool)
    with torch.autocast('cpu', torch.bfloat16):
        found = info_nce(rows, columns, scale), info_nce_within(rows[None], columns[None], mask, scale)
    expected = (info_nce(rows.double(), columns.double(), scale),
                info_nce_within(rows[None].double(), columns[None].double(), mask, scale))
    for ours, exact in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours.double(), exact, rtol=0, atol=rounding(64, condition=100))


def test_scale_of_embeddings_does_not_matter():
    """Only directions count, from very short to very long ones; a vector of zeros gives no NaN."""
    rows, columns, scale = noise(3, WIDTH), noise(3, WIDTH, seed=1), temperature()
    expected = info_nce(rows, columns, scale)
    for factor in (1e-6, 1e6):
        torch.testing.assert_close(info_nce(factor * rows, columns / factor, scale), expected)
    zeros = torch.zeros(3, WIDTH, dtype=torch.float64, requires_grad=True)
    info_nce(zeros, columns, scale).backward()
    assert not unit(zeros).any() and zeros.grad.isfinite().all()


def test_mean_within():
    """First within a row, then over the rows, so that a long report counts as much as a short one."""
    values, mask = torch.tensor([[1., 2., 9.], [4., float('nan'), 7.]]), torch.tensor([[1, 1, 0], [1, 0, 0]]).bool()
    assert mean_within(values, mask) == (1.5 + 4) / 2
    assert mean_within(values, torch.zeros_like(mask)) == 0


@pytest.mark.parametrize('part', [GlobalAlignment, SigmoidAlignment])
@pytest.mark.parametrize('temperature', [0., -1., float('nan')])
def test_no_temperature(part, temperature):
    """A temperature that is none is refused by name, in each alignment alike."""
    with pytest.raises(ValueError, match='above 0'):
        part(temperature=temperature)


def test_smoothing_beside_masked_columns():
    """With nothing masked the smoothing is PyTorch's; what is masked takes no share of it."""
    logits = noise(3, 4)
    alone, pair = torch.eye(3, 4).bool(), torch.eye(3, 4).bool()
    pair[0, 3] = True
    plain = cross_entropy_of_partners(logits, smoothing=.1)
    torch.testing.assert_close(cross_entropy_of_partners(logits, 0, SameReports(alone, False), .1), plain)
    rows = [F.cross_entropy(row[None], torch.tensor([i]), label_smoothing=.1)
            for i, row in enumerate((logits[0, :3], logits[1], logits[2]))]
    torch.testing.assert_close(cross_entropy_of_partners(logits, 0, SameReports(pair, False), .1), sum(rows) / 3)
