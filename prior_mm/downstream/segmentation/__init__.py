"""Semantic segmentation: what MMSegmentation lacks for radiographs."""
from prior_mm.dependencies import check_compiled_mmcv

check_compiled_mmcv('segmentation')

from .binary_losses import BatchDiceLoss, BinaryFocalLoss  # noqa: E402  (the error above says more)
from .dice_metric import DiceMetric, PixelCounts, count_pixels  # noqa: E402
from .iou_metric import MeanIoU  # noqa: E402
from .load_mask import LoadMask, read_finding  # noqa: E402
from .radiograph_segmentation import RadiographSegmentation  # noqa: E402
from .unet_head import UNetHead  # noqa: E402

__all__ = ['BatchDiceLoss', 'BinaryFocalLoss', 'DiceMetric', 'LoadMask', 'MeanIoU', 'PixelCounts',
           'RadiographSegmentation', 'UNetHead', 'count_pixels', 'read_finding']
