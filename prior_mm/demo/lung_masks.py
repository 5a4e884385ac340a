"""Real lung masks: the outlines that synthetic radiographs are drawn around."""
import zipfile
from pathlib import Path

import cv2
import numpy as np

from .carried import find_carried

_ARCHIVE = 'semantic_masks_v7labs_lungs.zip'


def load_lung_masks(archive: 'str | Path | None' = None) -> list[np.ndarray]:
    """Masks of both lungs, each cut to its lungs, bool (h, w); those of poor films are left out.

    Args:
        archive: A zip archive of mask images; by default the one that the package torchxrayvision carries.

    Raises:
        FileNotFoundError: If it is not there.
    """
    path = Path(archive) if archive else find_carried(_ARCHIVE, 'the lung masks')
    if not path.is_file():
        raise FileNotFoundError(f'there is no archive of lung masks {path}')
    masks = []
    with zipfile.ZipFile(path) as file:
        for name in sorted(file.namelist()):
            if name.lower().endswith(('.png', '.jpg', '.jpeg')) and not name.startswith('__MACOSX'):
                image = cv2.imdecode(np.frombuffer(file.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
                # Every so many pixels: a film takes 100 points of an outline, the masks have up to 3000 pixels a side.
                step = 1 if image is None else max(1, min(image.shape) // 400)
                mask = None if image is None else cut_to_lungs(image[::step, ::step] > 127)
                if mask is not None:
                    masks.append(mask)
    return masks


def cut_to_lungs(mask: np.ndarray) -> 'np.ndarray | None':
    """The part of a mask, bool (h, w), that holds the two lungs; None if there are not two good ones."""
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    lungs = [number for number in range(1, count) if statistics[number, cv2.CC_STAT_AREA] > 0.03 * mask.size]
    if len(lungs) != 2:
        return None
    areas = [int(statistics[number, cv2.CC_STAT_AREA]) for number in lungs]
    outlines = [_outline(labels == number) for number in lungs]
    both = cv2.drawContours(np.zeros(mask.shape, np.uint8), outlines, -1, 1, cv2.FILLED) > 0  # without holes
    rows, columns = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    if (not all(map(_fills_its_hull, outlines)) or max(areas) > 2 * min(areas)
            or not 0.85 * height < width < 1.45 * height):
        return None
    return both[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def _outline(lung: np.ndarray) -> np.ndarray:
    return cv2.findContours(lung.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0]


def _fills_its_hull(outline: np.ndarray) -> bool:
    """Whether a lung has no bites taken out, as labels on the film leave them."""
    return cv2.contourArea(outline) > 0.89 * cv2.contourArea(cv2.convexHull(outline))
