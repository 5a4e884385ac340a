"""Object detection: what MMDetection lacks for radiographs."""
from prior_mm.dependencies import check_compiled_mmcv

check_compiled_mmcv('detection')

from .detection_dataset import DetectionDataset  # noqa: E402  (the error above says more than an import would)
from .detection_metric import DetectionMetric  # noqa: E402
from .simple_feature_pyramid import SimpleFeaturePyramid  # noqa: E402

__all__ = ['DetectionDataset', 'DetectionMetric', 'SimpleFeaturePyramid']
