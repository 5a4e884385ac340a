"""read_radiograph on JPEG and PNG: the right values, or an ImageError that names the file."""
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from prior_mm.datasets import ImageError
from prior_mm.datasets.images import fit_short_side, read_radiograph


def smooth(height, width, seed=0):
    """A gray image without fine detail, uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def write_png_header(path, width, height):
    """A PNG whose header claims a size, with hardly any data."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    header = struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(100)))
                     + chunk(b'IEND', b''))


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_png_keeps_its_bits(tmp_path, dtype):
    """PNGs of 8 and 16 bits come back to the bit."""
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 50), dtype=dtype, endpoint=True)
    Image.fromarray(image).save(tmp_path / 'a.png')
    read = read_radiograph(tmp_path / 'a.png', short_side=20)
    assert read.dtype == dtype and np.array_equal(read, image)


@pytest.mark.parametrize('mode, suffix', [
    *((mode, 'png') for mode in ('1', 'L', 'LA', 'P', 'RGB', 'RGBA')),
    *((mode, 'jpg') for mode in ('L', 'RGB', 'CMYK'))])
def test_colour_modes_become_gray(tmp_path, mode, suffix):
    """Whatever the mode, white stays white and black stays black; transparency is dropped."""
    gray = np.zeros((32, 48), dtype=np.uint8)
    gray[:, 24:] = 255
    image = Image.fromarray(gray).convert('RGB').convert(mode)
    if mode in ('LA', 'RGBA'):
        image.putalpha(Image.fromarray(np.full_like(gray, 7)))
    path = tmp_path / f'a.{suffix}'
    image.save(path, **({'transparency': 0} if mode == 'P' else {}))
    for short_side in (None, 16):
        read = read_radiograph(path, short_side)
        assert read.dtype == np.uint8
        assert read[:, :read.shape[1] // 2 - 4].max() < 8 and read[:, read.shape[1] // 2 + 4:].min() > 247


def test_orientation_is_obeyed(tmp_path):
    """A JPEG that says it lies on its side is turned, reduced or not; so is a TIFF, with its rows in order."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(smooth(400, 200)).save(tmp_path / 'a.jpg', exif=exif)
    assert read_radiograph(tmp_path / 'a.jpg').shape == (200, 400)
    assert read_radiograph(tmp_path / 'a.jpg', 50).shape == (50, 100)
    Image.fromarray(smooth(400, 200)).save(tmp_path / 'a.tif', exif=exif)
    np.testing.assert_array_equal(read_radiograph(tmp_path / 'a.tif'), np.rot90(smooth(400, 200), -1))


@settings(max_examples=30, deadline=None)
@given(height=st.integers(16, 900), width=st.integers(16, 900), short_side=st.integers(1, 300), colour=st.booleans())
def test_reduced_jpeg_is_the_picture(tmp_path_factory, height, width, short_side, colour):
    """Decoding at a reduced size keeps the pixels that are needed and shows what full decoding shows."""
    path = tmp_path_factory.mktemp('reduced') / 'a.jpg'
    Image.fromarray(smooth(height, width, height)).convert('RGB' if colour else 'L').save(path, quality=95)
    full, reduced = read_radiograph(path), read_radiograph(path, short_side)
    assert full.shape == (height, width)
    assert min(reduced.shape) >= min(short_side, height, width)
    scale = next(scale for scale in (1, 2, 4, 8) if reduced.shape == (-(-height // scale), -(-width // scale)))
    padded = np.pad(full, ((0, -height % scale), (0, -width % scale)), mode='edge').astype(float)
    boxes = padded.reshape(reduced.shape[0], scale, reduced.shape[1], scale).mean(axis=(1, 3))
    assert np.abs(boxes - reduced).mean() < 3


@settings(max_examples=40, deadline=None)
@given(height=st.integers(1, 200), width=st.integers(1, 200), side=st.integers(1, 100),
       dtype=st.sampled_from([np.uint8, np.uint16]))
def test_fit_short_side(height, width, side, dtype):
    """The short side becomes what is asked, the aspect and the type stay, and an even image stays even."""
    image = np.full((height, width), np.iinfo(dtype).max, dtype=dtype)
    fitted = fit_short_side(image, side)
    assert min(fitted.shape) == min(side, height, width) and fitted.dtype == dtype
    assert (fitted == np.iinfo(dtype).max).all()
    if side < min(height, width):
        assert abs(max(fitted.shape) - max(height, width) * side / min(height, width)) <= 0.5


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_files_raise_image_error_only(tmp_path_factory, data):
    """Files with flipped bytes or cut short give an image or an ImageError with the file's name, nothing else."""
    path = tmp_path_factory.mktemp('damaged') / 'broken file'
    Image.fromarray(smooth(64, 80)).save(path, format=data.draw(st.sampled_from(['JPEG', 'PNG'])))
    content = bytearray(path.read_bytes())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)),
                                           max_size=6)):
        content[place] = value
    path.write_bytes(content[:data.draw(st.integers(0, len(content)))])
    try:
        image = read_radiograph(path, data.draw(st.sampled_from([None, 16])))
    except ImageError as error:
        assert 'broken file' in str(error)
    else:
        assert image.ndim == 2 and image.dtype == np.uint8


@pytest.mark.parametrize('kind', ['JPEG', 'PNG'])
@pytest.mark.parametrize('share', [0.3, 0.9])
def test_truncated_files_are_refused(tmp_path, kind, share):
    """A download that stopped must not become a half gray image."""
    path = tmp_path / 'a'
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99), dtype=np.uint8)).save(path, format=kind)
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * share)])
    with pytest.raises(ImageError, match='damaged or cut short.*Fetch it again'):
        read_radiograph(path)


@pytest.mark.filterwarnings('ignore:Image size')
@pytest.mark.parametrize('size', [(9000, 9000), (20000, 20000), (100, 2**31 - 1)])
def test_huge_headers_are_refused_before_decoding(tmp_path, size):
    """A small file that unpacks to gigabytes is refused by its header."""
    write_png_header(tmp_path / 'bomb.png', *size)
    with pytest.raises(ImageError, match=r'bomb\.png.*header says'):
        read_radiograph(tmp_path / 'bomb.png')


def test_other_refusals(tmp_path):
    """Missing, empty, too small, foreign and misnamed files are refused with the mend."""
    cases = {'missing.jpg': (None, 'cannot be opened'), 'empty.jpg': (b'', 'empty'),
             'page.jpg': (b'<html>403 forbidden</html>', 'no JPEG, PNG or DICOM'),
             'a.dcm': (b'\0' * 500, 'no JPEG, PNG or DICOM'), 'a.gif': (b'GIF89a' + b'\0' * 200, 'no JPEG')}
    for name, (content, message) in cases.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError, match=f'{name}.*{message}'):
            read_radiograph(tmp_path / name)
    with pytest.raises(ImageError, match='cannot be opened'):
        read_radiograph(tmp_path)
    Image.fromarray(smooth(8, 300)).save(tmp_path / 'small.png')
    with pytest.raises(ImageError, match='too small'):
        read_radiograph(tmp_path / 'small.png')
    Image.fromarray(smooth(20, 30)).save(tmp_path / 'png named.jpg', format='PNG')
    assert np.array_equal(read_radiograph(tmp_path / 'png named.jpg'), smooth(20, 30))
