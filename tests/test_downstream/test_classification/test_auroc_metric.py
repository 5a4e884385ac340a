"""AUROC and average precision against scikit-learn, cases counted by hand, and what has no value."""
import logging
import math
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

pytest.importorskip('mmpretrain')
from prior_mm.downstream.classification import AUROCMetric, auroc_metric
from prior_mm.downstream.classification.auroc_metric import evaluate_classes
from prior_mm.downstream.classification.bootstrap import bootstrap_scores
from prior_mm.evaluation.bootstrap import interval
from prior_mm.evaluation.weighted_scores import weighted_f1, weighted_scores


@pytest.fixture
def warnings(monkeypatch) -> list[str]:
    """Messages that were logged as warnings."""
    messages: list[str] = []
    monkeypatch.setattr(auroc_metric, 'print_log', lambda message, logger, level: (
        messages.append(message), pytest.fail(message) if level != logging.WARNING else None))
    return messages


def metric(scores, labels, classes=None, **options) -> dict:
    made = AUROCMetric(**options)
    if classes:
        made.dataset_meta = dict(classes=classes, protocol='demo/1')
    made.process(None, [dict(pred_score=torch.tensor(score), gt_score=torch.tensor(label))
                        for score, label in zip(scores, labels, strict=True)])
    return made.evaluate(len(scores))


@settings(max_examples=40)
@given(scores=hnp.arrays(np.float64, st.integers(2, 30), elements=st.integers(0, 5).map(float)), data=st.data())
def test_weighted_scores_are_scikit_learns(scores, data):
    """Ties, weights of 0 and all: as scikit-learn's with sample weights."""
    labels = data.draw(hnp.arrays(np.float64, len(scores), elements=st.sampled_from([0., 1.])))
    weights = data.draw(hnp.arrays(np.int64, (3, len(scores)), elements=st.integers(0, 3)))
    aurocs, precisions = weighted_scores(scores, labels, weights)
    for weight, auroc, precision in zip(weights, aurocs, precisions, strict=True):
        drawn = np.repeat(labels, weight), np.repeat(scores, weight)
        if len(set(drawn[0])) == 2:
            assert auroc == pytest.approx(roc_auc_score(*drawn))
            assert precision == pytest.approx(average_precision_score(*drawn))
        else:
            assert np.isnan(auroc) and np.isnan(precision)


@settings(max_examples=40)
@given(scores=hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)), data=st.data())
def test_f1_is_scikit_learns(scores, data):
    """Of the finding, called from a probability of 0.5 on; 0 where nothing is called or there."""
    labels = data.draw(hnp.arrays(np.float64, len(scores), elements=st.sampled_from([0., 1.])))
    weights = data.draw(hnp.arrays(np.int64, (3, len(scores)), elements=st.integers(0, 3)))
    for weight, seen in zip(weights, weighted_f1(scores, labels, weights), strict=True):
        if weight.any():
            drawn = np.repeat(labels, weight), np.repeat(scores >= .5, weight)
            assert seen == pytest.approx(f1_score(*drawn, labels=[0, 1], zero_division=0.))


def test_against_scikit_learn():
    """By class over the labels that are known, and their mean."""
    rng = np.random.default_rng(0)
    scores = rng.random((200, 3))
    labels = rng.choice([0., 1., -1., math.nan], (200, 3), p=[.4, .3, .2, .1])
    result = metric(scores, labels, ['a', 'b', 'c'], samples=50)
    aurocs, precisions = [], []
    for number, name in enumerate('abc'):
        known = labels[:, number] >= 0
        aurocs.append(roc_auc_score(labels[known, number], scores[known, number]))
        precisions.append(average_precision_score(labels[known, number], scores[known, number]))
        figures = result['classification/per_class'][name]
        assert (figures['auroc'], figures['average_precision']) == pytest.approx((aurocs[-1], precisions[-1]))
        assert figures['images'] == known.sum() and figures['positives'] == (labels[:, number] == 1).sum()
        assert figures['auroc_low'] < figures['auroc'] < figures['auroc_high']
    assert result['classification/auroc'] == pytest.approx(np.mean(aurocs))
    assert result['classification/average_precision'] == pytest.approx(np.mean(precisions))
    assert result['classification/labels'] == (labels >= 0).sum()
    assert result['classification/protocol'] == 'demo/1'


