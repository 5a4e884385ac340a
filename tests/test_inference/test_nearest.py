"""Exact search finds what sorting all inner products finds."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.inference import nearest as module
from prior_mm.inference.nearest import nearest


@given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 6), st.integers(1, 40), st.integers(0, 9))
def test_against_sorting(queries, rows, dims, k, seed):
    """Any sizes, also more neighbours than rows, and queries in several parts."""
    rng = np.random.default_rng(seed)
    asked, vectors = (rng.normal(size=(count, dims)).astype(np.float32) for count in (queries, rows))
    places, values = nearest(asked, vectors, k)
    products = asked @ vectors.T
    assert places.shape == values.shape == (queries, min(k, rows))
    np.testing.assert_array_equal(values, -np.sort(-products, axis=1)[:, :k])
    np.testing.assert_array_equal(np.take_along_axis(products, places, axis=1), values)
    assert all(len(set(row)) == len(row) for row in places.tolist())


def test_queries_in_parts(monkeypatch):
    """Many queries are answered part by part, each as if it were alone."""
    rng = np.random.default_rng(0)
    asked, vectors = rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=(5, 3)).astype(np.float32)
    whole = nearest(asked, vectors, 2)
    monkeypatch.setattr(module, '_AT_ONCE', 10)
    for one, other in zip(whole, nearest(asked, vectors, 2), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_what_cannot_be_searched():
    """Vectors of another width, or no neighbour, are refused."""
    with pytest.raises(ValueError, match='of two models'):
        nearest(np.zeros((1, 3), np.float32), np.zeros((2, 4), np.float32), 1)
    with pytest.raises(ValueError, match='at least 1'):
        nearest(np.zeros((1, 3), np.float32), np.zeros((2, 3), np.float32), 0)
