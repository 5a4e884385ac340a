"""MMSegmentation's mean IoU among this project's results."""
from mmseg.evaluation import IoUMetric

from prior_mm.registry import METRICS


@METRICS.register_module()
class MeanIoU(IoUMetric):
    """``mmseg.IoUMetric`` as it is, but in fractions like all other results, where it gives per cent.

    ``mIoU``, ``mAcc`` (means over the classes, background included) and ``aAcc``, over the pixels of all images
    together. It takes what :class:`mmseg.evaluation.IoUMetric` takes.
    """

    default_prefix = 'segmentation'

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The metrics of all images; the table of the classes goes to the log."""
        return {name: float(value) / 100 for name, value in super().compute_metrics(results).items()}