def test_by_hand(warnings):
    """Four images: of the four pairs of a positive and a negative one is the wrong way round."""
    result = metric([[.9], [.8], [.7], [.1]], [[1.], [0.], [1.], [0.]], ['x'], samples=0)
    assert result['classification/auroc'] == .75
    assert result['classification/average_precision'] == pytest.approx((1 + 2 / 3) / 2)
    assert result['classification/average_precision_chance'] == .5
    assert 'classification/auroc_low' not in result and not warnings


def test_absent_class_has_no_value(warnings):
    """A class without positives is None, warned of, and does not drag the mean down, as a 0 or a NaN would."""
    result = metric([[.9, .2], [.1, .4], [.2, .1]], [[1., 0.], [0., 0.], [0., -1.]], ['there', 'absent'])
    assert result['classification/auroc'] == 1
    assert result['classification/per_class']['absent'] == dict(
        images=2, positives=0, auroc=None, auroc_low=None, auroc_high=None, average_precision=None,
        average_precision_low=None, average_precision_high=None, f1=None, f1_low=None, f1_high=None)
    assert len(warnings) == 1 and 'absent: 0 of the 2 known' in warnings[0]
    assert metric([[.1]], [[1.]])['classification/auroc'] is None


def test_flipped_labels_are_warned_of(warnings):
    """An AUROC far under 0.5 says so, one a little under it does not."""
    scores = np.arange(10.)[:, None]
    assert evaluate_classes(scores, (scores < 5) * 1., ['x'], 0)['auroc'] == 0
    assert len(warnings) == 1 and 'wrong way round' in warnings[0]
    assert evaluate_classes(scores, (np.arange(10) % 2 == 0)[:, None] * 1., ['x'], 0)['auroc'] == pytest.approx(.4)
    assert len(warnings) == 1


@pytest.mark.parametrize(('scores', 'labels', 'message'), [
    ([[math.nan]], [[1.]], 'NaN'), ([[.5]], [[.5]], 'between 0 and 1'), ([], [], 'no image')])
def test_what_cannot_be_evaluated(scores, labels, message):
    """Diverged models and soft labels are errors."""
    with pytest.raises(ValueError, match=message):
        AUROCMetric().compute_metrics([(np.array(score), np.array(label))
                                       for score, label in zip(scores, labels, strict=True)])


def test_interval_covers():
    """Of 40 test sets with a known AUROC of 0.76 (normal scores one deviation apart), most intervals hold it."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(40):
        labels = (rng.random((150, 1)) < .4) * 1.
        low, high = interval(bootstrap_scores(rng.normal(labels), labels, 300, seed=0)['auroc'][:, 0])
        inside += low < 0.7602 < high
    assert inside >= 34


def test_same_seed_same_interval_and_fast():
    """Draws depend on the seed alone, however they are cut into parts; 5,000 images of 5 classes take seconds."""
    rng = np.random.default_rng(0)
    labels = rng.choice([0., 1., -1.], (5000, 5))
    scores = rng.normal(labels)
    start = time.process_time()
    first = evaluate_classes(scores, labels, list('abcde'), samples=1000, seed=3)
    assert time.process_time() - start < 30  # it takes 3 s
    again = evaluate_classes(scores[:300], labels[:300], list('abcde'), samples=100, seed=3)
    assert again == evaluate_classes(scores[:300], labels[:300], list('abcde'), samples=100, seed=3)
    assert again != evaluate_classes(scores[:300], labels[:300], list('abcde'), samples=100, seed=4)
    assert first['auroc_low'] < first['auroc'] < first['auroc_high'] < first['auroc_low'] + .05
