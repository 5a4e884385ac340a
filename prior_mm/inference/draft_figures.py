"""What report drafts are worth: figures against the true reports, beside those of three baselines."""
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.text.rouge import rouge_score
from torchmetrics.text import BLEUScore

from prior_mm.converters.downstream.chexpert_labels import FINDINGS
from prior_mm.converters.report_labels.labeller import ReportLabeller
from prior_mm.datasets.study_table import read_studies
from prior_mm.evaluation.bootstrap import interval, patient_weights

from .archive import Archive
from .draft import draft
from .model import Model
from .results import Failure
from .stream import Listed, batches

_NAMED = [name for name in FINDINGS if name != 'No Finding']
Report = Sequence[str]
#: What is compared: the drafts, and the baselines that draw on the same archive.
SYSTEMS = ('draft', 'nearest_image', 'most_frequent', 'random')


class Counted(NamedTuple):
    """What the figures of N drafts are made of.

    Attributes:
        bleu: Runs of 1 to 4 words that the report has, too, all of them, and the lengths of draft and report, (N, 10).
        rouge_l: F measure of the longest common subsequence, (N,).
        said: Whether a finding is named as present in the draft, bool (N, F).
        is_so: And in the report.
    """

    bleu: np.ndarray
    rouge_l: np.ndarray
    said: np.ndarray
    is_so: np.ndarray


def count(drafts: Sequence[Report], reports: Sequence[Report]) -> Counted:
    """Count what figures are made of, study by study, so that studies can be drawn with replacement.

    Args:
        drafts: Sentences of each.
        reports: Sentences of the true report of each.
    """
    pairs = list(zip(map(_words, drafts), map(_words, reports), strict=True))
    labeller, bleu = ReportLabeller(), BLEUScore()
    said, is_so = (np.array([[labels.get(name) == 1 for name in _NAMED] for labels in map(labeller.labels, side)])
                   for side in (drafts, reports))
    counts = []
    for made, true in pairs:
        bleu.reset()
        bleu.update([made], [[true]])
        counts.append(torch.cat([bleu.numerator, bleu.denominator, bleu.preds_len.view(1), bleu.target_len.view(1)]))
    rouge = [float(rouge_score(made, true, rouge_keys='rougeL')['rougeL_fmeasure']) for made, true in pairs]
    return Counted(torch.stack(counts).double().numpy(), np.array(rouge), said, is_so)


