"""A radiograph from its file, as the toolboxes' transforms take it."""
import numpy as np
from mmcv.transforms import BaseTransform

from prior_mm.datasets.images import read_pixel_range, read_radiograph, resize
from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadRadiographFile(BaseTransform):
    """Reads ``img_path`` (JPEG, PNG or DICOM) into ``img``, one channel, bright where little radiation came through.

    ``img`` is (H, W), from 0 to 255: uint8, or float32 for files of 16 bits, whose finer steps are kept. ``img_shape``
    and ``ori_shape`` are its (H, W). The toolboxes' ``Pack*Inputs`` add the channel.

    Args:
        size: (height, width) that the image is resized to as it is read, the way it is in pre-training: averaged when
            shrinking, the aspect not kept. None leaves the size as it is; boxes and masks need that, or a ``Resize``
            of their own.

        pixel_range: What stands for white in 16-bit files that use fewer, ``dict(bits=12)`` say, or
            ``dict(percentile=0.5)``; by default what the annotation file says.

    Raises:
        AnnotationError: If ``pixel_range`` is none.
        ImageError: If the file cannot be read as a radiograph; the message names it and the mend.
    """

    def __init__(self, size: tuple[int, int] | None = None, pixel_range: dict | None = None) -> None:
        self.pixel_range = read_pixel_range(dict(pixel_range=pixel_range))
        self.size = None if size is None else (int(size[0]), int(size[1]))

    def transform(self, results: dict) -> dict:
        """Add ``img``, ``img_shape`` and ``ori_shape``."""
        image = read_radiograph(results['img_path'], max(self.size) if self.size else None,
                                self.pixel_range or results.get('pixel_range'))
        if self.size:
            image = resize(image, *self.size)
        # A copy of 8 bits, since Pillow's pixels cannot be written to.
        image = image.astype(np.float32) / np.float32(257) if image.dtype == np.uint16 else image.copy()
        results.update(img=image, img_shape=image.shape, ori_shape=image.shape)
        return results

    def __repr__(self) -> str:
        return f'LoadRadiographFile(size={self.size})'
