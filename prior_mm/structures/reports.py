"""A batch of tokenised reports, from the collate function to the losses."""
from typing import NamedTuple

import torch
from torch import Tensor


class Reports(NamedTuple):
    """B tokenised reports, padded to the longest of the batch: L word pieces, N sentences.

    A named tuple of tensors, so that pinning, moving to a device and gathering work as they do for any nested
    batch of PyTorch and MMEngine.

    Attributes:
        token_ids: Word-piece ids, int64, (B, L). Padded places hold the tokenizer's padding id.
        token_mask: True where a word piece (special ones included) stands, bool, (B, L).
        sentence_index: 0-based sentence of each word piece, int64, (B, L); -1 for special tokens and padding.
        sentence_mask: True where a sentence stands, bool, (B, N). Valid sentences come first.
    """

    token_ids: Tensor
    token_mask: Tensor
    sentence_index: Tensor
    sentence_mask: Tensor

    @property
    def num_sentences(self) -> Tensor:
        """Sentences of each report, int64, (B,)."""
        return self.sentence_mask.sum(dim=1)

    @classmethod
    def from_sequences(cls, token_ids: 'list[list[int]]', sentence_index: 'list[list[int]]',
                       pad_id: int = 0) -> 'Reports':
        """Pad lists of word pieces to one batch.

        Args:
            token_ids: One list of word-piece ids a report, special tokens included.
            sentence_index: The 0-based sentence of each of them, -1 for special tokens.
            pad_id: The id that fills the padding.

        Raises:
            ValueError: If the two do not have the same lengths, or there is no report or no word piece in any.
        """
        lengths = list(map(len, token_ids))
        if not any(lengths) or lengths != list(map(len, sentence_index)):
            raise ValueError('token_ids and sentence_index must hold the same reports, at least one with a word piece; '
                             f'their lengths are {lengths} and {list(map(len, sentence_index))}')

        def pad(rows: 'list[list[int]]', value: int) -> Tensor:
            return torch.nn.utils.rnn.pad_sequence(
                [torch.as_tensor(row, dtype=torch.long) for row in rows], batch_first=True, padding_value=value)

        index = pad(sentence_index, -1)
        counts = index.amax(dim=1) + 1
        return cls(
            token_ids=pad(token_ids, pad_id),
            token_mask=torch.arange(index.shape[1]) < torch.tensor(lengths)[:, None],
            sentence_index=index,
            sentence_mask=torch.arange(max(int(counts.max()), 1)) < counts[:, None])


class WordReports(NamedTuple):
    """B tokenised reports whose words are known too; a :class:`Reports` with one field more.

    Attributes:
        word_index: 0-based word of the report that each word piece belongs to, int64, (B, L); -1 for special tokens
            and padding.
        The rest: as in :class:`Reports`.
    """

    token_ids: Tensor
    token_mask: Tensor
    sentence_index: Tensor
    sentence_mask: Tensor
    word_index: Tensor

    @property
    def num_sentences(self) -> Tensor:
        """Sentences of each report, int64, (B,)."""
        return self.sentence_mask.sum(dim=1)

    @classmethod
    def from_sequences(cls, token_ids: 'list[list[int]]', sentence_index: 'list[list[int]]',
                       word_index: 'list[list[int]]', pad_id: int = 0) -> 'WordReports':
        """As :meth:`Reports.from_sequences`, with the 0-based word of each word piece, -1 for special tokens."""
        words = Reports.from_sequences(token_ids, word_index, pad_id).sentence_index
        return cls(*Reports.from_sequences(token_ids, sentence_index, pad_id), words)
