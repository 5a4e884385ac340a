"""From a map of patches to one of the pixels that places are annotated in."""
from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

Enlarge = Literal['bilinear', 'nearest']
_WAYS = dict(bilinear=cv2.INTER_LINEAR, nearest=cv2.INTER_NEAREST)


def to_pixels(patches: np.ndarray, height: int, width: int, area: Sequence[float] | None = None, sigma: float = 1.5,
              enlarge: Enlarge = 'bilinear') -> np.ndarray:
    """Smooth a map of patches and enlarge it to the original image.

    Args:
        patches: The map, float (H', W').
        height: Of the original image, in pixels.
        width: Of the original image, in pixels.
        area: What the model saw of it: left, top, width and height in pixels; all of it by default.
        sigma: Of the Gaussian that smooths the patches, in patches (mirrored at the border); 0 leaves it out.
        enlarge: Between the patches.

    Returns:
        float32 (height, width); NaN where the model saw nothing.

    Raises:
        ValueError: If the map is not finite, or the area lies outside the image.
    """
    patches = np.asarray(patches, dtype=np.float32)
    if not np.isfinite(patches).all():
        raise ValueError('a map with NaN or infinity shows no place: the model diverged, or its checkpoint is not '
                         'whole')
    if sigma:
        patches = gaussian_filter(patches, sigma)
    left, top, across, down = (int(round(value)) for value in (area if area is not None else (0, 0, width, height)))
    if not (0 <= left < left + across <= width and 0 <= top < top + down <= height):
        raise ValueError(f'the model saw {across} x {down} px at {left}, {top}, which is not within {width} x {height}')
    pixels = np.full((height, width), np.nan, dtype=np.float32)
    pixels[top:top + down, left:left + across] = cv2.resize(patches, (across, down), interpolation=_WAYS[enlarge])
    return pixels
