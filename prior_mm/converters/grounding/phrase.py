"""A phrase with its place, as the readers of all data sets give it."""
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..downstream.masks import Box

#: What a phrase reads for findings that a data set gives no phrase for.
PROMPT = 'There is {finding}.'


class PhraseError(ValueError):
    """A file of phrases that is damaged, or no file of phrases; the message names the place and the mend."""


@dataclass(frozen=True)
class GroundedPhrase:
    """A phrase and where on which image it is.

    Attributes:
        image: Path of the image below the image root, or its name, with or without ending, to be looked for there.
        phrase: The text.
        finding: What it is about.
        boxes: In pixels, or shares of the image where ``width`` is None.
        width: Of the image that the boxes are of, in pixels; None: that of the image file.
        height: The same.
        patient: Whose image it is.
        split: Of the data set; '' if it has none.
        mask: The place itself, uint8 (height, width), or None.
    """

    image: str
    phrase: str
    finding: str
    boxes: tuple[Box, ...]
    width: int | None
    height: int | None
    patient: str
    split: str = ''
    mask: np.ndarray | None = None


def united(rows: Iterable[GroundedPhrase]) -> list[GroundedPhrase]:
    """One entry for an image, phrase and finding, with the boxes of all its rows; the same box once."""
    found: dict[tuple[str, str, str], GroundedPhrase] = {}
    for row in rows:
        key = (row.image, row.phrase, row.finding)
        known = found.get(key)
        found[key] = row if known is None else replace(known, boxes=tuple(dict.fromkeys((*known.boxes, *row.boxes))))
    return list(found.values())


def check_box(place: str, box: Box, width: float, height: float) -> Box:
    """The box, cut to the image.

    Raises:
        PhraseError: If nothing of it lies on the image.
    """
    left, top = max(box.x, 0), max(box.y, 0)
    right, bottom = min(box.x + box.width, width), min(box.y + box.height, height)
    if not (left < right and top < bottom):
        raise PhraseError(f'{place}: the box {[*box]} does not lie on the image of {width:g} x {height:g}. Fetch the '
                          'file again')
    return Box(left, top, right - left, bottom - top)
