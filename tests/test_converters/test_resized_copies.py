"""Resized copies: the right size and gray, small, kept once made, and never left half written."""
import numpy as np
import pytest
from made_up_mimic import HEIGHT, WIDTH, jpeg
from nothing_silent_page import says
from PIL import Image

from prior_mm.converters import resized_copies
from prior_mm.converters.resized_copies import resized_path, write_resized
from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_radiograph, resize


def test_path():
    """The size is in the folder's name, so that copies of two sizes live side by side; all copies are JPEG."""
    assert resized_path('files/p10/a.png', 256) == 'resized_256/files/p10/a.jpg'


@pytest.mark.parametrize('short_side, size', [(64, (64, 77)), (256, (256, 307)), (2000, (HEIGHT, WIDTH))])
def test_size_and_picture(tmp_path, short_side, size):
    """The short side has so many pixels, the aspect stays, nothing is enlarged, and the picture is the same."""
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    write_resized(tmp_path / 'a.jpg', tmp_path / 'new' / 'a.jpg', short_side)
    copy = read_radiograph(tmp_path / 'new' / 'a.jpg')
    assert copy.shape == size and copy.dtype == np.uint8
    expected = resize(read_radiograph(tmp_path / 'a.jpg'), *size)
    assert np.abs(copy.astype(int) - expected).mean() < 4
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a.jpg']


def test_sixteen_bits(tmp_path):
    """White of 16 bits becomes white of 8 bits."""
    pixels = np.zeros((40, 40), np.uint16)
    pixels[:, 20:] = 65535
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    write_resized(tmp_path / 'a.png', tmp_path / 'a.jpg', 32)
    copy = read_radiograph(tmp_path / 'a.jpg')
    assert copy.shape == (32, 32) and copy[:, :12].max() < 12 and copy[:, 20:].min() > 243


def test_copies_are_kept(tmp_path):
    """A copy that is there is not made again: a run that was stopped goes on, also where the source is gone."""
    (tmp_path / 'a.jpg').write_bytes(jpeg())
    write_resized(tmp_path / 'a.jpg', tmp_path / 'copy.jpg', 64)
    written = (tmp_path / 'copy.jpg').stat()
    write_resized(tmp_path / 'a.jpg', tmp_path / 'copy.jpg', 64)
    (tmp_path / 'a.jpg').unlink()
    write_resized(tmp_path / 'a.jpg', tmp_path / 'copy.jpg', 64)
    assert (tmp_path / 'copy.jpg').stat() == written


@pytest.mark.parametrize('change', ['image', 'code', 'options', 'no key', 'damaged'])
def test_copies_of_something_else_are_made_anew(tmp_path, monkeypatch, change):
    """A copy of another image of the same name, of other code or options, or of an older version, is not believed."""
    source, copy = tmp_path / 'a.png', tmp_path / 'copy.jpg'
    Image.fromarray(np.full((40, 40), 30, np.uint8)).save(source)
    write_resized(source, copy, 32)
    if change == 'image':
        Image.fromarray(np.full((40, 40), 200, np.uint8)).save(source)
    elif change == 'code':
        monkeypatch.setattr(resized_copies, '_code', lambda: 'another')
    elif change == 'damaged':
        copy.write_bytes(b'no image')
    else:
        Image.fromarray(np.full((32, 32), 99, np.uint8)).save(copy)
    side = 16 if change == 'options' else 32
    write_resized(source, copy, side)
    pixels = read_radiograph(copy)
    assert pixels.shape == (side, side)
    assert np.abs(pixels.astype(int) - (200 if change == 'image' else 30)).max() <= 2
    if change == 'image':
        says('Figures that may end in a paper', 'a cache without a key', 'an image replaced beneath its resized copy',
             'the copy is made anew; it holds size and time of its source, the options and a hash of the code')


@pytest.mark.parametrize('content', [None, b'', b'no image', jpeg()[:len(jpeg()) // 2]])
def test_damaged_sources(tmp_path, content):
    """A source that cannot be read is named, and leaves no file."""
    if content is not None:
        (tmp_path / 'a.jpg').write_bytes(content)
    with pytest.raises(ImageError, match=r'a\.jpg'):
        write_resized(tmp_path / 'a.jpg', tmp_path / 'new' / 'copy.jpg', 64)
    assert not list(tmp_path.rglob('copy*'))


def test_no_half_copies(tmp_path, monkeypatch):
    """A copy that cannot be written to the end leaves nothing behind that would be taken for one."""
    def fail(image, file, **options):
        file.write_bytes(b'half')
        raise OSError('no space left')

    (tmp_path / 'a.jpg').write_bytes(jpeg())
    monkeypatch.setattr(Image.Image, 'save', fail)
    with pytest.raises(OSError, match='no space left'):
        write_resized(tmp_path / 'a.jpg', tmp_path / 'new' / 'copy.jpg', 64)
    assert not list((tmp_path / 'new').iterdir())
