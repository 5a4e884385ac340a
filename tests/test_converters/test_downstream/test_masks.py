"""Masks: boxes cover the pixels they should, and no file holds anything but 0 and 1."""
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.converters.downstream.masks import (
    Box,
    MaskError,
    MaskWriter,
    boxes_to_mask,
    mask_to_png,
    read_mask,
)

BOXES = st.lists(st.builds(Box, *[st.integers(0, 14)] * 2, *[st.integers(1, 14)] * 2), max_size=4)


@given(BOXES)
@settings(max_examples=30)
def test_boxes(boxes):
    """The pixels within any box, against a slow loop."""
    mask = boxes_to_mask(boxes, 16, 12)
    for y in range(16):
        for x in range(12):
            inside = any(b.x <= x < b.x + b.width and b.y <= y < b.y + b.height for b in boxes)
            assert mask[y, x] == inside


def test_there_and_back(tmp_path):
    """What is written is read as the same, under names with dots in them; nothing unfinished is left."""
    writer, mask = MaskWriter(tmp_path, 16), boxes_to_mask([Box(2, 3, 4, 5)], 16, 16)
    writer.write('a/1.2.3.4.png', mask)
    writer.write('a/1.2.3.5.png', None)
    assert np.array_equal(read_mask(tmp_path / 'a/1.2.3.4.png'), mask)
    assert not read_mask(tmp_path / 'a/1.2.3.5.png').any()
    assert sorted(path.name for path in tmp_path.rglob('*.*')) == ['1.2.3.4.png', '1.2.3.5.png']


@pytest.mark.parametrize('mask, message', [
    (np.full((4, 4), 255, np.uint8), r'values \[255\].*divide by 255'), (np.full((4, 4), 2, np.uint8), r'values \[2\]'),
    (np.zeros((4, 4, 3), np.uint8), '8-bit gray'), (np.zeros((4, 4), np.uint16), '8-bit gray')])
def test_other_values(tmp_path, mask, message):
    """255, which MMSegmentation would ignore without a word, classes that are none, colours and 16 bits are refused."""
    with pytest.raises(MaskError, match=f'mask 7: .*{message}'):
        mask_to_png(mask, 'mask 7')
    cv2.imwrite(str(tmp_path / 'mask.png'), mask)
    with pytest.raises(MaskError, match=message):
        read_mask(tmp_path / 'mask.png')


@pytest.mark.parametrize('content', [b'', b'\x89PNG\r\n\x1a\n', b'no image'])
def test_no_image(tmp_path, content):
    """A damaged file is told by its name."""
    (tmp_path / 'mask.png').write_bytes(content)
    with pytest.raises(MaskError, match='mask.png: no image'):
        read_mask(tmp_path / 'mask.png')
