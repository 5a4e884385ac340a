"""Dice: by hand, against scikit-learn, and what it refuses."""
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import f1_score

from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('segmentation needs compiled mmcv', allow_module_level=True)

from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from prior_mm.downstream.segmentation import DiceMetric, MeanIoU, count_pixels
from prior_mm.evaluation.bootstrap import patient_weights

SAMPLES = st.integers(1, 6).flatmap(lambda size: st.lists(
    st.tuples(*[hnp.arrays(np.uint8, (size, size + 1), elements=st.integers(0, 1))] * 2), min_size=1, max_size=6))


def sample(predicted, mask):
    return SegDataSample(pred_sem_seg=PixelData(data=torch.as_tensor(predicted)[None]),
                         gt_sem_seg=PixelData(data=torch.as_tensor(mask)[None])).to_dict()


def evaluate(pairs, metric=None):
    metric = metric or DiceMetric(samples=0)
    metric.dataset_meta = dict(classes=('background', 'pneumothorax'), protocol='demo/1')
    metric.process({}, [sample(*pair) for pair in pairs])
    return metric.evaluate(len(pairs))


def test_by_hand():
    """Four images, each of another kind: half right, missed, rightly empty, and one false pixel."""
    zero, one_row = np.zeros((2, 4), np.uint8), np.array([[1, 1, 1, 1], [0, 0, 0, 0]], np.uint8)
    left, one_pixel = np.array([[1, 1, 0, 0]] * 2, np.uint8), np.eye(2, 4, dtype=np.uint8) * [[1], [0]]
    found = evaluate([(left, one_row), (zero, one_row), (zero, zero), (one_pixel, zero)])
    assert found == {f'segmentation/{name}': value for name, value in dict(
        protocol='demo/1', dice=pytest.approx((0.5 + 0 + 1 + 0) / 4), dice_chance=0.5, dice_lesion=0.25,
        dice_pooled=pytest.approx(2 * 2 / (5 + 8)),
        mdice=pytest.approx((2 * 2 / (5 + 8) + 2 * 21 / (27 + 24)) / 2), empty_left_empty=0.5,
        images=4, images_with_lesion=2,
        images_without_lesion=2).items()}


@given(SAMPLES)
@settings(max_examples=40)
def test_is_scikit_learns_f1(pairs):
    """Image by image and pooled it is the F1 of the pixels, with 1 where nothing is there and nothing predicted."""
    found = evaluate(pairs)
    each = [f1_score(mask.ravel(), predicted.ravel(), zero_division=1.) for predicted, mask in pairs]
    lesions = [value for value, (_, mask) in zip(each, pairs, strict=True) if mask.any()]
    assert found['segmentation/dice'] == pytest.approx(np.mean(each))
    assert found['segmentation/dice_lesion'] == (pytest.approx(np.mean(lesions)) if lesions else None)
    predicted, masks = (np.concatenate([pair[part].ravel() for pair in pairs]) for part in (0, 1))
    pooled = f1_score(masks, predicted, zero_division=1.) if masks.any() else None
    assert found['segmentation/dice_pooled'] == (pooled if pooled is None else pytest.approx(pooled))
    both = f1_score(masks, predicted, average='macro', labels=[0, 1], zero_division=1.) if masks.any() else None
    assert found['segmentation/mdice'] == (both if both is None else pytest.approx(both))


@given(SAMPLES)
@settings(max_examples=40)
def test_does_not_depend_on_batches(pairs):
    """One batch or many, in whichever order: the same figures."""
    metric = DiceMetric(samples=0)
    metric.dataset_meta = dict(protocol='demo/1')
    for pair in reversed(pairs):
        metric.process({}, [sample(*pair)])
    assert metric.evaluate(len(pairs)) == {
        name: pytest.approx(value) if isinstance(value, float) else value for name, value in evaluate(pairs).items()}


def test_intervals_are_over_the_images():
    """Each as the slow one: the same images drawn again and again, every figure computed anew; seeded."""
    rng = np.random.default_rng(5)
    masks = [(rng.random((4, 5)) < share).astype(np.uint8) for share in (0, .3, .5, 0, .2, .4, .6, 0)]
    pairs = [((mask | (rng.random((4, 5)) < .1)).astype(np.uint8), mask) for mask in masks]
    found = evaluate(pairs, DiceMetric(samples=40, seed=2))
    assert found == evaluate(pairs, DiceMetric(samples=40, seed=2))
    drawn = [evaluate([pairs[place] for place, count in enumerate(times) for _ in range(count)])
             for times in patient_weights(np.arange(8), 40, seed=2)]
    for name in ('dice', 'dice_lesion', 'dice_pooled', 'mdice'):
        bounds = np.quantile([each[f'segmentation/{name}'] for each in drawn], [.025, .975])
        assert [found[f'segmentation/{name}_{end}'] for end in ('low', 'high')] == pytest.approx(bounds)
        assert found[f'segmentation/{name}_low'] < found[f'segmentation/{name}'] < found[f'segmentation/{name}_high']
    empty = np.zeros((2, 2), np.uint8)
    assert evaluate([(empty, empty)] * 3, DiceMetric(samples=5))['segmentation/dice_lesion_low'] is None


def test_chance_is_to_predict_nothing():
    """The figure that stands beside the Dice is what an empty prediction gets."""
    mask = np.array([[0, 1]], np.uint8)
    found = evaluate([(0 * mask, mask), (0 * mask, 0 * mask), (0 * mask, 0 * mask)])
    assert found['segmentation/dice'] == pytest.approx(found['segmentation/dice_chance'])
    assert found['segmentation/dice_lesion'] == 0


def test_without_lesions_there_is_no_dice_of_lesions():
    """What cannot be computed is None, neither 0 nor 1."""
    empty = np.zeros((2, 2), np.uint8)
    found = evaluate([(empty, empty)])
    assert found['segmentation/dice'] == 1 and found['segmentation/dice_lesion'] is None
    assert found['segmentation/dice_pooled'] is None


@pytest.mark.parametrize(('mask', 'message'), [
    (torch.tensor([[0, 255]]), r'values \[0, 255\].*LoadMask'),
    (torch.tensor([[0], [1]]), r'shape \(1, 2\), the mask \(2, 1\).*LoadMask'),
])
def test_a_mask_that_cannot_be_scored(mask, message):
    """"Ignore" in a mask, and a mask of another size, are errors and not silently left out."""
    with pytest.raises(ValueError, match=message):
        count_pixels(torch.tensor([[0, 1]]), mask)


def test_the_image_is_named():
    """An error says which image it is about."""
    with pytest.raises(ValueError, match='a.dcm: '):
        DiceMetric().process({}, [dict(sample([[0, 1]], [[0, 2]]), img_path='a.dcm')])


def test_mean_iou_is_mmsegs_in_fractions():
    """Background 6 of 8 and finding 2 of 4: what mmseg gives in per cent, between 0 and 1."""
    mask = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], np.uint8)
    predicted = np.array([[0, 1, 1, 1], [0, 0, 0, 0]], np.uint8)
    found = evaluate([(predicted, mask)], MeanIoU())
    assert found['segmentation/mIoU'] == pytest.approx((4 / 6 + 2 / 4) / 2, abs=1e-4)
    assert found['segmentation/aAcc'] == pytest.approx(6 / 8)
