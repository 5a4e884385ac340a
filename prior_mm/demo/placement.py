"""Where the chest lies on a film: so that lungs come to be where a real annotation has them."""
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Pixels of a film's side when candidates are compared.
_GRID = 48
_CANDIDATES, _STEPS = 60, 60


@dataclass(frozen=True)
class Placement:
    """The chest's place on a film whose pixels run from -1 to 1 in both directions.

    Attributes:
        half_width: From the midline to the outer border of a lung.
        height: From the apices to the bases.
        top: Place of the apices.
        shift: Place of the midline.
        turn: Shear, as of a patient who does not stand upright.
    """

    half_width: float
    height: float
    top: float
    shift: float
    turn: float

    def coordinates(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """The chest's ``x`` and ``y`` (see :class:`.chest.Chest`) of each pixel of a film, each (size, size)."""
        rows, columns = np.mgrid[0:size, 0:size] / size * 2 - 1
        return ((columns - self.shift + self.turn * rows) / self.half_width,
                (rows - self.top - self.turn * columns) / self.height)


#: Lowest and highest of each, a little wider than on films that need not fit anything.
_LIMITS = ((0.56, 0.8), (1.02, 1.55), (-0.92, -0.5), (-0.2, 0.2), (-0.07, 0.07))


def soften(mask: np.ndarray, size: int = 96) -> np.ndarray:
    """A lung mask, bool (h, w), as shares of lung on a coarse grid, (size, size)."""
    rows, columns = (np.arange(size * 4) * length // (size * 4) for length in mask.shape)
    return mask[rows][:, columns].reshape(size, 4, size, 4).sum(axis=(1, 3)) / 16


def sample(grid: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Interpolate a grid that spans x in [-1, 1] and y in [0, 1]; 0 outside."""
    size = len(grid)
    padded = np.pad(grid, 1)
    column = np.clip((x + 1) / 2 * size + 0.5, 0, size + 0.999)
    row = np.clip(y * size + 0.5, 0, size + 0.999)
    c, r = column.astype(int), row.astype(int)
    fc, fr = column - c, row - r
    return ((padded[r, c] * (1 - fc) + padded[r, c + 1] * fc) * (1 - fr)
            + (padded[r + 1, c] * (1 - fc) + padded[r + 1, c + 1] * fc) * fr)


def fit_chest(outlines: Sequence[np.ndarray], target: np.ndarray, rng: np.random.Generator,
              at_the_wall: bool = False) -> tuple[int, Placement]:
    """The lungs, and their place on the film, that cover a region best, of some that are tried.

    Args:
        outlines: Softened lung masks, each (N, N).
        target: The region, bool (size, size), with at least one pixel.
        rng: Decides what is tried.
        at_the_wall: Whether the region's outer side should lie at the chest wall, as air in the pleural space does.

    Returns:
        Number of the outline, and the placement. They are compared by counts of pixels, the same on every machine.
    """
    places = np.arange(_GRID * 4) * len(target) // (_GRID * 4)
    coarse = target[places][:, places].reshape(_GRID, 4, _GRID, 4).max(axis=(1, 3))
    beyond = _outer_side(coarse) if at_the_wall else np.zeros_like(coarse)
    wanted = int(coarse.sum())

    def score(outline: np.ndarray, values: tuple[float, ...]) -> int:
        lungs = _inside(outline, *Placement(*values).coordinates(_GRID))
        return 1000 * int((lungs & coarse).sum()) // wanted - 200 * min(int((lungs & beyond).sum()), wanted) // wanted

    def draw(low: float, high: float) -> float:
        return low + (high - low) * int(rng.integers(0, 1001)) / 1000

    tried = []
    for _ in range(_CANDIDATES):
        number, values = int(rng.integers(len(outlines))), tuple(draw(*limits) for limits in _LIMITS)
        tried.append((score(outlines[number], values), number, values))
    best, number, place = max(tried)
    for step in range(_STEPS):  # from there, ever smaller steps
        reach = 0.3 * (1 - step / _STEPS)
        values = tuple(min(max(value + draw(-reach, reach) * (high - low), low), high)
                       for value, (low, high) in zip(place, _LIMITS, strict=True))
        if (found := score(outlines[number], values)) >= best:
            best, place = found, values
    return number, Placement(*place)


def _inside(outline: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether points are in a lung; quicker than :func:`sample`, and good enough to compare."""
    size = len(outline)
    padded = np.pad(outline > 0.5, 1)
    column, row = np.clip((x + 1) / 2 * size + 1, 0, size + 1), np.clip(y * size + 1, 0, size + 1)
    return padded[row.astype(int), column.astype(int)]


def _outer_side(region: np.ndarray) -> np.ndarray:
    """Pixels between a region and the film's nearer side border, in the region's rows."""
    counts = region.sum(axis=0)
    columns = np.arange(len(counts))
    left = int((counts * columns).sum()) * 2 < int(counts.sum()) * (len(counts) - 1)
    inside = region if left else region[:, ::-1]
    before = (np.cumsum(inside, axis=1) == 0) & inside.any(axis=1, keepdims=True)
    return before if left else before[:, ::-1]
