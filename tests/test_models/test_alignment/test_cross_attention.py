"""Cross attention of patches and sentences against loops over both."""
import torch
from fast_and_slow import assert_same, noise, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models import CrossAttention

WIDTH = 6


@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.integers(0, 4), min_size=1, max_size=3), patches=st.integers(1, 5))
def test_loops(counts, patches):
    """sigmoid(q k / sqrt(D)) v, pair by pair; valid sentences only for the patches, all patches for a sentence."""
    attention = spread_out(CrossAttention(WIDTH))
    x, s = noise(len(counts), patches, WIDTH), noise(len(counts), max(counts) + 1, WIDTH, seed=1)
    mask = torch.arange(s.shape[1]) < torch.tensor(counts)[:, None]

    def by_loops() -> list[torch.Tensor]:
        to_sentences, to_patches = torch.zeros(*x.shape[:2], s.shape[1]).double(), torch.zeros(*s.shape[:2],
                                                                                              x.shape[1]).double()
        patch_context, sentence_context = torch.zeros_like(x), torch.zeros_like(s)
        for b in range(len(x)):
            for p in range(x.shape[1]):
                for n in range(s.shape[1]):
                    seen = torch.sigmoid(attention.text_query(s[b, n]).dot(attention.image_key(x[b, p])) / WIDTH**0.5)
                    to_patches[b, n, p] = seen
                    sentence_context[b, n] = sentence_context[b, n] + seen * attention.image_value(x[b, p])
                    if n < counts[b]:
                        seen = torch.sigmoid(
                            attention.image_query(x[b, p]).dot(attention.text_key(s[b, n])) / WIDTH**0.5)
                        to_sentences[b, p, n] = seen
                        patch_context[b, p] = patch_context[b, p] + seen * attention.text_value(s[b, n])
        return [patch_context, sentence_context, to_sentences, to_patches]

    assert_same(lambda: attention(x, s, mask), by_loops, [x, s, *attention.parameters()])


def test_padding_reaches_no_patch():
    """What stands at padded sentences changes neither the patches' context nor their weights, and gets no gradient."""
    attention, x, s = spread_out(CrossAttention(WIDTH)), noise(1, 4, WIDTH), noise(1, 3, WIDTH, seed=1)
    mask = torch.tensor([[True, True, False]])
    attended = attention(x, s, mask)
    other = attention(x, torch.cat([s[:, :2], 100 * s[:, 2:]], dim=1), mask)
    assert torch.equal(attended.patch_context, other.patch_context)
    assert torch.equal(attended.patch_weights, other.patch_weights)
    assert not attended.patch_weights[..., 2].any()
    attended.patch_context.sum().backward()
    assert s.grad[0, :2].any() and not s.grad[0, 2].any()


def test_weights_without_a_batch():
    """A patch and a prompt of other studies are compared by broadcasting, as zero-shot classification does."""
    attention, x, s = spread_out(CrossAttention(WIDTH)), noise(2, 4, WIDTH), noise(3, WIDTH, seed=1)
    to_sentences, to_patches = attention.weights(x, s[None])
    for b in range(2):
        alone = attention.weights(x[b], s)
        torch.testing.assert_close((to_sentences[b], to_patches[b]), alone)
