"""Retrieval of reports for images and of images for reports, from predictions to named figures."""
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.evaluation import RetrievalMetric
from prior_mm.evaluation.retrieval_metric import local_similarity
from prior_mm.registry import METRICS


def predictions(images: torch.Tensor, reports: torch.Tensor, labels=None, texts=None) -> list[dict]:
    unit = torch.nn.functional.normalize
    return [dict(study_id=str(i), image_embedding=unit(image, dim=0), report_embedding=unit(report, dim=0),
                 **(dict(label_index=labels[i]) if labels else {}), **(dict(sentences=texts[i]) if texts else {}))
            for i, (image, report) in enumerate(zip(images, reports, strict=True))]


def evaluate(samples: list[dict], **options) -> dict:
    """Through MMEngine's entry, in batches of three."""
    metric = METRICS.build(dict(type='RetrievalMetric', **options))
    for start in range(0, len(samples), 3):
        metric.process(None, samples[start:start + 3])
    return metric.evaluate(len(samples))


def test_by_hand():
    """Four studies of two classes, with figures that can be counted on paper."""
    images = torch.eye(4)
    reports = torch.tensor([[1., .5, 0, 0], [1., .5, .1, 0], [0, 0, 1., .5], [0, .6, 0, .5]])
    metrics = evaluate(predictions(images, reports, labels=[0, 0, 1, 1]), class_cutoffs=(1, 2), instance_cutoffs=(1, ),
                       protocol='by-hand/1')
    assert metrics['retrieval/protocol'] == 'by-hand/1'
    assert metrics['retrieval/studies'] == metrics['retrieval/studies_with_a_class'] == 4
    # Image 0 finds reports 0, 1; image 1 reports 3, 0; image 2 reports 2, 1; image 3 reports 3, 2.
    assert metrics['retrieval/image_to_text/precision@1'] == pytest.approx(3 / 4)
    assert metrics['retrieval/image_to_text/precision@2'] == pytest.approx((2 + 1 + 1 + 2) / 8)
    assert metrics['retrieval/image_to_text/hit@2'] == pytest.approx(1)
    assert metrics['retrieval/image_to_text/precision@1_chance'] == pytest.approx(.5)
    assert metrics['retrieval/image_to_text/hit@2_chance'] == pytest.approx(5 / 6)
    assert metrics['retrieval/image_to_text/recall@1'] == pytest.approx(3 / 4)
    assert metrics['retrieval/image_to_text/recall@1_chance'] == pytest.approx(1 / 4)
    assert metrics['retrieval/image_to_text/median_rank_chance'] == pytest.approx(2.5)
    # Reports 0 and 1 find image 0, report 2 image 2, report 3 image 1.
    assert metrics['retrieval/text_to_image/precision@1'] == pytest.approx(3 / 4)
    assert metrics['retrieval/text_to_image/recall@1'] == pytest.approx(2 / 4)


def test_what_each_query_gave():
    """Its share and its hit by the study's id; NaN for a study without a class; their means are the figures."""
    images, reports = torch.eye(4), torch.tensor([[1., .5, 0, 0], [1., .5, .1, 0], [0, 0, 1., .5], [0, .6, 0, .5]])
    metric = RetrievalMetric(class_cutoffs=(1, 2), instance_cutoffs=(1, ))
    metric.process(None, predictions(images, reports, labels=[0, 0, -1, 1]))
    metrics = metric.evaluate(4)
    assert metric.per_image['image'] == ['0', '1', '2', '3']
    each = metric.per_image['retrieval/image_to_text/precision@2']
    assert math.isnan(each[2]) and sum(each[:2] + each[3:]) / 3 == pytest.approx(
        metrics['retrieval/image_to_text/precision@2'])
    assert {name.split('/')[-1] for name in metric.per_image} == {'image', 'precision@1', 'precision@2', 'hit@1',
                                                                  'hit@2'}


def test_perfect_model():
    """Every study finds itself first, and its class as far as the class goes."""
    classes = torch.nn.functional.one_hot(torch.arange(12) % 3).float()
    embeddings = torch.cat([classes, .1 * torch.eye(12)], dim=1)
    metrics = evaluate(predictions(embeddings, embeddings, labels=(torch.arange(12) % 3).tolist()))
    for direction in ('image_to_text', 'text_to_image'):
        for name in ('precision@1', 'precision@2', 'hit@5', 'recall@1', 'median_rank'):
            assert metrics[f'retrieval/{direction}/{name}'] == pytest.approx(1)
        assert metrics[f'retrieval/{direction}/precision@5'] == pytest.approx(4 / 5)
        assert metrics[f'retrieval/{direction}/precision@5_chance'] == pytest.approx(1 / 3)


