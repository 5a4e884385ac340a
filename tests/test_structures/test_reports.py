"""A batch of tokenised reports: padding, masks, and lists that do not belong together."""
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.structures import Reports

# One report: the number of word pieces of each sentence. It may have none.
sentence_lengths = st.lists(st.lists(st.integers(1, 4), max_size=5), min_size=1, max_size=5)


def sequences(lengths: list[list[int]], special: bool = True) -> tuple[list[list[int]], list[list[int]]]:
    """Word-piece ids (all different) and their sentences, with or without [CLS] and [SEP]."""
    tokens, index, number = [], [], 10
    for sentences in lengths:
        row = [n for n, length in enumerate(sentences) for _ in range(length)]
        row = [-1, *row, -1] if special else row
        index.append(row)
        tokens.append(list(range(number, number + len(row))))
        number += len(row)
    return tokens, index


@settings(deadline=None)
@given(lengths=sentence_lengths, pad_id=st.integers(0, 9))
def test_padding(lengths, pad_id):
    """What goes in is where the masks say; everything else is padding and belongs to no sentence."""
    tokens, index = sequences(lengths)
    reports = Reports.from_sequences(tokens, index, pad_id)
    assert reports.token_ids.shape == (len(tokens), max(map(len, tokens)))
    assert reports.token_ids.dtype == reports.sentence_index.dtype == torch.int64
    assert reports.token_mask.dtype == reports.sentence_mask.dtype == torch.bool
    for b, (row, sentence_of, sentences) in enumerate(zip(tokens, index, lengths, strict=True)):
        mask = reports.token_mask[b]
        assert mask.tolist() == [True] * len(row) + [False] * (mask.numel() - len(row))
        assert reports.token_ids[b][mask].tolist() == row
        assert reports.sentence_index[b][mask].tolist() == sentence_of
        assert (reports.token_ids[b][~mask] == pad_id).all() and (reports.sentence_index[b][~mask] == -1).all()
        assert reports.sentence_mask[b].tolist() == [n < len(sentences) for n in range(reports.sentence_mask.shape[1])]
    assert reports.num_sentences.tolist() == [len(sentences) for sentences in lengths]
    assert reports.sentence_mask.shape[1] == max(1, *map(len, lengths), 1)


@settings(deadline=None)
@given(lengths=sentence_lengths.filter(any), more=sentence_lengths)
def test_a_report_does_not_depend_on_its_neighbours(lengths, more):
    """In a larger batch a report has the same word pieces and sentences, with more padding at most."""
    small = Reports.from_sequences(*sequences(lengths, special=False))
    large = Reports.from_sequences(*sequences(lengths + more, special=False))
    for ours, theirs in zip(small, large, strict=True):
        padded = theirs[:len(lengths)]
        assert torch.equal(padded[:, :ours.shape[1]], ours)
        assert len(padded[:, ours.shape[1]:].unique()) <= 1


@pytest.mark.parametrize(('tokens', 'index'), [
    ([], []), ([[]], [[]]), ([[], []], [[], []]), ([[2, 3]], [[0]]), ([[2]], [[0], [0]]), ([[2], [3]], [[0]])])
def test_lists_that_do_not_belong_together(tokens, index):
    """No report, none with a word piece, or lists of other lengths: an error with the lengths that were found."""
    with pytest.raises(ValueError, match='same reports.*lengths are'):
        Reports.from_sequences(tokens, index)


def test_is_a_batch_for_pytorch():
    """A named tuple: moved, pinned and collated field by field, and it stays what it is."""
    reports = Reports.from_sequences([[2, 5]], [[-1, 0]])
    moved = Reports(*(part.to('meta') for part in reports))
    assert moved._fields == ('token_ids', 'token_mask', 'sentence_index', 'sentence_mask')
    assert all(part.is_meta for part in moved)
