"""Report drafts: predicted sentence prototypes (paper section 3.5), told in sentences of the training reports.

Each of the Q predictions is an embedding that was trained to be the prototype of a sentence, or zero where a report has
fewer sentences. What it says is told by the training sentence whose own prototype is nearest to it.
"""
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from torch import Tensor

from prior_mm.models import PRIOR
from prior_mm.models.alignment.contrastive import unit

from .archive import Archive
from .encoder import Encoder
from .nearest import nearest
from .prototypes import bank_weights, to_prototypes
from .results import DraftSentence, Dropped, ReportDraft

#: Above this cosine two sentences say the same.
SAME = 0.95
_SHOWN = 3  # training sentences of each sentence of a draft


def can_draft(encoder: Encoder) -> bool:
    """Whether the model's sentence decoder and bank were trained."""
    return all(getattr(encoder.method, part, None) is not None for part in ('sentence_decoder', 'prototype_bank')) \
        and encoder.method.needs('sentence_prototype')


def needed_to_draft(encoder: Encoder) -> PRIOR:
    """The method, if it can draft.

    Raises:
        ValueError: If the sentence decoder or the bank was not trained.
    """
    return encoder.needed('drafts', can_draft(encoder), 'its sentence decoder was not trained, which is done in the '
                          'last stage of PRIOR alone')


def draft(encoder: Encoder, batch: Tensor, archive: Archive) -> list[ReportDraft]:
    """Drafts of prepared images.

    Args:
        encoder: The model.
        batch: The images, float32 (B, 1, H, W) in [0, 1].
        archive: Of the training's studies.

    Raises:
        ValueError: If the sentence decoder or the bank was not trained.
    """
    prior = needed_to_draft(encoder)
    _, patches, _ = encoder.features(batch)
    with encoder.computing():
        decoder: Any = prior.sentence_decoder
        predicted = decoder(patches).float()
        weights, numbers = bank_weights(prior, predicted.flatten(0, 1)).max(dim=1)
        told = unit(predicted.flatten(0, 1)).cpu().numpy()
        predicted = predicted.cpu().numpy()
    prototypes = _prototypes_of(encoder, archive)
    places, cosines = nearest(told, prototypes / np.maximum(np.linalg.norm(prototypes, axis=1), 1e-12)[:, None], _SHOWN)
    # Nearer to zero, which stands for no sentence, than to what the nearest sentence is replaced by.
    missed = np.abs(predicted - prototypes[places[:, 0]].reshape(predicted.shape)).sum(axis=2)
    empty = (np.abs(predicted).sum(axis=2) < missed).reshape(-1)
    queries = predicted.shape[1]
    drafts = []
    for image in range(len(batch)):
        found = []
        for query in range(image * queries, (image + 1) * queries):
            if empty[query]:
                continue
            near = tuple(archive.sentence(int(place), float(cosine))
                         for place, cosine in zip(places[query], cosines[query], strict=True))
            found.append((int(places[query, 0]), DraftSentence(
                near[0].text, near[0].similarity, int(numbers[query]), float(weights[query]), near)))
        drafts.append(compose(found, archive))
    return drafts


def compose(found: Sequence[tuple[int, DraftSentence]], archive: Archive) -> ReportDraft:
    """A draft of sentences: the surest first, without what says the same or the contrary, in the order of reports.

    Args:
        found: Predicted sentences, each with its place in the archive's table.
        archive: Of the training's studies.
    """
    kept: list[tuple[int, DraftSentence]] = []
    dropped: list[Dropped] = []
    for place, sentence in sorted(found, key=lambda item: -item[1].similarity):
        if any(_same(archive, place, other) for other, _ in kept):
            dropped.append(Dropped(sentence.text, 'says what another sentence says'))
        elif against := next((other.text for _, other in kept if contradict(sentence.text, other.text)), None):
            dropped.append(Dropped(sentence.text, f'contradicts "{against}"'))
        else:
            kept.append((place, sentence))
    kept.sort(key=lambda item: archive.sentences.places[item[0]])
    return ReportDraft(tuple(sentence for _, sentence in kept), tuple(dropped))


def contradict(one: str, other: str) -> bool:
    """Whether one sentence says that there is what the other denies, by the labels of docs/report_labels.md."""
    first, second = (set(_labeller().sentence_labels(sentence)) for sentence in (one, other))
    return any((name, 1 - value) in second for name, value in first if value in (0, 1))


@lru_cache(maxsize=1)
def _labeller():
    from prior_mm.converters.report_labels.labeller import ReportLabeller  # takes a second
    return ReportLabeller()


def _same(archive: Archive, one: int, other: int) -> bool:
    if one == other:
        return True
    words, others = ({word.strip('.,').lower() for word in archive.sentences.texts[place].split()}
                     for place in (one, other))
    return words == others or float(archive.unit_sentences[one] @ archive.unit_sentences[other]) > SAME


def _prototypes_of(encoder: Encoder, archive: Archive) -> np.ndarray:
    """What the archive's sentences are replaced by, (S, D); computed once."""
    if archive.prototypes is None:
        archive.prototypes = to_prototypes(encoder, archive.sentences.vectors)
    return archive.prototypes

