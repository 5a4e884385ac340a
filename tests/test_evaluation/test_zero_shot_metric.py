"""Zero-shot classification from predictions to figures, against plain counting and chance."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from prior_mm.evaluation import ZeroShotMetric
from prior_mm.registry import METRICS

CLASSES = ['Atelectasis', 'Cardiomegaly', 'Edema']


def evaluate(scores, labels, classes=CLASSES, **options) -> dict:
    metric = METRICS.build(dict(type='ZeroShotMetric', **options))
    metric.process(None, [dict(scores=torch.as_tensor(np.array(score)), label_index=label, classes=classes)
                          for score, label in zip(scores, labels, strict=True)])
    return metric.evaluate(len(labels))


def plain(scores, labels) -> dict:
    """The same figures, counted study by study."""
    predicted = [max(range(len(CLASSES)), key=lambda c: score[c]) for score in scores]
    pairs = list(zip(labels, predicted, strict=True))
    present = sorted(set(labels))
    figures: dict = dict(accuracy=np.mean([a == b for a, b in pairs]), precision=[], recall=[], f1=[], auroc=[])
    for c in present:
        right = sum(a == b == c for a, b in pairs)
        named, there = sum(b == c for _, b in pairs), sum(a == c for a, _ in pairs)
        precision, recall = right / named if named else 0., right / there
        figures['precision'].append(precision)
        figures['recall'].append(recall)
        figures['f1'].append(2 * precision * recall / (precision + recall) if right else 0.)
        wins = [(s[c] > t[c]) + .5 * (s[c] == t[c]) for s, a in zip(scores, labels, strict=True) if a == c
                for t, b in zip(scores, labels, strict=True) if b != c]
        figures['auroc'] += [np.mean(wins)] if wins else []
    by_chance = sum(labels.count(c) * predicted.count(c) for c in range(len(CLASSES))) / len(labels)**2
    kappa = (figures['accuracy'] - by_chance) / (1 - by_chance) if by_chance < 1 else None
    return dict({name: np.mean(values) if np.size(values) else None for name, values in figures.items()}, kappa=kappa)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), number=st.integers(1, 25))
def test_equals_plain_counting(data, number):
    """All figures, with tied scores and classes that do not occur or are never named."""
    scores = data.draw(st_numpy.arrays(np.float64, (number, 3), elements=st.sampled_from([0., .25, .5, 1.]))).tolist()
    labels = data.draw(st.lists(st.integers(0, 2), min_size=number, max_size=number))
    metrics = evaluate(scores, labels)
    for name, value in plain(scores, labels).items():
        expected = None if value is None else pytest.approx(value)
        assert metrics[f'zero_shot/{name}'] == expected, name
    matrix = metrics['zero_shot/confusion_matrix']
    assert sum(count for row in matrix.values() for count in row.values()) == number
    assert all(sum(row.values()) == labels.count(c) for c, row in enumerate(matrix.values()))


def test_studies_without_one_class_are_left_out():
    """A study with none or several of the classes counts nowhere, and is counted."""
    metrics = evaluate([[1, 0, 0]] * 4, [0, -1, None, 1], protocol='single-finding/1')
    assert metrics['zero_shot/studies'] == 2
    assert metrics['zero_shot/studies_left_out'] == 2
    assert metrics['zero_shot/accuracy'] == .5
    assert metrics['zero_shot/protocol'] == 'single-finding/1'


def test_absent_class_does_not_drag_down_the_mean():
    """The AUROC of a class without studies is not defined: None, and not part of the mean."""
    metrics = evaluate([[1, 0, 0], [0, 1, 0]], [0, 1])
    assert metrics['zero_shot/auroc'] == 1
    assert metrics['zero_shot/recall'] == 1
    edema = metrics['zero_shot/per_class']['Edema']
    assert edema == dict(studies=0, precision=0., recall=None, f1=None, auroc=None)


def test_chance_and_most_frequent_class():
    """What a uniform guess and the most frequent class give stands beside the figures."""
    metrics = evaluate([[0, 0, 1]] * 4, [2, 2, 2, 0])
    assert metrics['zero_shot/accuracy_chance'] == pytest.approx(1 / 3)
    assert metrics['zero_shot/accuracy'] == metrics['zero_shot/accuracy_of_the_most_frequent_class'] == .75
    assert metrics['zero_shot/kappa'] == 0


def test_unfit_input():
    """No labelled study, other classes than the prompts', and a diverged model are errors that say what to do."""
    with pytest.raises(ValueError, match='exactly one'):
        evaluate([[1, 0, 0]], [-1])
    with pytest.raises(ValueError, match='label_index 3 for 3 classes'):
        evaluate([[1, 0, 0]], [3])
    with pytest.raises(ValueError, match='NaN'):
        evaluate([[float('nan'), 0, 0]], [1])
    metric = ZeroShotMetric()
    metric.dataset_meta = dict(classes=('Edema', 'Atelectasis', 'Cardiomegaly'))
    with pytest.raises(ValueError, match='same order'):
        metric.process(None, [dict(scores=torch.zeros(3), label_index=0, classes=CLASSES)])


def test_what_each_study_gave():
    """Whether it was named rightly, by its id; NaN for one without a class; their mean is the accuracy."""
    metric = ZeroShotMetric()
    metric.process(None, [dict(scores=torch.eye(3)[named], label_index=label, classes=CLASSES, study_id=name)
                          for name, named, label in (('a', 0, 0), ('b', 1, 2), ('c', 2, None), ('d', 2, 2))])
    metrics = metric.evaluate(4)
    assert metric.per_image['image'] == ['a', 'b', 'c', 'd']
    each = metric.per_image['zero_shot/accuracy']
    assert each == pytest.approx([1, 0, np.nan, 1], nan_ok=True)
    assert np.nanmean(each) == pytest.approx(metrics['zero_shot/accuracy'])
