"""Masks: the values, sizes and files that are taken, and those that are not."""
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from prior_mm.datasets.errors import ImageError
from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('segmentation needs compiled mmcv', allow_module_level=True)

from mmseg.datasets.transforms import PackSegInputs, RandomCrop, RandomFlip, Resize

from prior_mm.downstream.segmentation import LoadMask, read_finding

MASK = np.kron(np.array([[0, 1, 1], [0, 0, 1]], np.uint8), np.ones((16, 8), np.uint8))  # 32 x 24


def write(path, mask, **options):
    assert cv2.imwrite(str(path), mask)
    return str(path)


def load(path, shape=(32, 24), **results):
    return LoadMask().transform(dict(seg_map_path=str(path), img_path='a.dcm', ori_shape=shape, **results))


@pytest.mark.parametrize('scale', [1, 255])
def test_0_and_1_or_0_and_255(tmp_path, scale):
    """Both encodings give class numbers; 255 is the finding, never mmseg's "ignore"."""
    results = load(write(tmp_path / 'm.png', scale * MASK), seg_fields=[])
    assert np.array_equal(results['gt_seg_map'], MASK) and results['gt_seg_map'].dtype == np.uint8
    assert results['seg_fields'] == ['gt_seg_map']


@pytest.mark.parametrize('scale', [1, 255])
def test_colours_that_are_gray(tmp_path, scale):
    """Masks that a drawing program saved with three equal channels are what they look like."""
    assert np.array_equal(read_finding(write(tmp_path / 'm.png', np.repeat(scale * MASK[..., None], 3, 2))), MASK)


@given(hnp.arrays(np.uint8, (2, 2), elements=st.sampled_from([0, 1, 2, 38, 128, 254, 255])))
@settings(max_examples=40)
def test_any_values(tmp_path_factory, values):
    """Whatever the values, there is a mask of 0 and 1 that is right, or an error that names file and values."""
    values = np.kron(values, np.ones((8, 8), np.uint8))
    path = write(tmp_path_factory.mktemp('masks') / 'm.png', values)
    if values.max() <= 1 or set(np.unique(values)) <= {0, 255}:
        assert np.array_equal(read_finding(path), values > 0)
    else:
        with pytest.raises(ImageError, match=f'm.png: .*{values.max()}.*converter'):
            read_finding(path)


def test_16_bits_and_jpeg(tmp_path):
    """65535 is no class, and a JPEG's values are not those that were written."""
    with pytest.raises(ImageError, match='values 0, 65535'):
        read_finding(write(tmp_path / 'm.png', MASK.astype(np.uint16) * 65535))
    with pytest.raises(ImageError, match='m.jpg: a mask is a PNG file'):
        read_finding(write(tmp_path / 'm.jpg', 255 * MASK))


def test_another_size(tmp_path):
    """A mask that does not lie on its image, also one that is only turned, is an error with both sizes."""
    with pytest.raises(ImageError, match='m.png: the mask has 24 x 32 px, its image a.dcm 32 x 24'):
        load(write(tmp_path / 'm.png', MASK.T))


def test_missing_or_damaged(tmp_path):
    """The message names file and mend."""
    with pytest.raises(ImageError, match='m.png: the mask cannot be opened.*converter.*data_root'):
        load(tmp_path / 'm.png')
    whole = write(tmp_path / 'm.png', np.tile(MASK, (9, 9)))
    (tmp_path / 'cut.png').write_bytes((tmp_path / 'm.png').read_bytes()[:90])
    with pytest.raises(ImageError, match='cut.png: .*damaged'):
        load(tmp_path / 'cut.png')
    with pytest.raises(ImageError, match='LoadRadiographFile before'):
        LoadMask().transform(dict(seg_map_path=whole))


@pytest.mark.parametrize(('label', 'mask'), [(0, MASK), (1, 0 * MASK)])
def test_a_label_that_the_mask_contradicts(tmp_path, label, mask):
    """Masks and list of two conversions would train nonsense without a word."""
    path = write(tmp_path / 'm.png', mask)
    with pytest.raises(ImageError, match=f'gt_label={label}.*convert again'):
        load(path, gt_label=label)
    assert load(path, gt_label=1 - label)['gt_seg_map'].any() == (1 - label)


@given(st.integers(16, 40), st.integers(16, 40), st.booleans())
@settings(max_examples=30)
def test_image_and_mask_move_together_with_one_channel(tmp_path_factory, height, width, flip):
    """Through the toolboxes' transforms: the mask stays where the image is bright, and the image one channel."""
    mask = np.zeros((height, width), np.uint8)
    mask[:height // 2, :width // 2] = 1
    results = load(write(tmp_path_factory.mktemp('masks') / 'm.png', mask), (height, width))
    results['img'] = 255 * mask
    for step in (Resize(scale=(2 * width, 2 * height), interpolation='nearest'), RandomCrop((8, 8)),
                 RandomFlip(prob=float(flip)), PackSegInputs()):
        results = step(results)
    assert results['inputs'].shape == (1, 8, 8)
    assert np.array_equal(results['inputs'] == 255, results['data_samples'].gt_sem_seg.data == 1)
