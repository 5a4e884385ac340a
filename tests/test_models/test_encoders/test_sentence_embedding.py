"""Sentence embeddings as one product, against a loop over reports and sentences."""
import torch
from fast_and_slow import assert_same, noise
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.models.encoders.sentence_embedding import mean_of_word_pieces


def by_loop(word_pieces: torch.Tensor, index: torch.Tensor, count: int) -> torch.Tensor:
    means = []
    for pieces, sentence_of in zip(word_pieces, index, strict=True):
        for n in range(count):
            mine = [piece for piece, sentence in zip(pieces, sentence_of.tolist(), strict=True) if sentence == n]
            means.append(sum(mine) / len(mine) if mine else 0 * pieces[0])
    return torch.stack(means).view(len(word_pieces), count, -1)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_loop(data):
    """Any assignment of word pieces: special ones and padding (-1) belong to none, sentences beyond N are left out."""
    length, count = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 4))
    index = torch.tensor(data.draw(st.lists(
        st.lists(st.integers(-1, 5), min_size=length, max_size=length), min_size=1, max_size=3)))
    word_pieces = noise(len(index), length, 3)
    assert_same(lambda: [mean_of_word_pieces(word_pieces, index, count), word_pieces],
                lambda: [by_loop(word_pieces, index, count), word_pieces], [word_pieces])


def test_sentence_without_word_pieces():
    """It is exactly zero, not NaN, and asks nothing of the encoder."""
    word_pieces = noise(1, 4, 3)
    means = mean_of_word_pieces(word_pieces, torch.tensor([[-1, 0, 2, -1]]), 4)
    assert not means[0, 1].any() and not means[0, 3].any()
    means[0, [1, 3]].sum().backward()
    assert not word_pieces.grad.any()


def test_special_tokens_and_padding_count_for_nothing():
    """Whatever stands at [CLS], [SEP] and padding, the sentences are the same to the bit."""
    index = torch.tensor([[-1, 0, 0, 1, -1, -1]])
    word_pieces, other = noise(1, 6, 3), noise(1, 6, 3, seed=1)
    mixed = torch.where(index[..., None] < 0, 1e6 * other, word_pieces)
    assert torch.equal(mean_of_word_pieces(word_pieces, index, 2), mean_of_word_pieces(mixed, index, 2))


def test_half_precision_keeps_its_type():
    """Under autocast the word pieces are bfloat16; the mean is theirs, to bfloat16's precision."""
    index = torch.tensor([[-1, 0, 0, 0, -1]])
    word_pieces = noise(1, 5, 3).detach()
    means = mean_of_word_pieces(word_pieces.bfloat16(), index, 1)
    assert means.dtype == torch.bfloat16
    torch.testing.assert_close(means[0, 0].double(), word_pieces[0, 1:4].mean(0), rtol=0.02, atol=0.02)
