"""Contact sheets: every film as a model gets it, to be looked at and never committed."""
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from prior_mm.files.whole_files import whole_file

from .films import Film, pixels
from .probe import MEAN, STD

_SIDE, _COLUMNS = 64, 36


def draw_sheet(films: Sequence[Film], folder: Path, path: Path) -> dict[str, float]:
    """Draw films, normalised as for a model (black: -1.6, white: 1.7 deviations), their names beside them in a list.

    Returns:
        Of all pixels after normalisation: ``mean`` and ``deviation``; of the films: ``flat``, how many have a
        deviation under 0.05, and ``films``.

    Raises:
        ImageError: If a film cannot be read; the message names it and the mend.
    """
    normal = (pixels(films, folder).astype(np.float32) / 255 - MEAN) / STD
    rows = -(-len(films) // _COLUMNS)
    sheet = Image.new('L', (_COLUMNS * _SIDE, rows * _SIDE))
    for number, image in enumerate(normal):
        gray = np.clip((image * STD + MEAN) * 255, 0, 255).astype(np.uint8)
        small = Image.fromarray(gray).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
        sheet.paste(small, (number % _COLUMNS * _SIDE, number // _COLUMNS * _SIDE))
    draw = ImageDraw.Draw(sheet)
    for row in range(rows):
        draw.text((1, row * _SIDE), str(row * _COLUMNS), fill=255)
    with whole_file(path) as file:
        sheet.save(file, 'PNG')
    return dict(films=len(films), mean=float(normal.mean()), deviation=float(normal.std()),
                flat=int((normal.std(axis=(1, 2)) < 0.05).sum()))
