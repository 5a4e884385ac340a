"""What of the bank stands for a sentence (paper section 3.4), in words of the training reports."""
from typing import Any

import numpy as np
import torch

from prior_mm.models.alignment.contrastive import unit

from .archive import Archive
from .encoder import Encoder
from .nearest import nearest
from .results import NearSentence, Prototype


def nearest_prototypes(encoder: Encoder, sentence: str, k: int, archive: Archive | None) -> list[Prototype]:
    """The prototypes that weigh most in what replaces a sentence.

    Args:
        encoder: The model.
        sentence: The sentence.
        k: How many prototypes, and how many training sentences of each.
        archive: Where the sentences are from; None leaves them out.

    Raises:
        ValueError: If the model has no bank of prototypes that was trained.
    """
    prior = encoder.needed('prototypes', getattr(encoder.method, 'prototype_bank', None) is not None
                           and encoder.method.needs('prototype'), 'its bank of prototypes was not trained, which '
                           'begins with the second stage of PRIOR')
    with encoder.computing():
        vector = encoder.embed_reports([[sentence]])[0].sentences[:, 0]
        weights = bank_weights(prior, vector)[0].cpu()
        heaviest = weights.topk(min(k, len(weights)))
        bank: Any = prior.prototype_bank
        rows = unit(bank.prototypes.weight[heaviest.indices.to(encoder.device)]).cpu().numpy()
    near: list[tuple[NearSentence, ...]] = [()] * len(rows)
    if archive is not None:
        places, cosines = nearest(rows, archive.unit_sentences, k)
        near = [tuple(archive.sentence(place, cosine) for place, cosine in zip(*pair, strict=True))
                for pair in zip(places, cosines, strict=True)]
    return [Prototype(int(number), float(weight), sentences)
            for number, weight, sentences in zip(heaviest.indices, heaviest.values, near, strict=True)]


def bank_weights(prior, vectors: torch.Tensor) -> torch.Tensor:
    """Share of each prototype in what replaces sentences (N, D), (N, K), as in evaluation: without noise."""
    bank = prior.prototype_bank
    return torch.softmax(bank.logits(vectors) / bank.temperature, dim=-1)


def to_prototypes(encoder: Encoder, sentences: np.ndarray) -> np.ndarray:
    """Sentences (N, D) replaced by their prototypes, float32 (N, D)."""
    method = encoder.method
    with encoder.computing():
        return np.concatenate([method.prototype_bank(torch.tensor(part, device=encoder.device)).cpu().numpy()
                               for part in np.array_split(sentences, max(1, len(sentences) // 4096))])
