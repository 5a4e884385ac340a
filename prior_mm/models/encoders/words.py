"""Word pieces to words, and to one vector a report."""
from typing import Literal, get_args

import torch
from torch import Tensor

from prior_mm.structures import Reports

TextPooling = Literal['start', 'mean', 'max']


def word_places(reports: Reports) -> Tensor:
    """The place of each word piece among the words, int64, (B, L): 0 for [CLS], 1 + its word, -1 for none.

    Raises:
        ValueError: If the reports do not say which word a word piece belongs to.
    """
    if not hasattr(reports, 'word_index'):
        raise ValueError('this method aligns words, and the reports do not say which word a word piece belongs to: set '
                         'words=True in TokenizeReport')
    places = torch.where(reports.word_index < 0, -1, reports.word_index + 1)
    places[:, 0] = 0
    return places


def sum_of_word_pieces(word_pieces: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of the word pieces of each word, place 0 being [CLS].

    Args:
        word_pieces: Features, (B, L, W); or numbers, (B, L, 1).
        places: What :func:`word_places` gives.

    Returns:
        The words, (B, V, W), 0 at padding, and their mask, bool, (B, V).
    """
    member = places[:, None] == torch.arange(int(places.max()) + 1, device=places.device)[:, None]
    return member.to(word_pieces.dtype) @ word_pieces, member.any(dim=2)


def sentence_of_words(sentence_index: Tensor, places: Tensor) -> Tensor:
    """The 0-based sentence of each word, int64, (B, V); -1 for [CLS] and padding."""
    number = int(places.max()) + 1
    sentences = sentence_index.new_full((len(places), number + 1), -1)
    return sentences.scatter(1, places.masked_fill(places < 0, number), sentence_index)[:, :number]


def pool_word_pieces(word_pieces: Tensor, token_mask: Tensor, by: TextPooling) -> Tensor:
    """One vector a report: the first word piece, or the mean or the maximum of all, (B, L, W) to (B, W)."""
    if by == 'start':
        return word_pieces[:, 0]
    if by == 'mean':
        counted = token_mask[..., None].to(word_pieces.dtype)
        return (word_pieces * counted).sum(dim=1) / counted.sum(dim=1)
    return word_pieces.masked_fill(~token_mask[..., None], torch.finfo(word_pieces.dtype).min).amax(dim=1)


def check_text_pooling(by: str) -> None:
    """Raise ValueError for another kind."""
    if by not in get_args(TextPooling):
        raise ValueError(f'text_pooling must be one of {get_args(TextPooling)}, got {by!r}')
