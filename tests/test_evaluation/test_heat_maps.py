"""From patches to pixels: the area that was seen, smoothing, and the mend of what cannot be shown."""
import numpy as np
import pytest

from prior_mm.evaluation.heat_maps import to_pixels


def slow_gaussian(patches, sigma):
    """Every patch as the weighted mean of those around it, the map mirrored at its border."""
    height, width = patches.shape
    reach = int(4 * sigma + .5)
    padded = np.pad(patches.astype(float), reach, mode='symmetric')
    weights = np.array([[np.exp(-(r * r + c * c) / (2 * sigma * sigma)) for c in range(-reach, reach + 1)]
                        for r in range(-reach, reach + 1)])
    weights /= weights.sum()
    return np.array([[(padded[r:r + 2 * reach + 1, c:c + 2 * reach + 1] * weights).sum() for c in range(width)]
                     for r in range(height)])


@pytest.mark.parametrize('sigma', [.5, 1.])
def test_smooths_as_the_slow_one(sigma):
    """One pixel a patch, so that nothing but the Gaussian is seen."""
    patches = np.random.default_rng(0).normal(size=(9, 7)).astype(np.float32)
    np.testing.assert_allclose(to_pixels(patches, 9, 7, sigma=sigma), slow_gaussian(patches, sigma), atol=1e-5)


def test_enlarges_each_patch_to_its_place():
    """Nearest: a patch is a block of pixels, in row-major order; bilinear keeps the peak within its block."""
    patches = np.array([[1., 2], [3, 4], [5, 6]], dtype=np.float32)
    pixels = to_pixels(patches, 6, 8, sigma=0, enlarge='nearest')
    np.testing.assert_array_equal(pixels, np.kron(patches, np.ones((2, 4))))
    row, column = np.unravel_index(to_pixels(patches, 6, 8, sigma=0).argmax(), (6, 8))
    assert (row // 2, column // 4) == (2, 1)


def test_what_was_cropped_was_not_seen():
    """The map fills the area that the model saw; the rest is NaN."""
    pixels = to_pixels(np.ones((2, 2)), 5, 9, area=(3, 1, 4, 4))
    assert np.isnan(pixels).sum() == 5 * 9 - 16 and not np.isnan(pixels[1:5, 3:7]).any()


def test_bad_input_is_named():
    """An area beyond the image, and maps of a model that diverged."""
    with pytest.raises(ValueError, match='not within 4 x 4'):
        to_pixels(np.ones((2, 2)), 4, 4, area=(1, 0, 4, 4))
    with pytest.raises(ValueError, match='diverged'):
        to_pixels(np.array([[np.nan, 1]]), 4, 4)
