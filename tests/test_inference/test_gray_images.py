"""Arrays of any kind become gray images, or are refused with what is wrong."""
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import PixelRange
from prior_mm.inference.images import check_brightness, gray_image

GRAY = np.random.default_rng(0).integers(0, 256, (20, 24), dtype=np.uint8)


@pytest.mark.parametrize(('image', 'says'), [
    (GRAY.astype(np.int32), 'do not say what is white'),
    (GRAY.astype(np.float32), 'do not say what is white'),
    (np.full((20, 20), np.nan), 'not finite'),
    (GRAY.astype(bool), 'whole or floating'),
    (GRAY[None, None], 'of the shape'),
    (np.zeros((20, 20, 2), np.uint8), 'of the shape'),
    (GRAY[:3], 'too small'),
    (GRAY.tolist(), 'not a list'),
    (None, 'not a NoneType'),
    (b'', 'is empty'),
    (b'nonsense', 'no JPEG, PNG or DICOM'),
])
def test_what_is_refused(image, says):
    """The message says what is wrong."""
    with pytest.raises(ImageError, match=says):
        gray_image(image)


@given(st.sampled_from(['i2', 'i4', 'u4', 'f4', 'f8']), st.floats(-1000, 1000), st.floats(1, 5000))
def test_value_range(dtype, black, width):
    """Any type with its black and white gives shares of them, to 16 bits."""
    values = np.clip(np.linspace(black, black + width, 400), 0 if dtype[0] == 'u' else -np.inf, None).reshape(20, 20)
    values = values.astype(dtype)
    share = np.clip((values.astype(np.float64) - black) / width, 0, 1)
    # float32 holds values near 6000 to 2**-12; beside them the half step of 16 bits.
    bound = 65535 * 2.**-11 / width + .51
    np.testing.assert_allclose(gray_image(values, value_range=(black, black + width)), share * 65535, atol=bound)


def test_value_ranges_that_are_none():
    """Black must lie below white, and files have no value range."""
    with pytest.raises(ImageError, match='from black to white'):
        gray_image(GRAY, value_range=(5, 5))
    with pytest.raises(ImageError, match='for arrays'):
        gray_image('a.png', value_range=(0, 1))


def test_colours_and_ranges():
    """Colours become luma; 12 bits in an array of 16 are read as told; Pillow's modes keep their bits."""
    colours = np.stack([GRAY, GRAY // 2, GRAY // 3, GRAY], axis=2)
    expected = np.round(.299 * GRAY + .587 * (GRAY // 2) + .114 * (GRAY // 3))
    assert np.abs(gray_image(colours).astype(int) - expected).max() <= 1
    assert np.abs(gray_image(np.moveaxis(colours, 2, 0)).astype(int) - expected).max() <= 1
    twelve = GRAY.astype(np.uint16) * 16
    found = gray_image(twelve, pixel_range=PixelRange(bits=12))
    assert found.max() == pytest.approx(twelve.max() / 4095 * 65535, abs=1)
    for known in (gray_image(GRAY / 255., pixel_range=PixelRange(bits=12)),
                  gray_image(GRAY, pixel_range=PixelRange(bits=12), value_range=(0, 255))):
        assert np.abs(known / 257. - GRAY).max() < .01, 'bits are of files and arrays that do not say what is white'
    assert np.array_equal(gray_image(Image.fromarray(twelve)), twelve)
    assert np.array_equal(gray_image(Image.fromarray(GRAY).convert('RGBA')), GRAY)


def test_brightness():
    """A black image, and 12 bits in 16 that nobody told of, are refused; a dark film is not."""
    with pytest.raises(ImageError, match='bits 12'):
        check_brightness(np.full((20, 20), 4095, np.uint16), .4755)
    with pytest.raises(ImageError, match='black'):
        check_brightness(np.zeros((20, 20), np.uint8), .4755)
    check_brightness(np.full((20, 20), 60, np.uint8), .4755)
    check_brightness(np.full((20, 20), 4095, np.uint16), .03)  # of a model that was trained on such