def weighted_figures(counted: Counted, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Figures of N drafts that count ``weights`` times each, (S, N), for several weightings; float64 (S,) by name.

    See :func:`figures_of`. The findings of ``f1_macro`` are those that a report of the weighting names.
    """
    sums = weights @ counted.bleu
    matched, made, lengths = sums[:, :4], sums[:, 4:8], sums[:, 8:]
    said, is_so = counted.said.astype(float), counted.is_so.astype(float)
    right, named, present = (weights @ part for part in (said * is_so, said + is_so, is_so))
    with np.errstate(divide='ignore', invalid='ignore'):
        brevity = np.exp(np.minimum(0, 1 - lengths[:, 1] / lengths[:, 0]))
        bleu = np.where(matched.min(axis=1) > 0, brevity * np.exp(np.log(matched / made).mean(axis=1)), 0.)
        by_finding = 2 * right / named
        known = present > 0
        return dict(
            bleu4=bleu, rouge_l=weights @ counted.rouge_l / weights.sum(axis=1),
            f1_micro=np.nan_to_num(2 * right.sum(axis=1) / named.sum(axis=1)),
            f1_macro=np.nan_to_num(np.where(known, by_finding, 0.).sum(axis=1) / known.sum(axis=1)))


def figures_of(drafts: Sequence[Report], reports: Sequence[Report]) -> dict[str, float]:
    """Figures of drafts.

    Args:
        drafts: Sentences of each.
        reports: Sentences of the true report of each.

    Returns:
        ``bleu4``: of all drafts together, 1 to 4 words (Papineni et al., ACL 2002). ``rouge_l``: F measure of the
        longest common subsequence, mean of the drafts. ``f1_micro``, ``f1_macro``: of the findings that are named as
        present, by CheXpert's labels of both texts (docs/report_labels.md), over all mentions and as the mean of the
        findings that a true report names. All in [0, 1]; words in lower case, without punctuation.
    """
    return {name: float(value[0]) for name, value in
            weighted_figures(count(drafts, reports), np.ones((1, len(reports)))).items()}


def figures_of_systems(drafts: dict[str, list[Report]], reports: Sequence[Report], patients: Sequence[str],
                       draws: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Figures of drafts and baselines, each with a 95 % interval from drawing patients with replacement.

    Args:
        drafts: Those of each of :data:`SYSTEMS`, sentences by study.
        reports: The true ones.
        patients: Of each study.
        draws: Of the bootstrap.
        seed: Of the draws.

    Returns:
        ``draft/bleu4``, ``draft/bleu4_low``, ``draft/bleu4_high`` ... ``random/f1_macro_high``, and of each system the
        number of ``studies`` and the mean number of ``sentences``.
    """
    weights = patient_weights(np.unique(np.array(patients), return_inverse=True)[1], draws, seed)
    metrics: dict[str, Any] = {}
    for name, made in drafts.items():
        counted = count(made, reports)
        seen, drawn = (weighted_figures(counted, one) for one in (np.ones((1, len(reports))), weights))
        metrics[f'{name}/studies'] = len(reports)
        for figure, value in seen.items():
            metrics[f'{name}/{figure}'] = float(value[0])
            metrics[f'{name}/{figure}_low'], metrics[f'{name}/{figure}_high'] = interval(drawn[figure])
        metrics[f'{name}/sentences'] = float(np.mean([len(one) for one in made]))
    return metrics


def draft_all(model: Model, archive: Archive, batch: Tensor, studies: Sequence[str],
              seed: int = 0) -> list[dict[str, Report]]:
    """What each of :data:`SYSTEMS` writes of prepared images.

    Args:
        model: The model.
        archive: Of the training's studies.
        batch: The images, float32 (B, 1, H, W) in [0, 1].
        studies: Their ids: with the seed, they decide which report is drawn at random.
        seed: Of that baseline.
    """
    frequent = Counter(map(tuple, archive.reports)).most_common(1)[0][0]
    drawn = (int(np.random.default_rng((seed, crc32(study.encode()))).integers(len(archive))) for study in studies)
    return [dict(zip(SYSTEMS, (tuple(sentence.text for sentence in one.sentences), archive.reports[near], frequent,
                               archive.reports[place]), strict=True))
            for one, near, place in zip(draft(model.encoder, batch, archive), model.nearest_images(batch, archive),
                                        drawn, strict=True)]


def evaluate_drafts(model: Model, archive: Archive, annotations: Path, image_root: Path | None = None,
                    seed: int = 0) -> tuple[dict[str, Any], list[Failure]]:
    """Draft the reports of held-out studies, and compare with baselines that draw on the same archive.

    Args:
        model: The model.
        archive: Of the training's studies.
        annotations: An annotation file of other studies.
        image_root: Folder that its image paths count from; by default the one above ``annotations/``.
        seed: Of the random baseline.

    Returns:
        What :func:`figures_of_systems` gives, and the studies whose image cannot be used.

    Raises:
        ValueError: If the model drafts no reports, or no image can be used.
    """
    table, root = read_studies(annotations), image_root or annotations.resolve().parent.parent
    studies = [table[number] for number in range(len(table))]
    paths = [str(root / study['images'][0]) for study in studies]
    failed: list[Failure] = []
    drafts: dict[str, list[Report]] = {name: [] for name in SYSTEMS}
    kept: list[dict[str, Any]] = []
    for places, batch in batches(Listed(paths, list(paths)), partial(model.encoder.prepare, metainfo=table.metainfo),
                                 model.batch_size, failed, model.console):
        of_batch = [studies[place] for place in places]
        for made in draft_all(model, archive, batch, [study['study_id'] for study in of_batch], seed):
            for name, sentences in made.items():
                drafts[name].append(sentences)
        kept += of_batch
    if not kept:
        raise ValueError(f'none of the images of {annotations} can be used, such as {failed[0].name}')
    return figures_of_systems(drafts, [study['sentences'] for study in kept],
                              [study['subject_id'] for study in kept]), failed


def _words(sentences: Report) -> str:
    kept = (''.join(letter if letter.isalnum() else ' ' for letter in sentence.lower()) for sentence in sentences)
    return ' '.join(' '.join(kept).split())
