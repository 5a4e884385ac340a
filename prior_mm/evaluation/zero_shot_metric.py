"""Zero-shot classification: which class's prompt was scored highest, against the study's label."""
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from sklearn.metrics import cohen_kappa_score, confusion_matrix, precision_recall_fscore_support, roc_auc_score

from prior_mm.registry import METRICS


@METRICS.register_module()
class ZeroShotMetric(BaseMetric):
    """Single-label classification from the scores of the classes (paper section 4.2).

    Accuracy, Cohen's kappa, the macro averages of precision, recall, F1 and AUROC (one class against the rest), the
    same by class, and the confusion matrix. Averages are over the classes that occur; a figure that is not defined (the
    AUROC of a class that does not occur) is None. Chance levels stand beside as ``<name>_chance``: a uniform guess;
    ``accuracy_of_the_most_frequent_class`` is what always naming that one gives. Of equal scores the first class wins.

    Studies without a class (``label_index`` of -1 or None: none, or several, of the classes) are left out and counted.

    Args:
        protocol: Name and version of the protocol that the config follows; it stands in the results.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'zero_shot'`` by default.
    """

    default_prefix = 'zero_shot'

    def __init__(self, protocol: str = 'unnamed', collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.protocol = protocol

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what is needed of a batch of predictions.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``scores``, float (C,), the names of their ``classes``, and ``label_index``.

        Raises:
            ValueError: If the data set numbers its classes in another order than the model.
        """
        for sample in data_samples:
            classes = list(sample['classes'])
            expected = list((self.dataset_meta or {}).get('classes') or classes)
            if classes != expected:
                raise ValueError(f'the prompts of the model are for the classes {classes}, the labels of the data set '
                                 f'for {expected}: name the same classes in the same order in the config')
            label = sample.get('label_index')
            self.results.append(dict(scores=np.asarray(sample['scores'].float().cpu(), dtype=np.float64),
                                     label=-1 if label is None else int(label), classes=classes,
                                     study=str(sample.get('study_id', ''))))

    def compute_metrics(self, results: list[dict]) -> dict[str, Any]:
        """The metrics of all studies, as plain numbers; ``per_image`` keeps which studies were named rightly.

        Raises:
            ValueError: If no study has a class, or a score is not finite.
        """
        labelled = [result for result in results if result['label'] >= 0]
        if not labelled:
            raise ValueError(f'none of the {len(results)} studies has exactly one of the classes: look at the labels '
                             'of the annotation file and the classes that the config asks for')
        classes = labelled[0]['classes']
        labels = np.array([result['label'] for result in labelled])
        scores = np.stack([result['scores'] for result in labelled])
        if not np.isfinite(scores).all():
            raise ValueError('scores with NaN or infinity: the model diverged, or its checkpoint is not whole')
        if labels.max() >= len(classes):
            raise ValueError(f'label_index {labels.max()} for {len(classes)} classes: the data set has other classes '
                             f'than the prompts of the model, {classes}')
        self.per_image = {'image': [result['study'] for result in results], f'{self.prefix}/accuracy': [
            float(result['scores'].argmax() == result['label']) if result['label'] >= 0 else float('nan')
            for result in results]}
        return dict(protocol=self.protocol, studies=len(labelled), studies_left_out=len(results) - len(labelled),
                    **_metrics(labels, scores, classes))


def _metrics(labels: np.ndarray, scores: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """For labels (S,) and scores (S, C)."""
    predicted = scores.argmax(axis=1)
    everything = list(range(len(classes)))
    matrix = confusion_matrix(labels, predicted, labels=everything)
    support = matrix.sum(axis=1)
    occurs = support > 0
    precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, labels=everything, zero_division=0)
    aurocs = [float(roc_auc_score(labels == c, scores[:, c])) if 0 < support[c] < len(labels) else None
              for c in everything]
    known = [auroc for auroc in aurocs if auroc is not None]
    guess = 1 / len(classes)
    per_class = {
        name: dict(studies=int(support[c]), precision=float(precision[c]),
                   recall=float(recall[c]) if occurs[c] else None, f1=float(f1[c]) if occurs[c] else None,
                   auroc=aurocs[c])
        for c, name in enumerate(classes)}
    # Kappa has no value where there is but one class, in the labels and the predictions.
    several = len({*labels.tolist(), *predicted.tolist()}) > 1
    return dict(
        accuracy=float((labels == predicted).mean()), accuracy_chance=guess,
        accuracy_of_the_most_frequent_class=float(support.max() / len(labels)),
        precision=float(precision[occurs].mean()), recall=float(recall[occurs].mean()), recall_chance=guess,
        f1=float(f1[occurs].mean()),
        kappa=float(cohen_kappa_score(labels, predicted)) if several else None, kappa_chance=0.,
        auroc=float(np.mean(known)) if known else None, auroc_chance=0.5,
        per_class=per_class,
        confusion_matrix={name: dict(zip(classes, matrix[c].tolist(), strict=True))
                          for c, name in enumerate(classes)})
