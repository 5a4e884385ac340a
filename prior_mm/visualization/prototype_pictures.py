"""What prototypes stand for: the sentences and radiographs nearest to those that are used most."""
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from prior_mm.datasets import collate_studies
from prior_mm.models.alignment.contrastive import unit
from prior_mm.models.method import Method
from prior_mm.models.prototypes import PrototypeUsage

#: Prototypes, and radiographs and texts of each, that are shown.
NUM_PROTOTYPES, NUM_NEAREST = 8, 3
_BATCH = 32


class Closeness(NamedTuple):
    """How close studies are to K prototypes.

    Attributes:
        texts: The T sentences (PRIOR), or reports as one text each (MGCA).
        of_texts: (T, K).
        images: In [0, 1], float32, (B, H, W).
        of_images: (B, K).
    """

    texts: list[str]
    of_texts: Tensor
    images: Tensor
    of_images: Tensor


def has_prototypes(model: Method) -> bool:
    """Whether the model has prototypes, and a loss of them is on."""
    return any(getattr(model, name, None) is not None for name in ('prototype_bank', 'prototypes')) and model.needs(
        'prototype')


@torch.no_grad()
def closeness(model: Method, studies: Sequence[dict]) -> Closeness:
    """How close each text and radiograph is to each prototype.

    PRIOR's prototypes are of sentences, which they are compared with as in the model; a radiograph counts by the patch
    whose cosine is highest. MGCA's are of whole radiographs and reports: the cosines.

    Args:
        model: A model with prototypes, in evaluation.
        studies: The data set, or what it gives; with reports.
    """
    places = range(len(studies))
    batches = [_of_batch(model, [studies[index] for index in places[start:start + _BATCH]])
               for start in places[::_BATCH]]
    return Closeness(*(_joined(parts) for parts in zip(*batches, strict=True)))


def _joined(parts: tuple) -> Any:
    return torch.cat(parts) if isinstance(parts[0], Tensor) else [text for part in parts for text in part]


def _of_batch(model: Any, studies: list[dict]) -> Closeness:
    batch = collate_studies(studies)
    prepared = model.data_preprocessor(batch)
    study = model(prepared['inputs'], prepared['reports'])
    sentences = [sample['sentences'] for sample in batch['data_samples']]
    bank = getattr(model, 'prototype_bank', None)
    if bank is None:
        texts = [' '.join(report) for report in sentences]
        of_texts, of_images = model.prototypes.logits(study.report), model.prototypes.logits(study.image)
    else:
        counts = study.sentence_mask.sum(dim=1).tolist()
        texts = [text for report, count in zip(sentences, counts, strict=True) for text in report[:count]]
        of_texts = bank.logits(study.sentences[study.sentence_mask])
        of_images = (unit(study.patches) @ unit(bank.prototypes.weight).T).amax(dim=1)
    return Closeness(texts, of_texts.cpu(), batch['inputs'][:, 0], of_images.cpu())


def draw_prototypes(close: Closeness, path: str | Path, title: str = '') -> None:
    """Draw a row a prototype, those that are nearest to most texts first: its nearest texts, and radiographs.

    Args:
        close: What :func:`closeness` gives.
        path: The picture.
        title: Stands above, with the perplexity and how many prototypes no text is nearest to.
    """
    usage = PrototypeUsage()
    usage.add(close.of_texts)
    figures = usage.figures()
    counts = torch.bincount(close.of_texts.argmax(dim=1), minlength=close.of_texts.shape[1])
    used = counts.argsort(descending=True, stable=True)[:NUM_PROTOTYPES].tolist()
    figure = Figure(figsize=(4 + 1.8 * NUM_NEAREST, 1.9 * len(used) + .7), layout='constrained')
    figure.suptitle(f'{title}\n{figures["all"]} prototypes, perplexity {figures["perplexity"]:.1f} over '
                    f'{len(close.texts)} texts, {figures["dead"]} nearest to none', fontsize=10)
    rows = figure.subplots(len(used), 1 + NUM_NEAREST, squeeze=False, width_ratios=[2.2, *[1] * NUM_NEAREST])
    for row, number in zip(rows, used, strict=True):
        lines = [textwrap.fill(text, 52, max_lines=3, initial_indent='- ', subsequent_indent='  ')
                 for text in _nearest_texts(close, number)]
        row[0].text(0, 1, '\n'.join([f'prototype {number}: nearest to {int(counts[number])} texts', *lines]),
                    fontsize=7, va='top', transform=row[0].transAxes)
        row[0].set_axis_off()
        nearest = close.of_images[:, number].argsort(descending=True, stable=True)[:NUM_NEAREST]
        for panel, image in zip(row[1:], nearest.tolist(), strict=False):
            panel.imshow(np.asarray(close.images[image]), cmap='gray', vmin=0, vmax=1)
            panel.set_title(f'{float(close.of_images[image, number]):.2f}', fontsize=7)
        for panel in row[1:]:
            panel.set_axis_off()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _nearest_texts(close: Closeness, number: int) -> list[str]:
    """The nearest texts, each once, of those that no other prototype is nearer to."""
    own = close.of_texts.argmax(dim=1) == number
    order = close.of_texts[:, number].masked_fill(~own, -torch.inf).argsort(descending=True, stable=True)
    return list(dict.fromkeys(close.texts[index] for index in order[:int(own.sum())].tolist()))[:NUM_NEAREST]
