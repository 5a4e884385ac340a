"""How well a heat map shows the place of a phrase: figures of one phrase, pure functions."""
from typing import NamedTuple

import numpy as np

#: Where maps are cut, after they were rescaled to [-1, 1]: -0.95, -0.9, ..., 0.95.
THRESHOLDS = np.arange(-19, 20) / 20
#: Those that mIoU is the mean over (BioViL): 0.1, 0.2, ..., 0.5.
MIOU_THRESHOLDS = np.arange(1, 6) / 10


class Localisation(NamedTuple):
    """A map beside the place that it should show.

    Attributes:
        cnr: Contrast-to-noise ratio, positive where the map is higher inside; NaN for two even levels, whose noise is
            0, and 0 for an even map.
        pointing: 1 if the peak lies inside, 0 if not; of several peaks the share that does.
        chance: What ``pointing`` is in expectation for a peak anywhere: the share of pixels inside.
        iou: Intersection over union at each of :data:`THRESHOLDS`, float64 (T,).
        dice: The same for Dice, float64 (T,).
    """

    cnr: float
    pointing: float
    chance: float
    iou: np.ndarray
    dice: np.ndarray

    @property
    def miou(self) -> float:
        """Mean IoU over :data:`MIOU_THRESHOLDS`."""
        return float(self.iou[_MIOU].mean())


_MIOU = np.searchsorted(THRESHOLDS, MIOU_THRESHOLDS - 1e-9)


def localise(heat: np.ndarray, region: np.ndarray) -> Localisation | None:
    """The figures of one phrase.

    - CNR: ``(mean inside - mean outside) / sqrt(variance inside + variance outside)``;
    - for the overlaps the map is rescaled so that its lowest pixel is -1 and its highest 1, and what is *above* a
      threshold is taken for the place.

    Args:
        heat: The map, float (H, W); NaN where nothing was seen, which does not count.
        region: True at the place of the phrase, bool (H, W).

    Returns:
        The figures; None if the place, or all that lies around it, was not seen.

    Raises:
        ValueError: If the shapes differ.
    """
    if heat.shape != region.shape:
        raise ValueError(f'the map has the shape {heat.shape}, the place {region.shape}')
    seen = ~np.isnan(heat)
    values, inside = heat[seen].astype(np.float64), region[seen].astype(bool)
    lesion = int(inside.sum())
    if not 0 < lesion < values.size:
        return None
    peaks = values == values.max()
    above, above_inside = _count_above(values, inside)
    return Localisation(
        cnr=_contrast_to_noise(values[inside], values[~inside]), pointing=float(inside[peaks].mean()),
        chance=lesion / values.size, iou=above_inside / (above + lesion - above_inside),
        dice=2 * above_inside / (above + lesion))


def _contrast_to_noise(inside: np.ndarray, outside: np.ndarray) -> float:
    contrast = inside.mean() - outside.mean()
    noise = np.sqrt(inside.var() + outside.var())
    if noise == 0:
        return 0. if contrast == 0 else float('nan')
    return float(contrast / noise)


def _count_above(values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels above each threshold, of all and of those inside, (T,) each: sorted into bins once for all of them."""
    low, high = values.min(), values.max()
    scaled = 2 * (values - low) / (high - low) - 1 if high > low else np.full_like(values, -1)
    passed = np.searchsorted(THRESHOLDS, scaled)  # thresholds that lie below the pixel
    above, above_inside = (np.bincount(some, minlength=len(THRESHOLDS) + 1)[::-1].cumsum()[::-1][1:]
                           for some in (passed, passed[inside]))
    return above, above_inside
