"""The place that a phrase speaks of."""
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
from mmcv.transforms import BaseTransform

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_finding
from prior_mm.registry import TRANSFORMS

Region = Literal['boxes', 'mask']


@TRANSFORMS.register_module()
class LoadRegion(BaseTransform):
    """Makes the place of a phrase, in pixels of the image that it was annotated on.

    Needs ``boxes``, ``mask_path``, ``width`` and ``height``; adds ``region`` (bool, (height, width)).

    Args:
        region: ``'boxes'``: all boxes of the phrase together, or its mask if it has none. ``'mask'``: the mask, or the
            boxes if it has none.
    """

    def __init__(self, region: Region = 'boxes') -> None:
        if region not in get_args(Region):
            raise ValueError(f'LoadRegion: region must be one of {get_args(Region)}, got {region!r}')
        self.region = region

    def transform(self, results: dict) -> dict:
        """Add ``region``.

        Raises:
            ImageError: If the mask cannot be read, or has another size than the image.
        """
        height, width = results['height'], results['width']
        by_boxes = results['boxes'] and (self.region == 'boxes' or results['mask_path'] is None)
        if by_boxes:
            results['region'] = boxes_to_region(results['boxes'], height, width)
            return results
        mask = read_finding(results['mask_path'])
        if mask.shape != (height, width):
            raise ImageError(f'{results["mask_path"]}: the mask has {mask.shape[1]} x {mask.shape[0]} px, the '
                             f'annotation file says {width} x {height}. Convert again')
        results['region'] = mask.astype(bool)
        return results


def boxes_to_region(boxes: Iterable[Sequence[float]], height: int, width: int) -> np.ndarray:
    """Pixels within any of the boxes (x, y, width, height), bool (height, width); borders fall on whole pixels."""
    region = np.zeros((height, width), dtype=bool)
    for x, y, across, down in boxes:
        left, top, right, bottom = (int(round(value)) for value in (x, y, x + across, y + down))
        right, bottom = max(right, left + 1), max(bottom, top + 1)  # a box within a pixel is that pixel
        region[max(top, 0):max(bottom, 0), max(left, 0):max(right, 0)] = True
    return region
