"""Random exposure and framing: size and type stay, the seed decides, and what is shown stays where it belongs."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.datasets.transforms import RandomExposure, RandomFrame


def changed(transform, image: np.ndarray, seed: int = 0) -> np.ndarray:
    return transform(dict(image=image.copy(), rng=np.random.default_rng(seed)))['image']


def drawn(height: int, width: int, dtype, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(np.iinfo(dtype).max + 1, size=(height, width), dtype=dtype)


@given(st.sampled_from([RandomExposure(), RandomFrame(.5)]), st.integers(1, 20), st.integers(1, 20),
       st.sampled_from([np.uint8, np.uint16]), st.integers(0, 99))
@settings(deadline=None)
def test_size_type_and_seed(transform, height, width, dtype, seed):
    """Any image keeps its size and type; the same seed gives the same; the given image is left as it was."""
    image = drawn(height, width, dtype, seed)
    first = changed(transform, image, seed)
    assert first.shape == image.shape and first.dtype == dtype
    assert np.array_equal(first, changed(transform, image, seed))


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_nothing_asked_changes_nothing(dtype):
    """With every range of 0, and with the whole image as the smallest part, each pixel is as it was."""
    image = drawn(8, 9, dtype, 0)
    assert np.array_equal(changed(RandomExposure(0, 0, 0), image), image)
    assert np.array_equal(changed(RandomFrame(1), image), image)


def test_exposure_by_hand():
    """Gamma, then contrast about the mean, then brightness, as drawn; black and white are the ends."""
    image = np.array([[0, 51], [102, 255]], np.uint8)
    rng = np.random.default_rng(3)
    gamma, contrast, brightness = (rng.uniform(-1, 1) for _ in range(3))
    values = [(pixel / 255)**(1.3**gamma) for pixel in (0, 51, 102, 255)]
    mean = sum(values) / 4
    expected = [(value - mean) * (1 + .2 * contrast) + mean + .1 * brightness for value in values]
    expected = [round(255 * min(max(value, 0), 1)) for value in expected]
    assert np.abs(changed(RandomExposure(), image, 3).ravel().astype(int) - expected).max() <= 1


def test_brighter_stays_brighter():
    """The order of the pixels stays, so that nothing is inverted."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    for seed in range(20):
        assert (np.diff(changed(RandomExposure(1., 1., .5), ramp, seed)[0].astype(int)) >= 0).all()


def test_frame_keeps_sides():
    """The centre stays in every frame that has more than half, and left stays left of right."""
    image = np.zeros((40, 40), np.uint8)
    image[18:22, 16:19], image[18:22, 21:24] = 100, 200
    for seed in range(20):
        framed = changed(RandomFrame(.6), image, seed)
        left, right = (np.where((framed > low) & (framed < high))[1].mean() for low, high in ((80, 120), (180, 220)))
        assert left < right


@pytest.mark.parametrize('make', [lambda: RandomExposure(gamma=-1), lambda: RandomExposure(contrast=1.5),
                                  lambda: RandomFrame(0), lambda: RandomFrame(1.1)])
def test_wrong_ranges(make):
    """A range that cannot be is an error when the config is read, not a black image."""
    with pytest.raises(ValueError, match='at'):
        make()
