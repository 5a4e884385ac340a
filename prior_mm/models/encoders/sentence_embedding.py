"""Word pieces to sentences."""
import torch
from torch import Tensor


def mean_of_word_pieces(word_pieces: Tensor, sentence_index: Tensor, num_sentences: int) -> Tensor:
    """Mean of the word pieces of each sentence (paper section 3.1), (B, N, W).

    Args:
        word_pieces: Features, (B, L, W).
        sentence_index: 0-based sentence of each word piece, -1 for none, (B, L).
        num_sentences: N; sentences from N on are left out, those without a word piece are 0.
    """
    member = sentence_index[:, None] == torch.arange(num_sentences, device=sentence_index.device)[:, None]
    counts = member.sum(dim=2, keepdim=True).clamp(min=1)
    return (member.to(word_pieces.dtype) @ word_pieces) / counts
