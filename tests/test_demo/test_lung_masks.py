"""Which lung masks serve."""
import importlib.util
import zipfile

import cv2
import numpy as np
import pytest
from demo_reports import made_up_mask

from prior_mm.demo import load_lung_masks
from prior_mm.demo.lung_masks import cut_to_lungs


def test_cut_to_lungs():
    """Margins go, and so do holes: labels on the film are no hole in a lung."""
    mask = made_up_mask()
    film = np.pad(mask, 30)
    film[85:95, 55:65] = False
    assert np.array_equal(cut_to_lungs(film), mask)


@pytest.mark.parametrize('damage', ['one lung', 'bite', 'unequal', 'empty'])
def test_poor_masks_are_left_out(damage):
    """One lung, or one with a piece missing, would give a chest that no radiologist knows."""
    mask = np.pad(made_up_mask(), 10)
    if damage == 'one lung':
        mask[:, :70] = False
    elif damage == 'bite':
        mask[50:90, :45] = False
    elif damage == 'unequal':
        mask[:90, :70] = False
    else:
        mask[:] = False
    assert cut_to_lungs(mask) is None


def test_archive(tmp_path):
    """Good masks of an archive are taken in the order of their names; other files in it are passed over."""
    with zipfile.ZipFile(tmp_path / 'masks.zip', 'w') as archive:
        archive.writestr('readme.txt', 'masks')
        for name, mask in (('b.png', np.pad(made_up_mask(100), 9)), ('a.png', np.pad(made_up_mask(), 9)),
                           ('c.png', np.zeros((90, 90), bool))):
            archive.writestr(name, cv2.imencode('.png', mask * np.uint8(255))[1].tobytes())
        archive.writestr('broken.png', b'no image')
    masks = load_lung_masks(tmp_path / 'masks.zip')
    assert [mask.shape[0] for mask in masks] == [119, 99]
    with pytest.raises(FileNotFoundError, match='no archive'):
        load_lung_masks(tmp_path / 'missing.zip')


@pytest.mark.skipif(importlib.util.find_spec('torchxrayvision') is None, reason='torchxrayvision is not installed')
def test_real_masks():
    """The package's archive gives enough outlines that no chest can be told by its shape."""
    masks = load_lung_masks()
    assert len(masks) > 200 and all(mask.ndim == 2 and mask.dtype == bool and mask.any() for mask in masks)
