"""Findings at the place that a real annotation gives: airspace opacities in boxes, air in masks of pneumothoraces."""
from collections.abc import Sequence

import numpy as np

from .canvas import band, polyline, step, value_noise
from .chest import Chest

#: x, y, width and height in pixels, from the upper left corner.
BoxPixels = tuple[float, float, float, float]


def draw_opacity(chest: Chest, box: BoxPixels, amount: float) -> None:
    """An airspace opacity that fills a box: without a sharp border, uneven, with air in the bronchi.

    Args:
        chest: Is drawn on.
        box: The box.
        amount: Density at its centre.
    """
    left, top, width, height = box
    rows, columns = np.mgrid[0:chest.x.shape[0], 0:chest.x.shape[1]]
    u, v = (columns + 0.5 - left - width / 2) / (width / 2), (rows + 0.5 - top - height / 2) / (height / 2)
    ragged = 0.2 * value_noise(chest.rng, u.shape, 9) + 0.12 * value_noise(chest.rng, u.shape, 23)
    # Between an ellipse and the box: it comes near each side, and leaves the corners free.
    distance = np.sqrt(np.sqrt(u * u * u * u + v * v * v * v)) + ragged
    cloud = step(distance - 0.82, 0.62)
    texture = 0.72 + 0.28 * value_noise(chest.rng, u.shape, 30)
    bronchi = np.zeros_like(u)
    inward = 1 if left + width / 2 < u.shape[1] / 2 else -1  # towards the hilum, where bronchi come from
    for _ in range(2 + int(chest.rng.integers(2))):
        level = chest.between(-0.4, 0.4)
        points = [(inward * 0.75, level * 0.4), (0., level), (-inward * chest.between(0.4, 0.7), level * 1.7)]
        bronchi = np.maximum(bronchi, polyline(u, v, np.array(points), 0.05, 0.09))
    seen = cloud * np.maximum(chest.lungs, 0.2)
    chest.density = (chest.density + amount * seen * texture * (1 - 0.55 * bronchi)
                     - 0.7 * cloud * chest.markings)  # vessels are lost in it


def draw_pneumothorax(chest: Chest, mask: np.ndarray, depth: float) -> None:
    """Air in the pleural space: darker than lung, without vessels, and the pleura as a thin line at the inner border.

    Args:
        chest: Is drawn on.
        mask: Where the air is, bool (H, W).
        depth: Density that it lacks.
    """
    air = _blur(mask)
    chest.density = chest.density - air * (chest.markings + depth * np.maximum(chest.lungs, 0.35))
    line = band(air - 0.42, 0.36, 0.3)
    right, down = np.zeros_like(air), np.zeros_like(air)  # points out of the mask
    right[:, 1:-1] = air[:, :-2] - air[:, 2:]
    down[1:-1] = air[:-2] - air[2:]
    steepness = np.sqrt(right * right + down * down) + 1e-6
    side = np.where(chest.x < 0, -1., 1.)
    to_hilum_x, to_hilum_y = side * 0.25 - chest.x, (0.55 - chest.y) * 0.8
    length = np.sqrt(to_hilum_x * to_hilum_x + to_hilum_y * to_hilum_y) + 1e-6
    inner = np.clip((right * to_hilum_x + down * to_hilum_y) / (steepness * length) * 2, 0, 1)
    chest.density = chest.density + chest.between(0.13, 0.19) * line * inner * np.maximum(chest.lungs, 0.2)


def boxes_to_region(boxes: Sequence[BoxPixels], size: int) -> np.ndarray:
    """Pixels whose centres lie in any of the boxes, bool (size, size)."""
    centers = np.arange(size) + 0.5
    region = np.zeros((size, size), bool)
    for x, y, width, height in boxes:
        region |= (((centers >= y) & (centers < y + height))[:, None] & ((centers >= x) & (centers < x + width))[None])
    return region


def _blur(mask: np.ndarray) -> np.ndarray:
    """A mask with a soft border: binomial weights over 5 x 5 pixels, whole numbers until the end."""
    values = np.pad(mask.astype(np.int64), 2, mode='edge')
    for axis in (0, 1):
        values = (6 * values + 4 * (np.roll(values, 1, axis) + np.roll(values, -1, axis))
                  + np.roll(values, 2, axis) + np.roll(values, -2, axis))
    return values[2:-2, 2:-2] / 256
