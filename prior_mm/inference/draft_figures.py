"""What report drafts are worth: figures against the true reports, beside those of three baselines."""
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score
from torchmetrics.functional.text import bleu_score
from torchmetrics.functional.text.rouge import rouge_score

from prior_mm.converters.downstream.chexpert_labels import FINDINGS
from prior_mm.converters.report_labels.labeller import ReportLabeller
from prior_mm.datasets.study_table import read_studies

from .archive import Archive
from .model import Model
from .results import Failure
from .stream import Listed, batches

_NAMED = [name for name in FINDINGS if name != 'No Finding']
Report = Sequence[str]


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
    made, true = ([_words(sentences) for sentences in side] for side in (drafts, reports))
    labeller = ReportLabeller()
    said, is_so = (np.array([[labels.get(name) == 1 for name in _NAMED] for labels in map(labeller.labels, side)])
                   for side in (drafts, reports))
    present = is_so.any(axis=0)
    return dict(
        bleu4=float(bleu_score(made, [[text] for text in true])),
        rouge_l=float(rouge_score(made, true, rouge_keys='rougeL')['rougeL_fmeasure']),
        f1_micro=float(f1_score(is_so, said, average='micro', zero_division=0)),
        f1_macro=float(f1_score(is_so[:, present], said[:, present], average='macro', zero_division=0)))


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
        Figures, ``draft/bleu4``, ``nearest_image/bleu4``, ``most_frequent/bleu4``, ``random/bleu4`` ..., with
        ``studies`` and the mean number of ``sentences`` of each; and the studies whose image cannot be used.

    Raises:
        ValueError: If the model drafts no reports, or no image can be used.
    """
    table, root = read_studies(annotations), image_root or annotations.resolve().parent.parent
    reports = {str(root / study['images'][0]): study['sentences']
               for study in (table[number] for number in range(len(table)))}
    failed: list[Failure] = []
    drafts: dict[str, list[Report]] = {'draft': [], 'nearest_image': [], 'most_frequent': [], 'random': []}
    true: list[Report] = []
    frequent = Counter(map(tuple, archive.reports)).most_common(1)[0][0]
    rng = np.random.default_rng(seed)
    for names, batch in batches(Listed(list(reports), list(reports)), model.encoder.prepare, model.batch_size, failed,
                                model.console):
        true += [reports[name] for name in names]
        drafts['draft'] += [[sentence.text for sentence in one.sentences] for one in model.draft_batch(batch, archive)]
        near = model.nearest_images(batch, archive)
        drafts['nearest_image'] += [archive.reports[place] for place in near]
        drafts['most_frequent'] += [frequent] * len(names)
        drafts['random'] += [archive.reports[place] for place in rng.integers(len(archive), size=len(names))]
    if not true:
        raise ValueError(f'none of the images of {annotations} can be used, such as {failed[0].name}')
    metrics: dict[str, Any] = {}
    for name, made in drafts.items():
        metrics[f'{name}/studies'] = len(true)
        metrics |= {f'{name}/{figure}': value for figure, value in figures_of(made, true).items()}
        metrics[f'{name}/sentences'] = float(np.mean([len(one) for one in made]))
    return metrics, failed


def _words(sentences: Report) -> str:
    kept = (''.join(letter if letter.isalnum() else ' ' for letter in sentence.lower()) for sentence in sentences)
    return ' '.join(' '.join(kept).split())
