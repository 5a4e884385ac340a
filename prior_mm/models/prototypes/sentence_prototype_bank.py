"""Sentence prototype bank (SPB): sentences that say the same share a prototype."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..precision import at_least_float32, full_precision
from .prototype_usage import PrototypeUsage


@MODELS.register_module()
class SentencePrototypeBank(nn.Module):
    """A table of K prototypes, looked up softly (paper section 3.4).

    Args:
        embed_dims: Width D of sentences and prototypes.
        num_prototypes: K.
        temperature: Of the softmax over the prototypes. A plain attribute that a schedule may change.
        noise: Draw the weights with Gumbel noise in training. Never in evaluation, which is deterministic.
    """

    def __init__(self, embed_dims: int, num_prototypes: int = 512, temperature: float = 0.9,
                 noise: bool = True) -> None:
        super().__init__()
        self.prototypes = nn.Embedding(num_prototypes, embed_dims)
        self.temperature = temperature
        self.noise = noise
        self.usage: PrototypeUsage | None = None  # what PrototypeUsageHook counts with

    def logits(self, sentences: Tensor) -> Tensor:
        """Inner products of sentences (..., D) with the prototypes, float32, (..., K)."""
        with full_precision(sentences):
            return at_least_float32(sentences) @ self.prototypes.weight.T

    def forward(self, sentences: Tensor, counted: bool = True) -> Tensor:
        """Replace sentences (..., D) by their prototypes, float32, (..., D).

        Args:
            sentences: The sentences.
            counted: Whether these count as a use of the prototypes; what is predicted does not.
        """
        logits = self.logits(sentences)
        if counted and self.training and self.usage is not None:
            self.usage.add(logits)
        if self.noise and self.training:
            weights = F.gumbel_softmax(logits, tau=self.temperature, dim=-1)
        else:
            weights = torch.softmax(logits / self.temperature, dim=-1)
        with full_precision(sentences):
            return weights @ self.prototypes.weight

    def of_valid(self, sentences: Tensor, mask: Tensor, counted: bool = True) -> Tensor:
        """As :meth:`forward`, of sentences (B, N, D) where the mask (B, N) is True, else 0, float32, (B, N, D)."""
        if not self.training:  # no noise is drawn at all: one shape for any mask, which an exported graph needs
            return self(sentences, counted) * mask[..., None]
        places = mask.flatten().nonzero().squeeze(1)  # once: it waits for the device
        prototypes = self(sentences.flatten(0, 1).index_select(0, places), counted)  # no noise is drawn for padding
        zeros = prototypes.new_zeros(mask.numel(), sentences.shape[2])
        return zeros.index_copy(0, places, prototypes).view(sentences.shape)

    @staticmethod
    def loss(sentences: Tensor, prototypes: Tensor, mask: Tensor) -> Tensor:
        """Mean absolute difference between the valid sentences of the batch and their prototypes; scalar.

        Args:
            sentences: Sentence embeddings, (B, N, D).
            prototypes: What :meth:`forward` made of them, (B, N, D).
            mask: True where a sentence stands, bool, (B, N).
        """
        difference = (at_least_float32(sentences) - prototypes).abs().mean(dim=-1)
        return difference.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)

    def kl(self, predictions: Tensor, sentences: Tensor, mask: Tensor) -> Tensor:
        """KL divergence from the prototype distribution of the sentences to that of their predictions.

        Args:
            predictions: Predicted sentence embeddings, (B, N, D).
            sentences: The sentences they are matched with, (B, N, D).
            mask: True where a sentence stands, bool, (B, N).

        Returns:
            Mean over the valid sentences of the batch, float32 scalar.
        """
        predicted = F.log_softmax(self.logits(predictions), dim=-1)
        target = F.log_softmax(self.logits(sentences), dim=-1)
        divergence = (target.exp() * (target - predicted)).sum(dim=-1)
        return divergence.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)
