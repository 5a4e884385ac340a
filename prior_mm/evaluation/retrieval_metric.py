"""Retrieval of reports for radiographs, and of radiographs for reports."""
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from prior_mm.models.alignment.grounded_alignment import sentence_similarity
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

    Beyond the paper, ``local_weight`` adds to the cosine of the global embeddings a local similarity: the mean over the
    sentences of a report of how well they fit the places of a radiograph (:func:`.sentence_similarity`).

    Args:
        class_cutoffs: The ks of precision and hit rate.
        instance_cutoffs: The ks of the recall.
        protocol: Name and version of the protocol that the config follows; it stands in the results.
        local_weight: Weight of the local similarity beside the global cosine; 0 leaves it out. It needs
            ``model.predict_local=True``.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'retrieval'`` by default.
    """

    default_prefix = 'retrieval'

    def __init__(self, class_cutoffs: Sequence[int] = (1, 2, 5, 10), instance_cutoffs: Sequence[int] = (1, 5, 10),
                 protocol: str = 'unnamed', local_weight: float = 0., collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        if not 0 <= local_weight < float('inf'):
            raise ValueError(f'local_weight must be a number from 0 on, got {local_weight!r}')
        for name, cutoffs in (('class_cutoffs', class_cutoffs), ('instance_cutoffs', instance_cutoffs)):
            if not cutoffs or any(k < 1 for k in cutoffs):
                raise ValueError(f'{name} must be at least one number, each at least 1, got {cutoffs!r}')
        self.class_cutoffs = tuple(class_cutoffs)
        self.instance_cutoffs = tuple(instance_cutoffs)
        self.protocol = protocol
        self.local_weight = local_weight

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what is needed of a batch of predictions.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``image_embedding`` and ``report_embedding``, L2-normalised (D,), and where
                they are known ``label_index`` (-1 or None: no class) and ``sentences``. With a local weight also
                ``patch_embeddings`` (P, D) and ``sentence_embeddings`` (N, D), L2-normalised.

        Raises:
            ValueError: If there is a local weight and no local embeddings.
        """
        for sample in data_samples:
            if self.local_weight and 'sentence_embeddings' not in sample:
                raise ValueError(f'RetrievalMetric(local_weight={self.local_weight}) needs the embeddings of patches '
                                 'and sentences: set model.predict_local=True')
            label = sample.get('label_index')
            local = ('patch_embeddings', 'sentence_embeddings') if self.local_weight else ()
            self.results.append(dict(
                image=sample['image_embedding'].float().cpu(), report=sample['report_embedding'].float().cpu(),
                label=-1 if label is None else int(label), text=tuple(sorted(sample.get('sentences') or ())),
                study=str(sample.get('study_id', '')),
                **{name: sample[name].float().cpu() for name in local}))

    def compute_metrics(self, results: list[dict]) -> dict[str, Any]:
        """The metrics of all studies, as plain numbers; ``per_image`` keeps those shares of each query."""
        if not results:
            raise ValueError('there is no study to retrieve: the data set of this evaluation is empty')
        images, reports = (torch.stack([result[key] for result in results]) for key in ('image', 'report'))
        labels = torch.tensor([result['label'] for result in results])
        texts = _group_texts([result['text'] for result in results])
        metrics: dict[str, Any] = dict(protocol=self.protocol, studies=len(results),
                                       studies_with_a_class=int((labels >= 0).sum()),
                                       studies_with_a_shared_report=int((texts.bincount()[texts] > 1).sum()))
        self.per_image: dict[str, list] = dict(image=[result['study'] for result in results])
        classed = labels >= 0
        local = self.local_weight * local_similarity(results) if self.local_weight else None
        for direction, queries, candidates, added in (('image_to_text', images, reports, local),
                                                      ('text_to_image', reports, images, _transposed(local))):
            if classed.any():
                self._class_level(metrics, direction, queries[classed], candidates[classed], labels[classed],
                                  added if added is None else added[classed][:, classed], classed)
            self._instance_level(metrics, direction, queries, candidates, texts, added)
        return metrics

    def _class_level(self, metrics: dict, direction: str, queries: Tensor, candidates: Tensor, labels: Tensor,
                     added: Tensor | None, classed: Tensor) -> None:
        cutoffs = [k for k in self.class_cutoffs if k <= len(labels)]
        for suffix, ranking in _with_chance(queries, candidates, labels, cutoffs, added):
            for name, values in (('precision', ranking.precision), ('hit', ranking.hit)):
                for k, value in zip(cutoffs, values.mean(dim=0).tolist(), strict=True):
                    metrics[f'{direction}/{name}@{k}{suffix}'] = value
                if not suffix:
                    each = values.new_full((len(classed), len(cutoffs)), torch.nan)
                    each[classed] = values
                    self.per_image |= {f'{self.prefix}/{direction}/{name}@{k}': column
                                       for k, column in zip(cutoffs, each.T.tolist(), strict=True)}

    def _instance_level(self, metrics: dict, direction: str, queries: Tensor, candidates: Tensor,
                        texts: Tensor, added: Tensor | None) -> None:
        cutoffs = [k for k in self.instance_cutoffs if k <= len(texts)]
        for suffix, ranking in _with_chance(queries, candidates, texts, cutoffs, added):
            for k, value in zip(cutoffs, ranking.hit.mean(dim=0).tolist(), strict=True):
                metrics[f'{direction}/recall@{k}{suffix}'] = value
            metrics[f'{direction}/median_rank{suffix}'] = ranking.rank.quantile(0.5).item()


def local_similarity(studies: Sequence[dict[str, Tensor]]) -> Tensor:
    """How well the sentences of each report fit the places of each radiograph, in [-1, 1], float32.

    Args:
        studies: Each with its ``patch_embeddings`` (P, D) and ``sentence_embeddings`` (N, D); P may differ, as N does.

    Returns:
        The mean over a report's sentences, 0 for a report without any, (radiographs, reports).
    """
    counts = torch.tensor([len(study['sentence_embeddings']) for study in studies])
    sentences = torch.cat([study['sentence_embeddings'] for study in studies])
    report = torch.arange(len(studies)).repeat_interleave(counts)
    fits = torch.cat([sentence_similarity(study['patch_embeddings'][None], sentences) for study in studies])
    return fits.new_zeros(len(studies), len(studies)).index_add_(1, report, fits) / counts.clamp(min=1)


def _transposed(matrix: Tensor | None) -> Tensor | None:
    return None if matrix is None else matrix.T


def _with_chance(queries: Tensor, candidates: Tensor, groups: Tensor, cutoffs: Sequence[int],
                 added: Tensor | None) -> tuple[tuple[str, Ranking], tuple[str, Ranking]]:
    return (('', rank_matches(queries, candidates, groups, groups, cutoffs, added)),
            ('_chance', rank_by_chance(groups, groups, cutoffs)))


def _group_texts(texts: list[tuple[str, ...]]) -> Tensor:
    """The same number for the same sentences, in whatever order; a study of unknown text stands alone."""
    numbers: dict[Any, int] = {}
    return torch.tensor([numbers.setdefault(text or index, len(numbers)) for index, text in enumerate(texts)])
