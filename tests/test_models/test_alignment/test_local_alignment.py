"""The losses of the local alignment, study by study."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st
from rounding import rounding

from prior_mm.models import CrossAttention, LocalAlignment

WIDTH = 6


@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.integers(1, 4), min_size=1, max_size=3), patches=st.integers(1, 5))
def test_study_by_study(counts, patches):
    """Mean over the patches or sentences of a study, then over the studies; the other side is held fixed."""
    alignment, attention = spread_out(LocalAlignment(WIDTH)), spread_out(CrossAttention(WIDTH), seed=1)
    x, s = noise(len(counts), patches, WIDTH), noise(len(counts), max(counts), WIDTH, seed=1)
    mask = torch.arange(s.shape[1]) < torch.tensor(counts)[:, None]
    predict = alignment.predictor

    def by_loop() -> list[torch.Tensor]:
        image_losses, text_losses = [], []
        for b, count in enumerate(counts):
            attended = attention(x[b:b + 1], s[b:b + 1, :count], mask[b:b + 1, :count])
            for patch, context in zip(x[b], attended.patch_context[0], strict=True):
                image_losses.append(-(F.cosine_similarity(predict(patch), context.detach(), dim=0)
                                      + F.cosine_similarity(predict(context), patch.detach(), dim=0)) / 2)
            similarity = alignment.logit_scale.exp() * F.cosine_similarity(
                s[b, :count, None], attended.sentence_context, dim=-1)
            both = [F.cross_entropy(table, torch.arange(count)) for table in (similarity, similarity.T)]
            text_losses.append(sum(both) / 2)
        return [sum(image_losses) / len(image_losses), sum(text_losses) / len(text_losses)]

    assert_same(lambda: alignment(x, s, mask, attention(x, s, mask)), by_loop,
                [x, s, *alignment.parameters(), *attention.parameters()])


def test_gradient_stops_on_the_target_side():
    """SimSiam's form: no gradient reaches a side as the target, so both cannot collapse to one point at once."""
    alignment, x, context = spread_out(LocalAlignment(WIDTH)), noise(1, 3, WIDTH), noise(1, 3, WIDTH, seed=1)
    alignment.predictor = torch.nn.Identity()
    alignment.image_loss(x, context).backward()
    fixed = context.detach()
    expected, = torch.autograd.grad(-F.cosine_similarity(x, fixed, dim=-1).mean() / 2, x)
    torch.testing.assert_close(x.grad, expected)


def test_half_precision():
    """The cosines of embeddings in bfloat16 are computed in float32."""
    alignment, x, context = LocalAlignment(64), noise(1, 3, 64).bfloat16(), noise(1, 3, 64, seed=1).bfloat16()
    alignment.predictor = torch.nn.Identity()
    with torch.autocast('cpu', torch.bfloat16):
        loss = alignment.image_loss(x, context)
    assert loss.dtype == torch.float32
    expected = -F.cosine_similarity(x.double(), context.double(), dim=-1).mean()
    assert loss.item() == pytest.approx(expected.item(), abs=rounding(64))


def test_start():
    """The temperature starts at 0.01; the predictor's first layer from N(0, 1/D), as in the published code."""
    torch.manual_seed(0)
    alignment = LocalAlignment(256)
    assert alignment.logit_scale.exp().item() == pytest.approx(100, rel=1e-5)
    assert alignment.predictor[0].weight.std().item() == pytest.approx(1 / 16, rel=0.02)
