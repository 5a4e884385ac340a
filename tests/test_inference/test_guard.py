"""The guard tells radiographs from what is none, and keeps its verdicts when it is written."""
import numpy as np
import pytest

from prior_mm.inference.guard import Guard

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(100, 100))


def films(count: int) -> np.ndarray:
    """Points of a Gaussian that is long in some directions and short in others."""
    return (RNG.normal(size=(count, 100)) * np.geomspace(5, .1, 100) @ MIX).astype(np.float32)


@pytest.fixture(scope='module')
def guard():
    return Guard.fit(films(1500))


def test_distances_are_those_of_mahalanobis():
    """With as many axes as numbers, the distance is the formula's."""
    seen, new = films(500)[:, :20], films(7)[:, :20]
    found = [verdict.score for verdict in Guard.fit(seen).judge(new)]
    offset = new - seen.mean(axis=0, dtype=np.float64)
    inverse = np.linalg.inv(np.cov(seen.astype(np.float64), rowvar=False))
    expected = np.sqrt(np.einsum('bi,ij,bj->b', offset, inverse, offset) / 20)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_verdicts(guard):
    """One in a hundred films is refused, more or less; what lies off is, with nothing of the training beyond it."""
    refused = np.mean([verdict.unlike for verdict in guard.judge(films(1000))])
    assert refused < .03
    far = guard.judge(films(50) * 3)
    assert all(verdict.unlike and verdict.score > verdict.threshold and verdict.share < .01 for verdict in far)
    # Off in a short direction alone, where a plain distance sees nothing.
    off = films(50) + 10 * MIX[-1].astype(np.float32)
    assert np.mean([verdict.unlike for verdict in guard.judge(off)]) > .9


def test_it_is_kept(guard, tmp_path):
    """Written and read, it judges alike; a damaged file is refused, none at all gives none."""
    guard.save(tmp_path / 'guard.npz')
    assert Guard.read(tmp_path / 'guard.npz').judge(films(3)) is not None
    new = films(5)
    assert Guard.read(tmp_path / 'guard.npz').judge(new) == guard.judge(new)
    assert Guard.read(tmp_path / 'none.npz') is None
    (tmp_path / 'guard.npz').write_bytes((tmp_path / 'guard.npz').read_bytes()[:500])
    with pytest.raises(ValueError, match='damaged'):
        Guard.read(tmp_path / 'guard.npz')
    assert Guard.fit(films(1)) is None
