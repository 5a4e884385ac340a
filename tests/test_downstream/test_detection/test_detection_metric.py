"""Average precision of boxes: as pycocotools counts it, and by hand."""
from contextlib import redirect_stdout
from io import StringIO
from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.dependencies import has_compiled_mmcv

if not has_compiled_mmcv():
    pytest.skip('needs mmcv with compiled operators', allow_module_level=True)
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from prior_mm.downstream.detection import DetectionMetric

RANGES = {'mAP@0.40-0.75': np.linspace(0.4, 0.75, 8), 'mAP@0.50-0.95': np.linspace(0.5, 0.95, 10)}
BOX = [10., 20., 50., 70.]  # of 40 x 50 px


def image(number: int, true=(), found=()) -> dict:
    """A prediction as the evaluator hands it over: true boxes, and found ones with their scores."""
    boxes = torch.tensor([box for box, _ in found]).reshape(-1, 4)
    return dict(img_id=number, ori_shape=(100, 100),
                instances=[dict(bbox=list(box), bbox_label=0, ignore_flag=0) for box in true],
                pred_instances=dict(bboxes=boxes, scores=torch.tensor([score for _, score in found]),
                                    labels=torch.zeros(len(found), dtype=torch.long)))


def measure(images: list[dict]) -> dict:
    metric = DetectionMetric()
    metric.dataset_meta = dict(classes=('pneumonia', ), protocol='demo/1')
    for sample in images:
        metric.process({}, [sample])
    return {name.removeprefix('detection/'): value for name, value in metric.evaluate(len(images)).items()}


def pycocotools_says(images: list[dict], overlaps) -> float:
    """The first figure of pycocotools' own summary."""
    def sides(box):
        left, top, right, bottom = map(float, box)
        return [left, top, right - left, bottom - top]

    true, found = [], []
    for sample in images:
        for instance in sample['instances']:
            box = sides(instance['bbox'])
            true.append(dict(id=len(true) + 1, image_id=sample['img_id'], category_id=1, bbox=box, iscrowd=0,
                             area=box[2] * box[3]))
        for box, score in zip(sample['pred_instances']['bboxes'], sample['pred_instances']['scores'], strict=True):
            found.append(dict(image_id=sample['img_id'], category_id=1, bbox=sides(box), score=float(score)))
    with redirect_stdout(StringIO()):
        coco = COCO()
        coco.dataset = dict(info={}, images=[dict(id=sample['img_id']) for sample in images],
                            categories=[dict(id=1, name='pneumonia')], annotations=true)
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), 'bbox')
        evaluation.params.iouThrs = overlaps
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
@settings(max_examples=25)
def test_as_pycocotools(seed, count):
    """On random images, some without boxes or without finds, both ranges are what pycocotools gives for them."""
    rng = np.random.default_rng(seed)

    def near(box):
        corner = np.array(box) + rng.normal(0, 5, 4)
        return [*corner[:2], *np.maximum(corner[2:], corner[:2] + 1)]

    images = []
    for number in range(count):
        corners = rng.uniform(0, 60, (rng.integers(0, 3), 2))
        true = [[x, y, x + rng.uniform(5, 40), y + rng.uniform(5, 40)] for x, y in corners]
        found = [near(true[rng.integers(len(true))] if true and rng.random() < 0.7 else BOX)
                 for _ in range(rng.integers(0, 5))]
        images.append(image(number * 7 + 3, true, [(box, rng.random()) for box in found]))
    images.append(image(2, [BOX], [(near(BOX), 0.5)]))  # at least one of each
    measured = measure(images)
    for name, overlaps in RANGES.items():
        assert measured[name] == pytest.approx(pycocotools_says(images, overlaps), abs=1e-9)


def test_all_found():
    """Right boxes alone are 1, and a box beyond the image's edge does not matter."""
    measured = measure([image(1, [BOX], [(BOX, 0.3)]), image(2), image(3, [[0, 0, 9, 9]], [([0, 0, 9, 9], 0.9)])])
    assert all(measured[name] == pytest.approx(1) for name in (*RANGES, 'AP@0.40', 'AP@0.50', 'AP@0.75'))
    assert (measured['images'], measured['boxes'], measured['protocol']) == (3, 2, 'demo/1')


def test_overlap_of_three_fifths():
    """A box that overlaps by 0.6 counts at 0.40 to 0.60: 5 of the challenge's 8, 3 of COCO's 10."""
    measured = measure([image(1, [BOX], [([10., 20., 50., 50.], 0.9)])])
    assert measured['mAP@0.40-0.75'] == pytest.approx(5 / 8) and measured['mAP@0.50-0.95'] == pytest.approx(3 / 10)
    assert (measured['AP@0.40'], measured['AP@0.50'], measured['AP@0.75']) == pytest.approx((1, 1, 0))


def test_half_found():
    """One of two boxes: precision 1 at the recalls 0, 0.01, ..., 0.5, and 0 beyond."""
    measured = measure([image(1, [BOX, [60, 60, 90, 90]], [(BOX, 0.9)])])
    assert measured['mAP@0.40-0.75'] == pytest.approx(51 / 101)


@pytest.mark.parametrize('score, expected', [(0.9, 1 / 2), (0.1, 1.)])
def test_boxes_on_images_without_any(score, expected):
    """A box on an image without any is a false one: it halves the precision if it comes before the right one."""
    measured = measure([image(1, [BOX], [(BOX, 0.5)]), image(2, [], [(BOX, score)])])
    assert (measured['mAP@0.40-0.75'], measured['mAP@0.50-0.95']) == pytest.approx((expected, expected))


def test_nothing_found():
    """A model that finds nothing has a figure, 0, where MMDetection gives none."""
    measured = measure([image(1, [BOX]), image(2)])
    assert all(measured[name] == 0 for name in (*RANGES, 'AP@0.40', 'AP@0.50', 'AP@0.75'))


def test_nothing_to_find():
    """Without a true box there is no recall: not a number, rather than pycocotools' -1."""
    measured = measure([image(1, [], [(BOX, 0.5)]), image(2)])
    assert all(isnan(measured[name]) for name in RANGES) and measured['boxes'] == 0


def test_second_evaluation():
    """A metric that is used again, as in validation, remembers nothing of the images before."""
    metric = DetectionMetric()
    metric.dataset_meta = dict(classes=('pneumonia', ))
    metric.process({}, [image(1, [BOX, [60, 60, 90, 90]], [(BOX, 0.9)])])
    assert metric.evaluate(1)['detection/boxes'] == 2
    metric.process({}, [image(1, [BOX], [(BOX, 0.9)])])
    measured = metric.evaluate(1)
    assert measured['detection/boxes'] == 1 and measured['detection/mAP@0.40-0.75'] == pytest.approx(1)


def test_true_boxes_not_packed():
    """Without the true boxes the message says what to pack."""
    sample = image(1)
    del sample['instances']
    with pytest.raises(ValueError, match="add 'instances' to the meta_keys"):
        measure([sample])
