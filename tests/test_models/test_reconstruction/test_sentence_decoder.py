"""The sentence decoder against the layers of a BERT decoder written out, and who sees whom."""
import pytest
import torch
import torch.nn.functional as F
from fast_and_slow import assert_same, noise, spread_out

from prior_mm.models import SentenceDecoder

WIDTH, HEADS, Q = 12, 3, 5


def decoder(causal: bool = False, **options) -> SentenceDecoder:
    return spread_out(SentenceDecoder(WIDTH, Q, num_layers=2, num_heads=HEADS, feedforward_dims=16, causal=causal,
                                      **options))


def attend(attention: torch.nn.MultiheadAttention, queries: torch.Tensor, keys: torch.Tensor,
           causal: bool = False) -> torch.Tensor:
    """Attention of one study, (Q, D) over (K, D), head by head and query by query."""
    wq, wk, wv = attention.in_proj_weight.chunk(3)
    bq, bk, bv = attention.in_proj_bias.chunk(3)
    q, k, v = queries @ wq.T + bq, keys @ wk.T + bk, keys @ wv.T + bv
    rows = []
    for i in range(len(q)):
        seen, heads = (i + 1 if causal else len(k)), []
        for head in torch.arange(WIDTH).chunk(HEADS):
            weights = (k[:seen, head] @ q[i, head] / len(head)**0.5).softmax(0)
            heads.append(weights @ v[:seen, head])
        rows.append(torch.cat(heads))
    return attention.out_proj(torch.stack(rows))


def slow(module: SentenceDecoder, patches: torch.Tensor) -> torch.Tensor:
    """Study by study and layer by layer: attention, cross attention, feed-forward, each added and normalised."""
    predictions = []
    for study in patches:
        x = module.norm(module.queries[0] + module.position_embedding)
        for layer in module.decoder.layers:
            x = layer.norm1(x + attend(layer.self_attn, x, x, module.causal))
            x = layer.norm2(x + attend(layer.multihead_attn, x, study))
            x = layer.norm3(x + layer.linear2(F.gelu(layer.linear1(x))))
        predictions.append(x)
    return torch.stack(predictions)


@pytest.mark.parametrize('causal', [False, True])
def test_layers_written_out(causal):
    """Values and all gradients, in training (without dropout) and, values, in evaluation."""
    module, patches = decoder(causal, dropout=0.).train(), noise(2, 4, WIDTH)
    assert_same(lambda: module(patches), lambda: slow(module, patches), [patches, *module.parameters()])
    with torch.no_grad():
        torch.testing.assert_close(module.eval()(patches), slow(module, patches))


def with_other_last_query(module: SentenceDecoder, patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    before = module(patches)
    module.queries.data[0, -1] = noise(WIDTH, seed=2).detach()
    return before, module(patches)


def test_every_query_sees_every_other():
    """It is not autoregressive: the last query matters to the first prediction."""
    before, after = with_other_last_query(decoder(), noise(2, 4, WIDTH))
    assert ((before - after).abs().amax(dim=(0, 2)) > 1e-3).all()


def test_causal_queries_see_only_earlier_ones():
    """With the published mask the last query matters to the last prediction only."""
    before, after = with_other_last_query(decoder(causal=True), noise(2, 4, WIDTH))
    torch.testing.assert_close(before[:, :-1], after[:, :-1], rtol=1e-12, atol=1e-12)
    assert (before[:, -1] - after[:, -1]).abs().max() > 1e-3


def test_order_of_patches_does_not_matter():
    """Patches are a set here; studies do not see each other."""
    module, patches = decoder(), noise(2, 4, WIDTH)
    torch.testing.assert_close(module(patches[:, [2, 0, 3, 1]]), module(patches))
    torch.testing.assert_close(module(patches[1:]), module(patches)[1:])


def test_layers_do_not_start_as_copies():
    """PyTorch's decoder copies its first layer; each starts from numbers of its own, as BERT's: N(0, 0.02), bias 0."""
    torch.manual_seed(0)
    module = SentenceDecoder(WIDTH, Q, num_layers=3, num_heads=HEADS, feedforward_dims=16)
    weights = [layer.linear1.weight for layer in module.decoder.layers]
    assert not torch.equal(weights[0], weights[1]) and not torch.equal(weights[1], weights[2])
    assert torch.stack(weights).std().item() == pytest.approx(0.02, rel=0.1)
    assert not any(p.any() for name, p in module.decoder.named_parameters() if name.endswith('bias'))
    assert all((layer.norm1.weight == 1).all() for layer in module.decoder.layers)


def test_dropout_is_for_training_only():
    """Two passes differ in training and agree in evaluation."""
    module, patches = decoder(dropout=0.3), noise(1, 4, WIDTH)
    assert torch.equal(module(patches), module(patches))
    module.train()
    assert not torch.equal(module(patches), module(patches))


def test_heads_that_do_not_divide():
    """Heads that do not divide the width are an error with both numbers."""
    with pytest.raises(ValueError, match='embed_dims=10 .* num_heads=4'):
        SentenceDecoder(10, num_heads=4)
