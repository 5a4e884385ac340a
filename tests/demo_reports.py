"""Made-up reports in Open-i's form, and lung masks: what the demo data are drawn from, without the real ones."""
import cv2
import numpy as np

from prior_mm.converters.openi import OpenIReport

FINDINGS = 'The heart is normal in size. The lungs are clear. There is no pleural effusion. No pneumothorax is seen.'
CODES = [('normal', ), ('Cardiomegaly/mild', ), ('Pleural Effusion/left/small', ), ('Nodule/lung/upper lobe/right', ),
         ('Catheters, Indwelling', 'Opacity/lung/base/left')]


def made_up_reports(count: int = 20) -> list[OpenIReport]:
    """Reports of which every fifth says the same as the one before it."""
    return [OpenIReport(f'CXR{number}', FINDINGS, f'Finding number {number - (number % 5 == 4)}.',
                        CODES[number % len(CODES)], ()) for number in range(count)]


def made_up_mask(height: int = 120, width: int = 130) -> np.ndarray:
    """Two lungs, cut to them, bool (h, w)."""
    mask = np.zeros((height, width), np.uint8)
    for center in (width // 4, width - width // 4 - 1):
        cv2.ellipse(mask, (center, height // 2), (width // 4 - 3, height // 2 - 1), 0, 0, 360, 1, cv2.FILLED)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return mask[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1] > 0
