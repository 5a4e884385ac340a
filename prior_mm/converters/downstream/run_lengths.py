"""The run lengths of the SIIM-ACR pneumothorax challenge: text to mask and back.

They count pixels column by column, from the top of the leftmost column down, and are *relative*: a gap since the end of
the last run, then the length of the run. ``-1`` stands for an empty mask.
"""
import re

import numpy as np

EMPTY = '-1'
_DIGITS = 9  # no radiograph has more pixels; a longer number would not fit the sums
_NUMBER = re.compile(f'[0-9]{{1,{_DIGITS}}}')


class RunLengthError(ValueError):
    """Text that is no run lengths of an image of the given size; the message says what stands where."""


def decode_run_lengths(text: str, height: int = 1024, width: int = 1024) -> np.ndarray:
    """The mask that run lengths stand for.

    Args:
        text: Numbers with blanks between them, or ``-1``.
        height: Of the image, in pixels.
        width: Of the image, in pixels.

    Returns:
        uint8 (height, width), 1 within the runs and 0 elsewhere.

    Raises:
        RunLengthError: If there is no number, an odd number of them, one that is no whole number, a run without
            pixels, or a run that goes on beyond the last pixel.
    """
    if text.strip() == EMPTY:
        return np.zeros((height, width), np.uint8)
    counts = _counts(text)
    covered, pixels = int(counts.sum()), height * width
    if covered > pixels:
        first = int(np.flatnonzero(np.cumsum(counts) > pixels)[0])
        raise RunLengthError(f'number {first + 1} leads to pixel {covered:,}, but {width} x {height} are {pixels:,}. '
                             'Is the image of another size, or are these absolute positions and not relative ones?')
    values = np.tile(np.array([0, 1], np.uint8), counts.size // 2)
    mask = np.zeros(pixels, np.uint8)
    mask[:covered] = np.repeat(values, counts)
    return mask.reshape(width, height).T


def encode_run_lengths(mask: np.ndarray) -> str:
    """Run lengths of a mask, the shortest ones: no run is empty and none touches the next.

    Args:
        mask: bool or integers (height, width); whatever is not 0 is within.

    Raises:
        ValueError: If it has not two dimensions.
    """
    if mask.ndim != 2:
        raise ValueError(f'a mask has two dimensions (height, width), this one has the shape {mask.shape}')
    inside = np.concatenate([[False], np.asarray(mask.T != 0).ravel(), [False]])
    places = np.flatnonzero(inside[1:] != inside[:-1])  # where runs begin and end, in turn
    return ' '.join(map(str, np.diff(places, prepend=0).tolist())) if places.size else EMPTY


def _counts(text: str) -> np.ndarray:
    """Gaps and lengths in turn, int64."""
    words = text.split()
    if not words:
        raise RunLengthError(f'there are no run lengths; an empty mask is {EMPTY}')
    for place, word in enumerate(words, 1):
        if not _NUMBER.fullmatch(word):
            raise RunLengthError(f'number {place} is {word[:20]!r}, wanted is a whole number of at most {_DIGITS} '
                                 f'digits, or {EMPTY} alone')
    if len(words) % 2:
        raise RunLengthError(f'there are {len(words)} numbers; gaps and lengths go in pairs. The text may be cut short')
    counts = np.array(words, dtype=np.int64)
    if not counts[1::2].all():
        place = 2 * int(np.flatnonzero(counts[1::2] == 0)[0]) + 2
        raise RunLengthError(f'number {place} is a run of 0 pixels. The text may be damaged')
    return counts
