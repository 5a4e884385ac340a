"""Shapes on a grid, with arithmetic that gives the same bits on every machine.

Only +, -, x, / and square roots are used, which IEEE 754 rounds in one way (``**2`` is a product to NumPy, higher
powers are not); sines, exponentials and the blurs of image libraries differ between processors and versions.
"""
import numpy as np


def step(distance: np.ndarray, softness: float) -> np.ndarray:
    """1 where a signed distance is negative, 0 where it is positive, a smooth edge of width ``softness`` between."""
    t = np.clip(0.5 - distance / softness, 0, 1)
    return t * t * (3 - 2 * t)


def ellipse(x: np.ndarray, y: np.ndarray, center: tuple[float, float], radii: tuple[float, float],
            softness: float = 0.1) -> np.ndarray:
    """1 inside an ellipse, 0 outside; ``softness`` is a share of its radius."""
    return step(np.sqrt(((x - center[0]) / radii[0])**2 + ((y - center[1]) / radii[1])**2) - 1, softness)


def band(distance: np.ndarray, width: float | np.ndarray, softness: float) -> np.ndarray:
    """1 where the distance from a line is less than half of ``width``."""
    return step(np.abs(distance) - width / 2, softness)


def polyline(x: np.ndarray, y: np.ndarray, points: np.ndarray, width: float, softness: float) -> np.ndarray:
    """A line of straight pieces through ``points``, (N, 2); computed where it can be seen, which is a small part."""
    reach = (width + softness) / 2 + 1e-6
    (left, top), (right, bottom) = points.min(axis=0) - reach, points.max(axis=0) + reach
    near = (x > left) & (x < right) & (y > top) & (y < bottom)
    line, x, y = np.zeros(x.shape), x[near], y[near]
    nearest = np.full(x.shape, np.inf)
    for (x0, y0), (x1, y1) in zip(points[:-1], points[1:], strict=True):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        nearest = np.minimum(nearest, (x - x0 - along * dx)**2 + (y - y0 - along * dy)**2)
    line[near] = step(np.sqrt(nearest) - width / 2, softness)
    return line


def value_noise(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth noise in [-1, 1]: random values on a grid of ``cells`` a side, interpolated."""
    grid = rng.integers(-1000, 1001, (cells + 1, cells + 1)) / 1000
    rows, columns = (np.linspace(0, cells, size, endpoint=False) for size in shape)
    r, c = rows.astype(int), columns.astype(int)
    fr, fc = rows - r, columns - c
    fr, fc = (fr * fr * (3 - 2 * fr))[:, None], (fc * fc * (3 - 2 * fc))[None]
    upper = grid[r][:, c] * (1 - fc) + grid[r][:, c + 1] * fc
    lower = grid[r + 1][:, c] * (1 - fc) + grid[r + 1][:, c + 1] * fc
    return upper * (1 - fr) + lower * fr
