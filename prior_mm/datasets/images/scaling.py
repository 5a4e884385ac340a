"""Shrinking radiographs without aliasing."""
import numpy as np
from PIL import Image


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize, bilinear with the support widened when shrinking, so that fine structures are averaged, not aliased.

    It is Pillow's, which torchvision's ``Resize`` uses on the published code's images.

    Args:
        image: uint8 or uint16, (H, W).
        height: New height in pixels.
        width: New width in pixels.

    Returns:
        The same type, (height, width); ``image`` itself if it has that size.
    """
    if image.shape == (height, width):
        return image
    if image.dtype == np.uint8:
        return np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR))
    # Pillow keeps no 16 bits when it resizes, but floats
    scaled = Image.fromarray(image.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return (np.asarray(scaled) + 0.5).astype(image.dtype)


def fit_short_side(image: np.ndarray, short_side: int) -> np.ndarray:
    """Shrink so that the short side has ``short_side`` pixels, the aspect kept; smaller images stay as they are.

    Args:
        image: uint8 or uint16, (H, W).
        short_side: Pixels, at least 1.
    """
    height, width = image.shape
    scale = short_side / min(height, width)
    if scale >= 1:
        return image
    return resize(image, max(short_side, round(height * scale)), max(short_side, round(width * scale)))
