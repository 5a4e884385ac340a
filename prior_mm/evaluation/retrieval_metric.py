"""Retrieval of reports for radiographs, and of radiographs for reports."""
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from prior_mm.registry import METRICS

from .ranking import Ranking, rank_by_chance, rank_matches


@METRICS.register_module()
class RetrievalMetric(BaseMetric):
    """Image-to-text and text-to-image retrieval among the studies of the data set (paper section 4.2).

    Two questions, in both directions, each with its chance level beside it (``<name>_chance``):

    - among the studies that have a class (``label_index``): do the first k have the query's class?
      ``precision@k``: which share of them; ``hit@k``: at least one of them. The query's own counterpart counts. Its
      chance is the share of the class, averaged over the queries.
    - among all studies: where is the query's own counterpart? ``recall@k``: among the first k; ``median_rank``. A
      report that says the same, sentence for sentence, counts as the study's own, as nothing could tell them
      apart; ``studies_with_a_shared_report`` says how many there are, and the chance level knows it.

    Ties are counted in expectation (see :mod:`prior_mm.evaluation.ranking`). Cut-offs beyond the number of
    candidates are left out. Shares are fractions, ranks count from 1.

    Args:
        class_cutoffs: The ks of precision and hit rate.
        instance_cutoffs: The ks of the recall.
        protocol: Name and version of the protocol that the config follows; it stands in the results.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'retrieval'`` by default.
    """

    default_prefix = 'retrieval'

    def __init__(self, class_cutoffs: Sequence[int] = (1, 2, 5, 10), instance_cutoffs: Sequence[int] = (1, 5, 10),
                 protocol: str = 'unnamed', collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        for name, cutoffs in (('class_cutoffs', class_cutoffs), ('instance_cutoffs', instance_cutoffs)):
            if not cutoffs or any(k < 1 for k in cutoffs):
                raise ValueError(f'{name} must be at least one number, each at least 1, got {cutoffs!r}')
        self.class_cutoffs = tuple(class_cutoffs)
        self.instance_cutoffs = tuple(instance_cutoffs)
        self.protocol = protocol

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what is needed of a batch of predictions.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``image_embedding`` and ``report_embedding``, L2-normalised (D,), and where
                they are known ``label_index`` (-1 or None: no class) and ``sentences``.
        """
        for sample in data_samples:
            label = sample.get('label_index')
            self.results.append(dict(
                image=sample['image_embedding'].float().cpu(), report=sample['report_embedding'].float().cpu(),
                label=-1 if label is None else int(label), text=tuple(sorted(sample.get('sentences') or ()))))

    def compute_metrics(self, results: list[dict]) -> dict[str, Any]:
        """The metrics of all studies, as plain numbers."""
        if not results:
            raise ValueError('there is no study to retrieve: the data set of this evaluation is empty')
        images, reports = (torch.stack([result[key] for result in results]) for key in ('image', 'report'))
        labels = torch.tensor([result['label'] for result in results])
        texts = _group_texts([result['text'] for result in results])
        metrics: dict[str, Any] = dict(protocol=self.protocol, studies=len(results),
                                       studies_with_a_class=int((labels >= 0).sum()),
                                       studies_with_a_shared_report=int((texts.bincount()[texts] > 1).sum()))
        classed = labels >= 0
        for direction, queries, candidates in (('image_to_text', images, reports), ('text_to_image', reports, images)):
            if classed.any():
                self._class_level(metrics, direction, queries[classed], candidates[classed], labels[classed])
            self._instance_level(metrics, direction, queries, candidates, texts)
        return metrics

    def _class_level(self, metrics: dict, direction: str, queries: Tensor, candidates: Tensor, labels: Tensor) -> None:
        cutoffs = [k for k in self.class_cutoffs if k <= len(labels)]
        for suffix, ranking in _with_chance(queries, candidates, labels, cutoffs):
            for name, values in (('precision', ranking.precision), ('hit', ranking.hit)):
                for k, value in zip(cutoffs, values.mean(dim=0).tolist(), strict=True):
                    metrics[f'{direction}/{name}@{k}{suffix}'] = value

    def _instance_level(self, metrics: dict, direction: str, queries: Tensor, candidates: Tensor,
                        texts: Tensor) -> None:
        cutoffs = [k for k in self.instance_cutoffs if k <= len(texts)]
        for suffix, ranking in _with_chance(queries, candidates, texts, cutoffs):
            for k, value in zip(cutoffs, ranking.hit.mean(dim=0).tolist(), strict=True):
                metrics[f'{direction}/recall@{k}{suffix}'] = value
            metrics[f'{direction}/median_rank{suffix}'] = ranking.rank.quantile(0.5).item()


def _with_chance(queries: Tensor, candidates: Tensor, groups: Tensor,
                 cutoffs: Sequence[int]) -> tuple[tuple[str, Ranking], tuple[str, Ranking]]:
    return (('', rank_matches(queries, candidates, groups, groups, cutoffs)),
            ('_chance', rank_by_chance(groups, groups, cutoffs)))


def _group_texts(texts: list[tuple[str, ...]]) -> Tensor:
    """The same number for the same sentences, in whatever order; a study of unknown text stands alone."""
    numbers: dict[Any, int] = {}
    return torch.tensor([numbers.setdefault(text or index, len(numbers)) for index, text in enumerate(texts)])
