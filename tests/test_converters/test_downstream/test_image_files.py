"""Sizes of image files, from their headers."""
import numpy as np
import pytest
from PIL import ExifTags, Image

from prior_mm.converters.downstream.image_files import image_size
from prior_mm.datasets.images import read_radiograph


@pytest.mark.parametrize('ending', ['jpg', 'png', 'tif'])
@pytest.mark.parametrize('orientation', [None, *range(1, 9)])
def test_sizes_are_those_of_what_is_read(tmp_path, ending, orientation):
    """An image that lies on its side is turned as it is read: boxes would be taken for those of another shape."""
    exif = Image.Exif()
    if orientation:
        exif[ExifTags.Base.Orientation] = orientation
    path = tmp_path / f'a.{ending}'
    Image.fromarray(np.zeros((20, 40), np.uint8)).save(path, exif=exif)
    height, width = read_radiograph(path).shape
    assert image_size(path) == (width, height) == ((20, 40) if (orientation or 1) > 4 else (40, 20))
