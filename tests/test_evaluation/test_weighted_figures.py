"""Figures from what each image gave: with every image once they are the result's, repeated images count again."""
import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from prior_mm.evaluation.weighted_figures import FINDING, weighted_figure


def ones(count):
    return np.ones((1, count))


def test_scores_of_findings():
    """Means over the findings, of the labels that are known; a finding without a positive counts nowhere."""
    rng = np.random.default_rng(0)
    labels = {name: (rng.random(40) < share) * 1. for name, share in dict(a=.3, b=.6, c=0).items()}
    labels['a'][:5] = -1
    scores = {name: np.clip(of * .3 + rng.random(40) * .7, 0, 1) for name, of in labels.items()}
    columns = {f'{name}:{what}': of[name] for name in 'abc' for what, of in (('score', scores), ('label', labels))}
    known = [(labels[name][labels[name] >= 0], scores[name][labels[name] >= 0]) for name in 'ab']
    auroc, f1 = (weighted_figure(f'classification/{name}', columns) for name in ('auroc', 'f1'))
    assert auroc(ones(40))[0] == pytest.approx(np.mean([roc_auc_score(*each) for each in known]))
    assert f1(ones(40))[0] == pytest.approx(np.mean([f1_score(truth, score >= .5) for truth, score in known]))
    weights = rng.integers(0, 3, (4, 40))
    for weight, seen in zip(weights, auroc(weights), strict=True):
        repeated = [(np.repeat(labels[name], weight), np.repeat(scores[name], weight)) for name in 'ab']
        assert seen == pytest.approx(np.mean([roc_auc_score(truth[truth >= 0], score[truth >= 0])
                                              for truth, score in repeated]))


def test_pixels_are_pooled():
    """By hand, of two images, of the first one alone, and of none with the finding."""
    columns = dict(predicted=[4., 1], lesion=[4., 0], both=[2., 0], pixels=[10., 10])
    columns = {name: np.array(values) for name, values in columns.items()}
    weights = np.array([[1, 1], [1, 0], [0, 1]])
    pooled = weighted_figure('segmentation/dice_pooled', columns)(weights)
    assert pooled == pytest.approx([4 / 9, 4 / 8, np.nan], nan_ok=True)
    mean = weighted_figure('segmentation/mdice', columns)(weights)
    assert mean == pytest.approx([(4 / 9 + 26 / 31) / 2, (4 / 8 + 8 / 12) / 2, np.nan], nan_ok=True)


def test_means_by_finding():
    """Of phrases the mean over the findings, not over the phrases; what is not scored is left out."""
    columns = {'grounding/cnr': np.array([1., 1, 1, 3, np.nan]), FINDING: np.array([0., 0, 0, 1, 1])}
    assert weighted_figure('grounding/cnr', columns)(np.array([[1, 1, 1, 1, 1], [1, 0, 0, 0, 9]])) == \
        pytest.approx([2, 1])


def test_what_is_not_kept():
    """A figure that the columns do not hold is None, not another one."""
    assert weighted_figure('detection/mAP@0.40-0.75', {'dice': np.zeros(2)}) is None
    assert weighted_figure('segmentation/mdice', {'dice': np.zeros(2)}) is None
    assert weighted_figure('classification/dice', {'dice': np.zeros(2)}) is None
