"""Studies in the joint space."""
from typing import NamedTuple

from torch import Tensor


class ReportEmbeddings(NamedTuple):
    """B reports in the joint space of width D (paper section 3).

    Attributes:
        sentences: Sentence embeddings, (B, N, D).
        prototypes: What stands for the sentences: their prototypes, or themselves before the bank is used, (B, N, D).
        sentence_mask: True where a sentence stands, bool, (B, N).
        report: Global text embeddings, pooled from ``prototypes``, (B, D).
    """

    sentences: Tensor
    prototypes: Tensor
    sentence_mask: Tensor
    report: Tensor


class StudyEmbeddings(NamedTuple):
    """B studies in the joint space of width D (paper section 3).

    Attributes:
        patches: Local image embeddings, (B, P, D).
        image: Global image embeddings, (B, D).
        The rest: as in :class:`ReportEmbeddings`.
    """

    patches: Tensor
    image: Tensor
    sentences: Tensor
    prototypes: Tensor
    sentence_mask: Tensor
    report: Tensor


class WordEmbeddings(NamedTuple):
    """B reports in the joint space, word by word, for the methods that align words.

    Attributes:
        words: Word embeddings, (B, V, D). Place 0 is [CLS]; which places a method counts is in its mask.
        word_mask: True where a word that counts stands, bool, (B, V).
        sentence_of_word: 0-based sentence of each word, int64, (B, V); -1 for [CLS] and padding.
        report: Global text embeddings, (B, D).
    """

    words: Tensor
    word_mask: Tensor
    sentence_of_word: Tensor
    report: Tensor


class WordStudy(NamedTuple):
    """B studies in the joint space, word by word.

    Attributes:
        patches: Local image embeddings, (B, P, D).
        image: Global image embeddings, (B, D).
        The rest: as in :class:`WordEmbeddings`.
    """

    patches: Tensor
    image: Tensor
    words: Tensor
    word_mask: Tensor
    sentence_of_word: Tensor
    report: Tensor
