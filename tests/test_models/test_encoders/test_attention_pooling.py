"""Attention pooling, which computes one query, against attention of all tokens over all tokens."""
import pytest
import torch
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_prior import plain_attention_pooling

from prior_mm.models import AttentionPooling

WIDTH, HEADS = 12, 3


def pooling(grid: tuple[int, int] | None = None) -> AttentionPooling:
    return spread_out(AttentionPooling(WIDTH, HEADS, grid))


def slow(module: AttentionPooling, tokens: torch.Tensor) -> torch.Tensor:
    """One set of tokens (T, C), all of them valid, by PyTorch's own multi-head attention."""
    with_mean = torch.cat([tokens.mean(dim=0, keepdim=True), tokens])
    if module.grid:
        with_mean = with_mean + module.positional_embedding
    return plain_attention_pooling(module, with_mean[None])[0]


@settings(max_examples=10, deadline=None)
@given(batch=st.integers(1, 3), count=st.integers(1, 6))
def test_without_mask(batch, count):
    """Values and gradients for sets of one size."""
    module, tokens = pooling(), noise(batch, count, WIDTH)
    assert_same(lambda: module(tokens), lambda: torch.stack([slow(module, each) for each in tokens]),
                [tokens, *module.parameters()])


@settings(max_examples=15, deadline=None)
@given(rows=st.lists(st.lists(st.booleans(), min_size=5, max_size=5).filter(any), min_size=1, max_size=4))
def test_with_mask(rows):
    """Each set is pooled as if the tokens that do not count were not there."""
    module, mask, tokens = pooling(), torch.tensor(rows), noise(len(rows), 5, WIDTH)
    assert_same(lambda: module(tokens, mask),
                lambda: torch.stack([slow(module, each[valid]) for each, valid in zip(tokens, mask, strict=True)]),
                [tokens, *module.parameters()])


def test_nothing_counts():
    """A set of which no token counts (a prompt without word pieces) is finite, and so are its gradients."""
    module, tokens = pooling(), noise(2, 3, WIDTH)
    mask = torch.tensor([[False] * 3, [True] * 3])
    pooled = module(tokens, mask)
    assert pooled.isfinite().all()
    pooled.sum().backward()
    assert tokens.grad.isfinite().all() and not tokens.grad[0].any()


def test_positions():
    """The position embedding of the training grid is added as it is, whether or not the grid is named."""
    module, tokens = pooling((2, 3)), noise(2, 6, WIDTH)
    assert_same(lambda: module(tokens), lambda: torch.stack([slow(module, each) for each in tokens]),
                [tokens, *module.parameters()])
    assert torch.equal(module(tokens), module(tokens, grid=(2, 3)))


@pytest.mark.parametrize('grid', [(4, 5), (1, 2), (3, 2)])
def test_other_grid(grid):
    """For a map of another size the embedding is interpolated over its rows and columns; the mean's stays."""
    module, tokens = pooling((2, 3)), noise(2, grid[0] * grid[1], WIDTH)

    def by_loop() -> torch.Tensor:
        as_map = torch.stack([torch.stack([module.positional_embedding[1 + 3 * y + x] for x in range(3)])
                              for y in range(2)])
        as_map = torch.nn.functional.interpolate(as_map.permute(2, 0, 1)[None], size=grid, mode='bicubic')[0]
        positions = torch.stack([module.positional_embedding[0],
                                 *(as_map[:, y, x] for y in range(grid[0]) for x in range(grid[1]))])
        return torch.stack([plain_attention_pooling(module, (torch.cat([each.mean(0, keepdim=True), each])
                                                             + positions)[None])[0] for each in tokens])

    assert_same(lambda: module(tokens, grid=grid), by_loop, [tokens, *module.parameters()])


def test_heads_that_do_not_divide():
    """Heads that do not divide the width are an error with both numbers."""
    with pytest.raises(ValueError, match='embed_dims=10 .* num_heads=4'):
        AttentionPooling(10, 4)
