"""Figures of one phrase: hand-computed cases, and a slow version that goes pixel by pixel."""
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prior_mm.evaluation.localisation import MIOU_THRESHOLDS, THRESHOLDS, localise

INSIDE = np.array([[1, 1, 0, 0]], dtype=bool)


def slow(heat, region):
    """The same by loops over pixels and thresholds."""
    pixels = [(float(heat[r, c]), bool(region[r, c])) for r in range(heat.shape[0]) for c in range(heat.shape[1])
              if not math.isnan(heat[r, c])]
    within, without = [v for v, i in pixels if i], [v for v, i in pixels if not i]
    if not within or not without:
        return None

    def mean(values):
        return math.fsum(values) / len(values)

    def variance(values):
        return math.fsum((v - mean(values))**2 for v in values) / len(values)

    noise = math.sqrt(variance(within) + variance(without))
    low, high = min(v for v, _ in pixels), max(v for v, _ in pixels)
    peaks = [i for v, i in pixels if v == high]
    ious, dices = [], []
    for threshold in THRESHOLDS:
        found = [(2 * (v - low) / (high - low) - 1 if high > low else -1) > threshold for v, _ in pixels]
        both = sum(f and i for f, (_, i) in zip(found, pixels, strict=True))
        ious.append(both / (sum(found) + len(within) - both))
        dices.append(2 * both / (sum(found) + len(within)))
    return (mean(within) - mean(without), noise), sum(peaks) / len(peaks), len(within) / len(pixels), ious, dices


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_as_the_slow_one(data):
    """Any map, with ties and with pixels that were not seen, and any place."""
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    heat = data.draw(arrays(np.float32, shape, elements=st.sampled_from([-1., -.25, 0., .125, .5, 1., math.nan])))
    region = data.draw(arrays(bool, shape))
    wanted, seen = slow(heat, region), localise(heat, region)
    if wanted is None:
        assert seen is None
        return
    (contrast, noise), pointing, chance, iou, dice = wanted
    if noise > 1e-6:
        assert seen.cnr == pytest.approx(contrast / noise, abs=1e-9)
    else:
        assert seen.cnr == 0 if contrast == 0 else math.isnan(seen.cnr)
    assert (seen.pointing, seen.chance) == (pytest.approx(pointing), pytest.approx(chance))
    np.testing.assert_allclose(seen.iou, iou)
    np.testing.assert_allclose(seen.dice, dice)
    chosen = [iou[number] for number, threshold in enumerate(THRESHOLDS) if round(threshold, 2) in MIOU_THRESHOLDS]
    assert len(chosen) == 5 and seen.miou == pytest.approx(sum(chosen) / 5)


def test_contrast_to_noise_by_hand():
    """Inside 3 and 1 (mean 2, variance 1), outside 0 and 0: 2 / sqrt(1). The other way round it is negative."""
    assert localise(np.array([[3., 1, 0, 0]]), INSIDE).cnr == pytest.approx(2)
    assert localise(np.array([[3., 1, 0, 0]]), ~INSIDE).cnr == pytest.approx(-2)
    assert localise(np.array([[5., 3, 2, 0]]), INSIDE).cnr == pytest.approx(3 / math.sqrt(2))


def test_an_even_map_shows_nothing():
    """No contrast, the peak by chance, nothing above a threshold; two even levels have no noise to divide by."""
    seen = localise(np.full((1, 4), .3), INSIDE)
    assert (seen.cnr, seen.pointing, seen.chance, seen.miou) == (0, .5, .5, 0)
    assert math.isnan(localise(INSIDE.astype(float), INSIDE).cnr)


def test_pointing_by_hand():
    """A peak inside is 1, outside 0, and of two equal ones half."""
    assert [localise(np.array([row]), INSIDE).pointing for row in ([4., 1, 2, 3], [1., 2, 3, 4], [4., 1, 2, 4])] == \
        [1, 0, .5]


def test_overlaps_by_hand():
    """Values -1, 0, 0.3, 1 after rescaling: above 0.1 lie two pixels, one of them inside; above 0.3 one, not inside."""
    seen = localise(np.array([[0., 1, 1.3, 2]]), np.array([[0, 1, 1, 0]], dtype=bool))
    at = dict(zip(THRESHOLDS.round(2).tolist(), zip(seen.iou, seen.dice, strict=True), strict=True))
    assert at[.1] == (pytest.approx(1 / 3), pytest.approx(1 / 2)) and at[.5] == (0, 0)
    assert at[-.5] == (pytest.approx(2 / 3), pytest.approx(4 / 5))
    # 0.3 itself is rounded: (1.3 - 0) / 2 * 2 - 1 may fall on either side of it, so 0.3 is not looked at here.


def test_what_was_not_seen_does_not_count():
    """Pixels of NaN change nothing; a place that was not seen at all cannot be scored, nor one that is all there is."""
    seen = localise(np.array([[3., 1, 0, 0, np.nan, np.nan]]), np.array([[1, 1, 0, 0, 1, 0]], dtype=bool))
    assert (seen.cnr, seen.pointing, seen.chance) == (pytest.approx(2), 1, .5)
    assert localise(np.array([[np.nan, 1., 2]]), np.array([[1, 0, 0]], dtype=bool)) is None
    assert localise(np.ones((2, 2)), np.ones((2, 2), dtype=bool)) is None


def test_shapes_must_agree():
    """A place of another size than the map is an error, not a broadcast."""
    with pytest.raises(ValueError, match='shape'):
        localise(np.ones((2, 2)), np.ones((1, 2), dtype=bool))
