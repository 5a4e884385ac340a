"""BERT without padding against Hugging Face's own, padded."""
import math

import pytest
import torch
from fast_and_slow import assert_same, spread_out
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from prior_mm.models.encoders import packed_bert as packed_bert_module
from prior_mm.models.encoders.packed_bert import BUDGET_STEP, ROW_STEP, is_packable, packed_bert

VOCABULARY, LONGEST = 40, 16
SIZES = dict(vocab_size=VOCABULARY, hidden_size=12, num_hidden_layers=3, num_attention_heads=3, intermediate_size=20,
             max_position_embeddings=LONGEST)


def bert(dropout: float = 0., **changes) -> BertModel:
    config = BertConfig(**SIZES, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout, **changes)
    return spread_out(BertModel(config, add_pooling_layer=False))


def word_pieces(mask: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Random ids, at padding as well."""
    return torch.randint(VOCABULARY, mask.shape, generator=torch.Generator().manual_seed(seed))


def mask_of(lengths: list[int], padded: int = 0) -> torch.Tensor:
    return torch.arange(max(max(lengths), padded)) < torch.tensor(lengths)[:, None]


def hugging_face(model: BertModel, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return model(input_ids=ids, attention_mask=mask.long()).last_hidden_state[mask]


def packed(model: BertModel, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return packed_bert(model, ids, mask)[mask]


lengths = st.lists(st.integers(1, LONGEST), min_size=1, max_size=5)


@settings(max_examples=15, deadline=None)
@given(lengths=lengths, padded=st.integers(1, LONGEST), seed=st.integers(0, 99))
def test_hugging_face(lengths, padded, seed):
    """Hidden states and the gradients of all weights are those of the padded computation, whatever the lengths."""
    model, mask = bert(), mask_of(lengths, padded)
    ids = word_pieces(mask, seed)
    assert_same(lambda: packed(model, ids, mask), lambda: hugging_face(model, ids, mask), model.parameters())


@settings(max_examples=10, deadline=None)
@given(rows=st.lists(st.lists(st.booleans(), min_size=6, max_size=6).filter(any), min_size=1, max_size=3))
def test_holes_in_the_mask(rows):
    """Word pieces keep their positions where others before them are masked."""
    model, mask = bert(), torch.tensor(rows)
    ids = word_pieces(mask)
    assert_same(lambda: packed(model, ids, mask), lambda: hugging_face(model, ids, mask), model.parameters())


@settings(max_examples=10, deadline=None)
@given(lengths=lengths, more=st.integers(0, 3))
def test_padding_and_neighbours_do_not_matter(lengths, more):
    """Each report has the features that it has alone; ids at padding, even impossible ones, are never read."""
    model, mask = bert(), mask_of(lengths, min(max(lengths) + more, LONGEST))
    ids = word_pieces(mask)
    together = packed(model, ids.masked_fill(~mask, VOCABULARY + 7), mask)
    alone = [packed(model, row[:n][None], torch.ones(1, n, dtype=torch.bool))
             for row, n in zip(ids, lengths, strict=True)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-9, atol=1e-9)


def test_report_without_word_pieces():
    """A row of padding only leaves no NaN, neither in the other rows nor in the gradients."""
    model, mask = bert(), mask_of([3, 0, 2])
    hidden = packed(model, word_pieces(mask), mask)
    assert hidden.shape == (5, 12) and hidden.isfinite().all()
    hidden.square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize('place', ['embeddings', 'encoder.layer.2.attention.self', 'encoder.layer.2.attention.output',
                                   'encoder.layer.2.output'])
def test_dropout(place):
    """Each dropout of BERT is drawn in training, and none in evaluation."""
    model, mask = bert(dropout=0.3), mask_of([5, 3])
    ids = word_pieces(mask)
    torch.testing.assert_close(packed(model, ids, mask), hugging_face(model, ids, mask), rtol=1e-9, atol=1e-9)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.
    model.train()
    assert torch.equal(packed(model, ids, mask), packed(model, ids, mask))
    model.get_submodule(place).dropout.p = 0.3
    assert not torch.equal(packed(model, ids, mask), packed(model, ids, mask))


@pytest.mark.parametrize('step', [1, 4, 32])
def test_steps_of_rows(monkeypatch, step):
    """Longer rows of the attention, as on a GPU, change neither shape nor features; padding stays 0."""
    model, mask = bert(), mask_of([5, 0, 3], 6)
    ids = word_pieces(mask)
    plain = packed_bert(model, ids, mask)
    monkeypatch.setitem(ROW_STEP, 'cpu', step)
    features = packed_bert(model, ids, mask)
    torch.testing.assert_close(features, plain, rtol=1e-9, atol=1e-9)
    assert features.shape == (3, 6, 12) and not features[~mask].any()


@settings(max_examples=15, deadline=None)
@given(lengths=lengths, step=st.integers(1, 40), seed=st.integers(0, 99))
def test_budgets_of_word_pieces(lengths, step, seed):
    """Where layers are compiled, what fills a batch up to a budget changes neither features nor gradients."""
    model, mask, sizes = bert(), mask_of(lengths), set()
    ids = word_pieces(mask, seed)

    def layer(layer, hidden, places, token_mask):
        sizes.add((len(hidden), *token_mask.shape))
        return packed_bert_module._layer(layer, hidden, places, token_mask)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BUDGET_STEP, 'cpu', step)
        patch.setattr(packed_bert_module, '_compiled_layer', lambda mode: layer)
        assert_same(lambda: packed_bert(model, ids, mask, compiled=True)[mask],
                    lambda: hugging_face(model, ids, mask), model.parameters())
        features = packed_bert(model, ids, mask, compiled=True)
    assert features.shape == (*mask.shape, 12) and not features[~mask].any()
    rows = len(lengths) + math.ceil((step - 1) / max(lengths))  # whatever is missing, so that the shape is the same
    assert sizes == {(math.ceil(sum(lengths) / step) * step, rows, max(lengths))}


def test_what_is_packable():
    """Only plain BERT: a decoder, relative positions and RoBERTa (which counts positions from 2) compute otherwise."""
    assert is_packable(bert())
    assert not is_packable(bert(is_decoder=True))
    assert not is_packable(bert(position_embedding_type='relative_key'))
    assert not is_packable(RobertaModel(RobertaConfig(**SIZES)))
