"""Studies as the model sees them: image, reconstruction, and where in the image one sentence is seen."""
import textwrap
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from prior_mm.models import PRIOR
from prior_mm.models.method import Method
from prior_mm.models.phrase_maps import sentence_cosines
from prior_mm.structures import Reports

from .places import Boxes

#: Labels that name nothing to look at in the image.
_NO_FINDINGS = ('No Finding', 'Support Devices')
#: How reports name a finding, where not by the words of its label.
_WORDS = {'Cardiomegaly': ('heart', 'cardiac', 'cardiomegaly'), 'Lung Lesion': ('nodul', 'mass', 'lesion'),
          'Lung Opacity': ('opaci', 'airspace', 'infiltrat'), 'Pleural Other': ('pleural', ),
          'Enlarged Cardiomediastinum': ('mediastin', )}
#: The range of cosines that gets the full range of colours at least: a smaller one is shown as the little that it is.
_LEAST_RANGE = .05


class Annotated(Protocol):
    """A data set that tells what it knows of a study without loading it."""

    def __len__(self) -> int:
        """Number of studies."""

    def get_data_info(self, index: int) -> dict[str, Any]:
        """The annotation of a study."""


def choose_studies(dataset: Annotated, number: int, preferred: Collection[int] = ()) -> list[int]:
    """Indices of studies to show: the first that carry findings not shown yet, then the first others.

    Args:
        dataset: The data set.
        number: How many; fewer if the data set has fewer.
        preferred: These count as the first.
    """
    order = sorted(range(len(dataset)), key=lambda index: index not in preferred)
    chosen: list[int] = []
    shown: set[str] = set()
    for index in order:
        if len(chosen) == number:
            break
        findings = _findings(dataset.get_data_info(index))
        if findings - shown:
            chosen.append(index)
            shown |= findings
    others = (index for index in order if index not in chosen)
    return (chosen + [index for index, _ in zip(others, range(number - len(chosen)), strict=False)])[:number]


def choose_sentence(sentences: Sequence[str], maps: np.ndarray, labels: dict[str, int] | None = None,
                    placed: Collection[str] = ()) -> int:
    """Index of the sentence to show, the one with most contrast of the first of these that there are.

    Those whose place is known, those that name a finding of the study, all.

    Args:
        sentences: The N sentences. One that begins with "no" names what is not there.
        maps: The map of each over the image, (N, H', W').
        labels: The study's labels.
        placed: Sentences whose place is known.
    """
    words = {word for name in _findings(dict(labels=labels or {}))
             for word in _WORDS.get(name, [part for part in name.lower().split() if len(part) > 4])}
    naming = [i for i, sentence in enumerate(map(str.lower, sentences))
              if any(word in sentence for word in words) and not sentence.startswith('no ')]
    known = [i for i, sentence in enumerate(sentences) if sentence in placed]
    return max(known or naming or range(len(sentences)), key=lambda i: float(np.ptp(maps[i])))


@torch.no_grad()
def draw_studies(model: Method, images: Tensor, reports: Reports, samples: Sequence[dict[str, Any]], path: str | Path,
                 title: str = '') -> None:
    """Draw a row a study into a picture; without an image decoder, or a stage that trains it, none is reconstructed.

    Args:
        model: The model, on the device of the batch; it is put into evaluation mode.
        images: Normalised images, (B, 1, H, W).
        reports: Their reports.
        samples: What is known of each: ``study_id``, ``sentences`` (as tokenised) and, if they are known, ``labels``
            and ``places``, the boxes of sentences (:func:`.read_places`), which are drawn.
        path: The picture, PNG or whatever matplotlib knows by its ending.
        title: Stands above.

    Raises:
        ValueError: If the model mixes channels and places in its patches, so that cosines have no place.
    """
    encoder: Any = model.image_encoder
    if encoder.patch_layout != 'places':
        raise ValueError("maps can only be drawn for image_encoder.patch_layout='places'; a patch of the "
                         "published layout is no place of the image")
    model.eval()
    originals = model.data_preprocessor.restore(images.float()).cpu().numpy()[:, 0]
    cosines = sentence_cosines(model, images, reports).cpu().numpy()
    reconstructions = None
    if isinstance(model, PRIOR) and model.needs('image_reconstruction'):
        reconstructions = model.reconstruct(images, reports).cpu().numpy()[:, 0]
    columns = 2 if reconstructions is None else 3
    figure = Figure(figsize=(3.1 * columns, 3.5 * len(samples) + .5), layout='constrained')
    figure.suptitle(title, fontsize=11)
    rows = figure.subplots(len(samples), columns, squeeze=False)
    for index, (row, sample) in enumerate(zip(rows, samples, strict=True)):
        findings = ', '.join(sorted(_findings(sample))) or 'no finding labelled'
        _show(row[0], originals[index], f'{sample.get("study_id", index)}\n{textwrap.fill(findings, 36)}')
        if reconstructions is not None:
            _show(row[1], reconstructions[index], 'reconstruction')
        maps, places = cosines[index, :int(reports.num_sentences[index])], sample.get('places') or {}
        sentences = [*sample.get('sentences', ()), *['(sentence not known)'] * len(maps)][:len(maps)]
        chosen = choose_sentence(sentences, maps, sample.get('labels'), places)
        _show_map(row[-1], originals[index], maps[chosen], sentences[chosen])
        for panel in (row[0], row[-1]):
            _show_boxes(panel, originals[index], places.get(sentences[chosen], []))
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _findings(study: dict[str, Any]) -> set[str]:
    labels = study.get('labels') or {}
    return {name for name, value in labels.items() if value == 1 and name not in _NO_FINDINGS}


def _show(panel: Axes, image: np.ndarray, title: str) -> None:
    panel.imshow(image, cmap='gray', vmin=0, vmax=1)
    panel.set_title(title, fontsize=8)
    panel.set_axis_off()


def _show_map(panel: Axes, image: np.ndarray, cosines: np.ndarray, sentence: str) -> None:
    """Places that fit the sentence in colour; the range is stretched, and said, but an even map stays dark."""
    low, high = float(cosines.min()), float(cosines.max())
    _show(panel, image, f'{textwrap.fill(sentence, 40, max_lines=3)}\ncosine {low:.2f} to {high:.2f}')
    stretched = (cosines - low) / max(high - low, _LEAST_RANGE)
    height, width = image.shape
    panel.imshow(stretched, cmap='inferno', vmin=0, vmax=1, alpha=.2 + .5 * stretched, interpolation='bilinear',
                 extent=(-.5, width - .5, height - .5, -.5))


def _show_boxes(panel: Axes, image: np.ndarray, boxes: Boxes) -> None:
    height, width = image.shape
    for x, y, across, down in boxes:
        panel.add_patch(Rectangle((x * width - .5, y * height - .5), across * width, down * height, fill=False,
                                  edgecolor='lime', linewidth=1.2))
