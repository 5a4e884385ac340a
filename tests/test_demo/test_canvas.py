"""Shapes on a grid."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.demo.canvas import band, ellipse, polyline, step, value_noise

Y, X = np.mgrid[0:64, 0:64] / 32 - 1


def test_step():
    """All of it inside, nothing outside, half on the border, and never up again on the way out."""
    distances = np.linspace(-2, 2, 81)
    values = step(distances, 0.5)
    assert values[0] == 1 and values[-1] == 0 and values[40] == pytest.approx(0.5)
    assert np.all(np.diff(values) <= 0)


@given(st.floats(-.5, .5), st.floats(-.5, .5), st.floats(.2, .4), st.floats(.2, .4))
def test_ellipse_has_its_area(x, y, a, b):
    """Its soft border adds as much outside as it takes inside."""
    area = ellipse(X, Y, (x, y), (a, b)).sum() / 32**2
    assert area == pytest.approx(np.pi * a * b, rel=0.05)


def test_lines():
    """A line covers its width times its length; corners count once."""
    assert band(X, 0.2, 0.05).sum() / 32**2 == pytest.approx(0.4, rel=0.05)
    corner = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5)])
    drawn = polyline(X, Y, corner, 0.1, 0.05)
    assert drawn.sum() / 32**2 == pytest.approx(0.2, rel=0.1) and drawn.max() <= 1


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=2, max_size=4), st.floats(0, .3),
       st.floats(.01, .3))
def test_lines_are_cut_to_the_bit(points, width, softness):
    """Computing a line only where it can be seen changes no bit of it, also where it leaves the film."""
    nearest = np.full(X.shape, np.inf)
    for (x0, y0), (x1, y1) in zip(points[:-1], points[1:], strict=True):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((X - x0) * dx + (Y - y0) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        nearest = np.minimum(nearest, (X - x0 - along * dx)**2 + (Y - y0 - along * dy)**2)
    everywhere = step(np.sqrt(nearest) - width / 2, softness)
    assert np.array_equal(polyline(X, Y, np.array(points), width, softness), everywhere)


@given(st.integers(1, 40), st.integers(0, 9))
def test_noise(cells, seed):
    """Noise stays in its range, follows its generator, and differs from place to place."""
    noise = value_noise(np.random.default_rng(seed), (50, 60), cells)
    assert noise.shape == (50, 60) and np.abs(noise).max() <= 1 and noise.std() > 0.05
    assert np.array_equal(noise, value_noise(np.random.default_rng(seed), (50, 60), cells))
