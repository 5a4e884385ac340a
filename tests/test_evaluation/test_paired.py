"""Paired tests against slow, obvious versions, and on models that are the same or far apart."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from prior_mm.evaluation.paired import Pair, delong, paired_bootstrap
from prior_mm.evaluation.weighted_figures import weighted_figure


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


def pair(first, second, images=None, patients=None, figure='zero_shot/accuracy'):
    """Of two runs by what each image gave."""
    names = images or tuple(map(str, range(len(first))))
    figures = (weighted_figure(figure, {figure: np.asarray(values)}) for values in (first, second))
    return Pair(names, np.arange(len(names)) if patients is None else patients, *figures)


def test_bootstrap():
    """The value is the plain difference, the interval holds it, the draws are seeded; few images are refused."""
    rng = np.random.default_rng(1)
    first = rng.random(200)
    better = paired_bootstrap([pair(first, first + .1)])
    assert better.value == pytest.approx(.1) and better.p < .01 and better.test == 'bootstrap'
    noisy = pair(first, first + rng.normal(.05, .5, 200))
    found = paired_bootstrap([noisy])
    assert found.low < found.value < found.high and found == paired_bootstrap([noisy])
    same = paired_bootstrap([pair(first, first)])
    assert same.value == 0 and same.p == 1
    with pytest.raises(ValueError, match='two images'):
        paired_bootstrap([pair(first[:1], first[:1])])


def test_bootstrap_keeps_its_level():
    """Two models of the same skill differ at 5 % about once in twenty."""
    rng = np.random.default_rng(0)
    p = [paired_bootstrap([pair(rng.random(60), rng.random(60))]).p for _ in range(100)]
    assert .01 <= np.mean(np.array(p) < .05) <= .11


def test_several_runs_are_one_test():
    """The value is their mean; images that runs share are drawn together, and runs that disagree widen it."""
    rng = np.random.default_rng(2)
    first, gain = rng.random(300), rng.normal(0, .2, 300)
    agree = paired_bootstrap([pair(first, first + .05 + gain) for _ in range(3)])
    alone = paired_bootstrap([pair(first, first + .05 + gain)])
    assert agree.value == pytest.approx(alone.value)
    assert agree.high - agree.low == pytest.approx(alone.high - alone.low, rel=.1)  # three times the same tell no more
    other = [pair(rng.random(300), rng.random(300), tuple(f'{fold}-{n}' for n in range(300))) for fold in range(3)]
    assert paired_bootstrap(other).test == 'bootstrap of 3 pairs of runs and their images'
    apart = paired_bootstrap([pair(first, first + step) for step in (-.1, .05, .2)])
    assert apart.value == pytest.approx(.05) and apart.low < 0 < apart.high and apart.p > .05


def test_patients_are_drawn_whole():
    """A hundred images of one patient tell no more than the one."""
    rng = np.random.default_rng(3)
    first, gain = rng.random(30), rng.normal(.1, .3, 30)
    alone = paired_bootstrap([pair(first, first + gain)])
    repeated = paired_bootstrap([pair(np.repeat(first, 9), np.repeat(first + gain, 9),
                                      patients=np.repeat(np.arange(30), 9))])
    assert (repeated.low, repeated.high) == pytest.approx((alone.low, alone.high))
