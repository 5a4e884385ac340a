"""Paired tests against slow, obvious versions, and on models that are the same or far apart."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, roc_auc_score

from prior_mm.evaluation.paired import delong, paired_bootstrap, paired_f1


def slow_delong(first, second, labels):
    """The paper's formulas, pair by pair: the kernel is 1, 1/2 or 0."""
    parts = []
    for scores in (first, second):
        kernel = np.array([[(p > n) + .5 * (p == n) for n in scores[labels == 0]] for p in scores[labels == 1]])
        parts.append((kernel.mean(), kernel.mean(axis=1), kernel.mean(axis=0)))
    variance = sum(np.cov(np.stack([parts[0][side], parts[1][side]])) / len(parts[0][side]) for side in (1, 2))
    return parts[1][0] - parts[0][0], variance[0, 0] + variance[1, 1] - 2 * variance[0, 1]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12))
def test_delong(seed, positives, negatives):
    """Difference and variance are the paper's, with ties, too."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([1., 0.], [positives, negatives])
    first, second = rng.integers(0, 6, (2, len(labels))).astype(float)
    difference, variance = slow_delong(first, second, labels)
    found = delong(first, second, labels)
    assert found.value == pytest.approx(difference, abs=1e-12)
    assert found.value == pytest.approx(roc_auc_score(labels, second) - roc_auc_score(labels, first), abs=1e-12)
    assert ((found.high - found.low) / 2 / 1.959964)**2 == pytest.approx(variance, rel=1e-6, abs=1e-12)


def test_delong_keeps_its_level():
    """Two models of the same skill differ at 5 % about once in twenty; one far better always does."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1., 0.], [60, 90])
    p = [delong(rng.normal(labels), rng.normal(labels), labels).p for _ in range(400)]
    assert 0.02 < np.mean(np.array(p) < .05) < 0.09
    assert delong(rng.normal(labels * .3), rng.normal(labels * 3), labels).p < 1e-4
    assert delong(labels, labels, labels).p == 1
    with pytest.raises(ValueError, match='two images with and two without'):
        delong(labels[:60], labels[:60], labels[:60])


def test_bootstrap():
    """Means and F1: the value is the plain difference, the interval holds it, and the draws are seeded."""
    rng = np.random.default_rng(1)
    labels = (rng.random(200) < .3) * 1.
    first, second = (np.clip(labels * skill + rng.random(200) * .6, 0, 1) for skill in (.2, .4))
    found = paired_f1(first, second, labels)
    assert found.value == pytest.approx(f1_score(labels, second >= .5) - f1_score(labels, first >= .5))
    assert found.low <= found.value <= found.high and found == paired_f1(first, second, labels)
    same = paired_bootstrap(first, first)
    assert same.value == 0 and same.p == 1
    better = paired_bootstrap(first, first + .1)
    assert better.value == pytest.approx(.1) and better.p < .01
    with pytest.raises(ValueError, match='two images'):
        paired_bootstrap(first[:1], first[:1])
