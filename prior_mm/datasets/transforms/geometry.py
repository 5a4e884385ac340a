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
class CropCentre(BaseTransform):
    """Scales ``image`` so that its short side has so many pixels, the aspect kept, and cuts out the centre.

    It adds ``area``: left, top, width and height of what is left, in pixels of ``width`` x ``height`` (those of the
    annotations; by default of the image as it came in).

    Args:
        short_side: Pixels of the short side.
        size: Pixels of each side of what is cut out, at most ``short_side``.
    """

    def __init__(self, short_side: int, size: int) -> None:
        if not 0 < size <= short_side:
            raise ValueError(f'CropCentre: size must be from 1 to short_side={short_side}, got {size}')
        self.short_side = short_side
        self.size = size

    def transform(self, results: dict) -> dict:
        """Replace ``image``, add ``area``."""
        image = results['image']
        height, width = results.get('height', image.shape[0]), results.get('width', image.shape[1])
        side = int(self.size * min(height, width) / self.short_side)
        results['area'] = ((width - side) // 2, (height - side) // 2, side, side)
        scale = self.short_side / min(image.shape)
        image = resize(image, *(max(self.short_side, round(length * scale)) for length in image.shape))
        top, left = ((length - self.size) // 2 for length in image.shape)
        results['image'] = np.ascontiguousarray(image[top:top + self.size, left:left + self.size])
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
