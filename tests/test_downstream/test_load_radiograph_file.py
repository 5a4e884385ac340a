"""Reading a radiograph for the toolboxes: range, type, size, errors."""
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_radiograph, resize
from prior_mm.downstream import LoadRadiographFile


def write(path, image) -> str:
    cv2.imwrite(str(path), image)
    return str(path)


def load(path, **options) -> dict:
    return LoadRadiographFile(**options)({'img_path': path})


@given(height=st.integers(16, 40), width=st.integers(16, 40), deep=st.booleans())
def test_range_and_type(tmp_path_factory, height, width, deep):
    """One channel from 0 to 255 whatever the depth; 16 bits keep their steps; white is 255."""
    dtype = np.uint16 if deep else np.uint8
    image = np.random.default_rng(height).integers(0, np.iinfo(dtype).max, (height, width), dtype, endpoint=True)
    image[0, :2] = 0, np.iinfo(dtype).max
    results = load(write(tmp_path_factory.mktemp('image') / 'a.png', image))
    assert results['img'].dtype == (np.float32 if deep else np.uint8)
    assert results['img_shape'] == results['ori_shape'] == results['img'].shape == (height, width)
    np.testing.assert_allclose(results['img'], image / (257 if deep else 1), rtol=1e-6)
    assert results['img'].max() == 255 and results['img'].flags.writeable


def test_size_is_that_of_pre_training(tmp_path):
    """Resized as in pre-training, averaged when shrinking: a backbone sees what it was trained on."""
    image = np.random.default_rng(0).integers(0, 256, (300, 200), np.uint8)
    path = write(tmp_path / 'a.png', image)
    results = load(path, size=(48, 32))
    assert np.array_equal(results['img'], resize(read_radiograph(path, 48), 48, 32))
    assert results['img_shape'] == (48, 32)


def test_unreadable_file_is_named(tmp_path):
    """A missing or broken file is an error with its path; nothing is returned that MMEngine would replace."""
    (tmp_path / 'broken.png').write_bytes(b'\x89PNG\r\n\x1a\n...')
    for name in ('broken.png', 'missing.png'):
        with pytest.raises(ImageError, match=name):
            load(str(tmp_path / name))
