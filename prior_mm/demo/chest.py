"""The chest that a film is drawn of: what anatomy and lesions write into."""
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Chest:
    """What a film is drawn on; lesions change it.

    Coordinates: ``x`` from -1 to 1 between the outer borders of the lungs, the patient's right at -1 (the image's
    left, as on any film); ``y`` from 0 at the apices to 1 at the bases. ``density`` is 0 for air and 1 for metal.

    Attributes:
        x: Of each pixel, (H, W).
        y: Of each pixel, (H, W).
        density: What the rays meet, (H, W).
        lungs: Share of lung in each pixel, in [0, 1], (H, W).
        sides: The right and the left lung's share, each (H, W).
        rng: The film's generator.
        markings: The share of the density that vessels and the fine texture of the lung make, (H, W): where a lung is
            collapsed or full of fluid, they are not seen.
        places: Where each finding was drawn, in their order, bool (H, W); empty for one that has no place of its own.
    """

    x: np.ndarray
    y: np.ndarray
    density: np.ndarray
    lungs: np.ndarray
    sides: dict[str, np.ndarray]
    rng: np.random.Generator
    markings: np.ndarray = field(default_factory=lambda: np.zeros(0))
    places: list[np.ndarray] = field(default_factory=list)

    def between(self, low: float, high: float) -> float:
        """A random number; thousandths, so that it is the same on every machine."""
        return low + (high - low) * int(self.rng.integers(0, 1001)) / 1000