def test_same_report_counts_as_the_own():
    """Two studies with the same sentences, in another order, cannot be told apart: either is right."""
    texts = [['Clear lungs.', 'No effusion.'], ['No effusion.', 'Clear lungs.'], ['Cardiomegaly.']]
    reports = torch.tensor([[1., 0], [1., 0], [0, 1.]])
    metrics = evaluate(predictions(reports, reports, texts=texts))
    assert metrics['retrieval/studies_with_a_shared_report'] == 2
    assert metrics['retrieval/image_to_text/recall@1'] == pytest.approx(1)
    assert metrics['retrieval/image_to_text/recall@1_chance'] == pytest.approx((2 + 2 + 1) / 9)
    assert metrics['retrieval/text_to_image/recall@1'] == pytest.approx(1)


def test_without_classes():
    """Studies without a class take no part in the class-level figures; without any there are none."""
    embeddings = torch.eye(4)
    metrics = evaluate(predictions(embeddings, embeddings, labels=[-1, None, 1, 1]))
    assert metrics['retrieval/studies_with_a_class'] == 2
    assert metrics['retrieval/image_to_text/precision@1_chance'] == pytest.approx(1)
    assert metrics['retrieval/image_to_text/recall@1_chance'] == pytest.approx(1 / 4)
    assert not any('precision' in name for name in evaluate(predictions(embeddings, embeddings)))


def test_cutoffs_beyond_the_candidates_are_left_out():
    """Three studies have no tenth candidate, so that there is no figure at ten."""
    metrics = evaluate(predictions(torch.eye(3), torch.eye(3), labels=[0, 1, 2]))
    assert 'retrieval/image_to_text/precision@2' in metrics
    assert not any(name.endswith(('@5', '@10')) for name in metrics)


def test_unfit_options_and_no_studies():
    """Cut-offs that make no sense and an empty data set are errors that say so."""
    with pytest.raises(ValueError, match='class_cutoffs'):
        RetrievalMetric(class_cutoffs=(0, ))
    with pytest.raises(ValueError, match='instance_cutoffs'):
        RetrievalMetric(instance_cutoffs=())
    with pytest.raises(ValueError, match='empty'):
        RetrievalMetric().compute_metrics([])


def local_predictions(seed: int, sizes: list[tuple[int, int]]) -> list[dict]:
    generator = torch.Generator().manual_seed(seed)
    unit = torch.nn.functional.normalize

    def drawn(rows: int) -> torch.Tensor:
        return unit(torch.randn(rows, 8, generator=generator), dim=1)

    return [dict(study_id=str(i), image_embedding=drawn(1)[0], report_embedding=drawn(1)[0], label_index=i % 2,
                 patch_embeddings=drawn(places), sentence_embeddings=drawn(sentences))
            for i, (places, sentences) in enumerate(sizes)]


@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), min_size=2, max_size=6))
@settings(max_examples=25, deadline=None)
def test_local_similarity_equals_loops(seed, sizes):
    """Film by film, report by report, sentence by sentence, with films of any number of places."""
    studies = local_predictions(seed, sizes)
    expected = torch.zeros(len(studies), len(studies))
    for film, one in enumerate(studies):
        for report, other in enumerate(studies):
            fits = []
            for sentence in other['sentence_embeddings']:
                cosines = one['patch_embeddings'] @ sentence
                fits.append(sum((cosines / .1).softmax(dim=0) * cosines))
            expected[film, report] = sum(fits) / len(fits) if fits else 0
    torch.testing.assert_close(local_similarity(studies), expected, rtol=1e-5, atol=1e-5)


def test_local_weight():
    """With a large weight the local similarity alone decides, in both directions and on both levels; 0 leaves it out,
    and a model that does not tell its patches is named with the mend."""
    studies = local_predictions(0, [(4, 3)] * 6)
    for study in studies:
        study['sentence_embeddings'] = study['patch_embeddings'][:2]  # each report fits its own film best
    metrics = evaluate(studies, local_weight=100., class_cutoffs=(1, ), instance_cutoffs=(1, ))
    for direction in ('image_to_text', 'text_to_image'):
        for name in ('recall@1', 'precision@1', 'median_rank'):
            assert metrics[f'retrieval/{direction}/{name}'] == pytest.approx(1)
    without = [{name: value for name, value in study.items() if '_embeddings' not in name} for study in studies]
    assert evaluate(studies, local_weight=0.) == evaluate(without)
    with pytest.raises(ValueError, match=r'model\.predict_local=True'):
        evaluate(without, local_weight=.5)
    for wrong in (-1., float('nan'), float('inf')):
        with pytest.raises(ValueError, match='local_weight must be a number from 0 on'):
            RetrievalMetric(local_weight=wrong)
