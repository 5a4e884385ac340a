"""Random changes that say nothing about what is on a radiograph: another exposure, another framing."""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from prior_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomExposure(BaseTransform):
    """Changes gamma, contrast and brightness of ``image``, each drawn evenly. Beyond the paper.

    The maximum of the type stands for 1, as :class:`.LoadRadiograph` has it; what gets darker than black or whiter than
    white is cut.

    Args:
        gamma: The exponent is drawn from ``1 / (1 + gamma)`` to ``1 + gamma``, evenly in its logarithm.
        contrast: The factor about the mean is drawn from ``1 - contrast`` to ``1 + contrast``.
        brightness: What is added is drawn from ``-brightness`` to ``brightness``.

    Raises:
        ValueError: If one of them is negative, or the contrast above 1.
    """

    def __init__(self, gamma: float = 0.3, contrast: float = 0.2, brightness: float = 0.1) -> None:
        if min(gamma, contrast, brightness) < 0 or contrast > 1:
            raise ValueError(f'gamma, contrast (to 1) and brightness are at least 0, got {gamma}, {contrast} and '
                             f'{brightness}')
        self.gamma, self.contrast, self.brightness = gamma, contrast, brightness

    def transform(self, results: dict) -> dict:
        """Replace ``image``."""
        image, rng = results['image'], results['rng']
        top = np.iinfo(image.dtype).max
        exponent = np.exp(rng.uniform(-1, 1) * np.log1p(self.gamma))
        factor, added = 1 + rng.uniform(-1, 1) * self.contrast, rng.uniform(-1, 1) * self.brightness
        changed = (image.astype(np.float32) / top)**np.float32(exponent)
        mean = changed.mean()
        changed = ((changed - mean) * factor + mean + added).clip(0, 1)
        results['image'] = (changed * top).round().astype(image.dtype)
        return results


@TRANSFORMS.register_module()
class RandomFrame(BaseTransform):
    """Cuts a square or oblong part out of ``image`` and enlarges it to the size it had. Beyond the paper.

    Args:
        smallest: The part has from so much of the height and of the width, each drawn for itself, to all of it.

    Raises:
        ValueError: If it is not in (0, 1].
    """

    def __init__(self, smallest: float = 0.8) -> None:
        if not 0 < smallest <= 1:
            raise ValueError(f'smallest must be above 0 and at most 1, got {smallest}')
        self.smallest = smallest

    def transform(self, results: dict) -> dict:
        """Replace ``image``."""
        image, rng = results['image'], results['rng']
        part = []
        for length in image.shape:
            kept = max(1, round(length * rng.uniform(self.smallest, 1)))
            first = int(rng.integers(length - kept + 1))
            part.append(slice(first, first + kept))
        results['image'] = cv2.resize(image[tuple(part)], image.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return results
