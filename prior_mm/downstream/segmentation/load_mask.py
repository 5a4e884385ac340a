"""Reading the mask of a finding, such that nothing in it is taken for MMSegmentation's "ignore"."""
from mmcv.transforms import BaseTransform

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import read_finding
from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadMask(BaseTransform):
    """Reads the mask of one finding as class numbers.

    Needs ``seg_map_path`` and, from ``LoadRadiographFile``, ``ori_shape``; adds ``gt_seg_map`` (uint8, (H, W), 1 in the
    finding and 0 elsewhere) and names it in ``seg_fields``. MMSegmentation's own ``LoadAnnotations`` takes 255 for
    "ignore", so that it would train and score nothing where a mask of 0 and 255 has the finding.

    It stands before the resizing in training, after which image and mask go on together; in a test it stands after the
    resizing, so that the mask keeps the size of the file, which is that of the scored predictions.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map``.

        Raises:
            ImageError: If the mask is missing, no PNG, damaged, of another size than the image, of other values than 0
                and 1, or 0 and 255, or if ``gt_label`` says something else; the message names the file and the mend.
        """
        path = results.get('seg_map_path')
        if path is None or 'ori_shape' not in results:
            raise ImageError('LoadMask needs seg_map_path, which the annotation file gives, and ori_shape: put '
                             'LoadRadiographFile before it')
        mask = read_finding(path)
        if mask.shape != tuple(results['ori_shape'][:2]):
            raise ImageError(f'{path}: the mask has {_size(mask.shape)} px, its image {results.get("img_path", "")} '
                             f'{_size(results["ori_shape"])}. Convert again, with the images that the labels are for')
        label = results.get('gt_label')
        if label is not None and bool(label) != bool(mask.any()):
            raise ImageError(f'{path}: the mask is {"not " if mask.any() else ""}empty, the annotation file says '
                             f'gt_label={label}. They are of two conversions: convert again')
        results['gt_seg_map'] = mask
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results


def _size(shape: tuple[int, ...]) -> str:
    return f'{shape[0]} x {shape[1]}'
