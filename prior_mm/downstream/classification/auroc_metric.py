"""AUROC, average precision and F1 of each class over the labels that are known, with bootstrap intervals."""
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from sklearn.metrics import average_precision_score, roc_auc_score

from prior_mm.evaluation.bootstrap import interval
from prior_mm.evaluation.weighted_scores import weighted_f1
from prior_mm.registry import METRICS

from .bootstrap import bootstrap_scores

FIGURES = ('auroc', 'average_precision', 'f1')
FLIPPED = 0.4
"""Below this AUROC somebody should look whether the labels are the wrong way round."""


@METRICS.register_module()
class AUROCMetric(BaseMetric):
    """Area under the ROC curve, average precision and F1, by class and as the mean over the classes (macro).

    Labels that are not known (-1 or NaN) are left out, class by class. A class of which all known labels are equal has
    none of the figures (None), is left out of the mean, and is warned of. An AUROC under 0.4 is warned of: are the
    labels the wrong way round? Chance levels stand beside as ``<name>_chance``: 0.5, the share p of positives, and
    2 p / (1 + p), the F1 of who always sees the finding. F1 takes the model's decision, the finding from a probability
    of 0.5 on.

    The 95 % intervals (``<name>_low``, ``<name>_high``) are percentiles over images drawn with replacement. They tell
    what another test set of that size might give, not what another training would.

    Args:
        samples: Draws of the bootstrap; 0 leaves the intervals out.
        seed: Of the draws.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'classification'`` by default.
    """

    default_prefix = 'classification'

    def __init__(self, samples: int = 1000, seed: int = 0, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.samples = samples
        self.seed = seed

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what is needed of a batch of predictions.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``pred_score`` and ``gt_score``, float (C,), and perhaps ``img_path``.
        """
        for sample in data_samples:
            self.results.append((*(np.asarray(sample[key].detach().float().cpu(), dtype=np.float64)
                                   for key in ('pred_score', 'gt_score')), sample.get('img_path', '')))

    def compute_metrics(self, results: list[tuple]) -> dict[str, Any]:
        """The metrics of all images, as plain numbers; ``per_image`` keeps what each image gave.

        Raises:
            ValueError: If there is no image, a score is not finite, or a label lies between 0 and 1.
        """
        if not results:
            raise ValueError('there is no image to classify: the data set of this evaluation is empty')
        columns = list(zip(*results, strict=True))
        scores, labels = np.stack(columns[0]), np.stack(columns[1])
        if not np.isfinite(scores).all():
            raise ValueError('scores with NaN or infinity: the model diverged, or its checkpoint is not whole')
        known = labels >= 0
        if not np.isin(labels[known], (0, 1)).all():
            raise ValueError('labels between 0 and 1 have no AUROC: wanted are 1, 0, or -1 for one that is not known')
        meta = self.dataset_meta or {}
        classes = list(meta.get('classes') or map(str, range(scores.shape[1])))
        self.per_image = dict(image=list(columns[2]) if len(columns) > 2 else [''] * len(scores)) | {
            f'{name}:{what}': values[:, number].tolist() for number, name in enumerate(classes)
            for what, values in (('score', scores), ('label', labels))}
        return dict(protocol=meta.get('protocol', 'unnamed'), images=len(scores), labels=int(known.sum()),
                    **evaluate_classes(scores, labels, classes, self.samples, self.seed))


def evaluate_classes(scores: np.ndarray, labels: np.ndarray, classes: Sequence[str], samples: int = 1000,
                     seed: int = 0) -> dict[str, Any]:
    """AUROC, average precision and F1 by class and on average.

    Args:
        scores: Finite, (N, C); the higher, the likelier the finding.
        labels: 1, 0, or less or NaN where it is not known, (N, C).
        classes: Their names.
        samples: Draws of the bootstrap; 0 leaves the intervals out.
        seed: Of the draws.

    Returns:
        ``auroc``, ``average_precision``, ``f1`` (means over the classes that have them; None if none has), with
        ``_low``, ``_high`` and ``_chance``, and ``per_class``.
    """
    known = labels >= 0
    per_class, defined = {}, []
    for number, name in enumerate(classes):
        truth, score = labels[known[:, number], number], scores[known[:, number], number]
        positives = int(truth.sum())
        figures: dict[str, Any] = dict(images=len(truth), positives=positives, **dict.fromkeys(FIGURES))
        if 0 < positives < len(truth):
            defined.append(number)
            figures.update(auroc=float(roc_auc_score(truth, score)),
                           average_precision=float(average_precision_score(truth, score)),
                           f1=float(weighted_f1(score, truth, np.ones((1, len(truth))))[0]))
        else:
            _warn(f'{name}: {positives} of the {len(truth)} known labels are positive; the class has no AUROC and is '
                  'left out of the mean')
        if figures['auroc'] is not None and figures['auroc'] < FLIPPED:
            _warn(f'{name}: the AUROC is {figures["auroc"]:.3f}, far under 0.5: are its labels the wrong way round (1 '
                  'stands for the finding), or the images inverted?')
        per_class[name] = figures
    shares = [per_class[classes[number]]['positives'] / per_class[classes[number]]['images'] for number in defined]
    metrics: dict[str, Any] = {}
    drawn = bootstrap_scores(scores[:, defined], labels[:, defined], samples, seed) if defined and samples else {}
    always = [2 * share / (1 + share) for share in shares]
    for figure, chances in zip(FIGURES, ([0.5], shares, always), strict=True):
        values = [per_class[classes[number]][figure] for number in defined]
        metrics[figure] = float(np.mean(values)) if values else None
        if figure in drawn:
            metrics[f'{figure}_low'], metrics[f'{figure}_high'] = interval(drawn[figure].mean(axis=1))
            for place, number in enumerate(defined):
                low, high = interval(drawn[figure][:, place])
                per_class[classes[number]].update({f'{figure}_low': low, f'{figure}_high': high})
        metrics[f'{figure}_chance'] = float(np.mean(chances)) if chances else None
    names = ['images', 'positives', *(f'{figure}{end}' for figure in FIGURES
                                      for end in ('', *(('_low', '_high') if drawn else ())))]
    return dict(metrics, per_class={name: {key: figures.get(key) for key in names}
                                    for name, figures in per_class.items()})


def _warn(message: str) -> None:
    print_log(message, 'current', logging.WARNING)
