"""Films with a part taken away or something put on: by what can a classifier tell two classes apart?"""
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from .films import SIZE, Film, pixels, write_copies

_BORDER = SIZE // 8
#: Makes an image, uint8 (H, W), of one, and of the mask of its lungs, bool (H, W).
Change = Callable[[np.ndarray, np.ndarray], np.ndarray]


def border_alone(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """The outer eighth on each side; the rest is black."""
    changed = image.copy()
    changed[_BORDER:-_BORDER, _BORDER:-_BORDER] = 0
    return changed


def without_border(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """All but the outer eighth."""
    return np.where(border_alone(np.ones_like(image), lungs) > 0, 0, image).astype(np.uint8)


def thumbnail(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """What is left at 8 x 8 pixels: where it is dark and where bright."""
    return np.kron(image.reshape(8, SIZE // 8, 8, SIZE // 8).mean(axis=(1, 3)),
                   np.ones((SIZE // 8, SIZE // 8))).astype(np.uint8)


def lungs_out(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """The lungs, and 4 pixels around them, are black; their shape is left."""
    return np.where(ndimage.binary_dilation(lungs, iterations=4), 0, image).astype(np.uint8)


def box_out(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """The box around the lungs is black: their shape is not to be seen, but their extent is."""
    changed = image.copy()
    if lungs.any():
        rows, columns = (np.flatnonzero(lungs.any(axis=axis)) for axis in (1, 0))
        changed[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1] = 0
    return changed


def lungs_alone(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """All but the lungs is black."""
    return np.where(lungs, image, 0).astype(np.uint8)


def shape_alone(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """The mask of the lungs, white on black."""
    return np.where(lungs, 255, 0).astype(np.uint8)


def letters_on(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """Letters burnt in, at the upper left and along the lower edge."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    draw.text((4, 4), 'L  ERECT', fill=255)
    draw.text((52, SIZE - 14), 'PORTABLE', fill=255)
    return np.asarray(picture)


def frame_on(image: np.ndarray, lungs: np.ndarray) -> np.ndarray:
    """A white frame of 4 pixels."""
    changed = np.full_like(image, 255)
    changed[4:-4, 4:-4] = image[4:-4, 4:-4]
    return changed


#: By how they are called in the tables; those for which a lung segmenter is needed apart.
ANY: Mapping[str, Change] = {'the border alone': border_alone, 'all but the border': without_border,
                             'brightness at 8 x 8 pixels': thumbnail}
OF_LUNGS: Mapping[str, Change] = {'lungs masked out': lungs_out, 'the box around the lungs masked out': box_out,
                                  'the lungs alone': lungs_alone, "the lungs' shape alone": shape_alone}
PUT_ON: Mapping[str, Change] = {'letters burnt in': letters_on, 'a white frame': frame_on}


def write_variant(films: Sequence[Film], images: Path, folder: Path, change: Change,
                  lungs: Mapping[str, np.ndarray] | None = None) -> Path:
    """Write films changed.

    Args:
        films: The films.
        images: Folder of their copies.
        folder: Where the changed ones go.
        change: What is changed.
        lungs: Masks by film, where they are needed.

    Returns:
        ``folder``.
    """
    nothing = np.zeros((SIZE, SIZE), dtype=bool)
    return write_copies(films, (change(image, nothing if lungs is None else lungs[film.name])
                                for film, image in zip(films, pixels(films, images), strict=True)), folder)
