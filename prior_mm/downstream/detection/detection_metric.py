"""Mean average precision of boxes over two ranges of overlap."""
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from mmdet.datasets.api_wrappers import COCO, COCOeval
from mmdet.evaluation import CocoMetric
from mmengine.fileio import load
from mmengine.logging import print_log

from prior_mm.registry import METRICS

#: Least overlaps (IoU) of a box with the one that it is to have found, 0.40 to 0.95.
OVERLAPS = np.arange(40, 100, 5) / 100
#: Boxes of an image that count, those with the highest scores (COCO's number).
MAX_BOXES = 100


@METRICS.register_module()
class DetectionMetric(CocoMetric):
    """Average precision as COCO defines it (pycocotools), over the range of the RSNA challenge and over COCO's.

    - ``mAP@0.40-0.75``: mean over the overlaps 0.40, 0.45, ..., 0.75, which the challenge counts with;
    - ``mAP@0.50-0.95``: COCO's bbox mAP, mean over 0.50, 0.55, ..., 0.95;
    - ``AP@0.40``, ``AP@0.50``, ``AP@0.75``;
    - ``images`` and ``boxes`` that it rests on, and ``protocol``, as the annotation file says.

    The challenge ranked by another figure of the same range, a score for each image at one fixed threshold of
    confidence; papers report the mean average precision, and so does this.

    It differs from :class:`mmdet.CocoMetric` in that a model that finds nothing gets 0 instead of no figure at all,
    figures are not rounded, one evaluation serves both ranges, and a test without any box gives NaN instead of -1.
    The images and their boxes are those of the data set (``PackDetInputs`` has to pack ``instances``), so that no
    second annotation file can differ from it. A box found on an image without boxes is a false one.

    Args:
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'detection'`` by default.
    """

    default_prefix = 'detection'

    def __init__(self, collect_device: str = 'cpu', prefix: str | None = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the boxes of a batch, true and predicted, in pixels of the image files.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``pred_instances``, ``img_id``, ``ori_shape`` and ``instances``.

        Raises:
            ValueError: If the true boxes were not packed.
        """
        if any('instances' not in sample for sample in data_samples):
            raise ValueError("the test pipeline does not pack the true boxes: add 'instances' to the meta_keys of "
                             'PackDetInputs')
        super().process(data_batch, data_samples)

    def compute_metrics(self, results: list[tuple[dict, dict]]) -> dict[str, Any]:
        """The figures of all images, fractions as plain numbers.

        Raises:
            ValueError: If there is no image.
        """
        if not results:
            raise ValueError('there is no image to find boxes on: the data set of this evaluation is empty')
        truth, found = zip(*results, strict=True)
        boxes = sum(len(image['anns']) for image in truth)
        if not boxes:
            print_log('no image of this evaluation has a box: average precision is not defined', 'current', 30)
        precision = self._average_precision(truth, found) if boxes else np.full(len(OVERLAPS), np.nan)
        at = dict(zip((f'{overlap:.2f}' for overlap in OVERLAPS), precision.tolist(), strict=True))
        return {
            'mAP@0.40-0.75': float(precision[OVERLAPS <= 0.75].mean()),
            'mAP@0.50-0.95': float(precision[OVERLAPS >= 0.5].mean()),
            **{f'AP@{overlap}': at[overlap] for overlap in ('0.40', '0.50', '0.75')},
            'images': len(results), 'boxes': boxes, 'protocol': (self.dataset_meta or {}).get('protocol', 'unnamed'),
        }

    def _average_precision(self, truth: Sequence[dict], found: Sequence[dict]) -> np.ndarray:
        """Average precision at each of the overlaps, mean over the classes that have boxes."""
        with TemporaryDirectory() as folder, redirect_stdout(StringIO()):  # pycocotools reports its steps
            coco = COCO(self.gt_to_coco_json(truth, f'{folder}/true'))
            self.cat_ids = coco.get_cat_ids(cat_names=self.dataset_meta['classes'])
            boxes = load(self.results2json(found, f'{folder}/found')['bbox'])
            if not boxes:  # which pycocotools cannot load
                return np.zeros(len(OVERLAPS))
            evaluation = COCOeval(coco, coco.loadRes(boxes), 'bbox')
            evaluation.params.iouThrs = OVERLAPS
            evaluation.params.maxDets = [MAX_BOXES]
            evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, float('inf')]], ['all']
            evaluation.evaluate()
            evaluation.accumulate()
        precision = evaluation.eval['precision'][..., 0, 0]  # overlap, recall, class; -1 for a class without boxes
        return precision[..., precision[0, 0] > -1].mean(axis=(1, 2))
