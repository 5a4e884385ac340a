"""Size, rotation and flip of the radiograph, uint8 or uint16."""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from prior_mm.datasets.images import resize
from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ResizeRadiograph(BaseTransform):
    """Resizes ``image`` to a fixed size, without keeping the aspect (as the paper does).

    The interpolation is that of :func:`prior_mm.datasets.images.resize`.

    Args:
        size: (height, width) in pixels.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.height, self.width = size

    def transform(self, results: dict) -> dict:
        """Replace ``image``."""
        results['image'] = resize(results['image'], self.height, self.width)
        return results


@TRANSFORMS.register_module()
class RandomRotateRadiograph(BaseTransform):
    """Rotates ``image`` about its centre by an angle drawn evenly from +-``degrees``; what comes in is black.

    Bilinear. torchvision's ``RandomRotation``, which the published code uses, takes the nearest pixel instead.

    Args:
        degrees: Largest angle.
    """

    def __init__(self, degrees: float = 5.) -> None:
        self.degrees = degrees

    def transform(self, results: dict) -> dict:
        """Replace ``image``."""
        image = results['image']
        height, width = image.shape
        angle = results['rng'].uniform(-self.degrees, self.degrees)
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1.)
        results['image'] = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR,
                                          borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        return results


@TRANSFORMS.register_module()
class RandomFlipRadiograph(BaseTransform):
    """Mirrors ``image`` left to right.

    Args:
        prob: How often, 0 to 1. The paper takes 0.5, although reports name sides.
    """

    def __init__(self, prob: float = 0.5) -> None:
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Replace ``image``."""
        if results['rng'].random() < self.prob:
            results['image'] = np.ascontiguousarray(results['image'][:, ::-1])
        return results
