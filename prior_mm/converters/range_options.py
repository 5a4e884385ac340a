"""The options that tell what stands for white in the images, and how annotation files say it."""
import argparse
from typing import Any

from prior_mm.datasets.images import COPIED, PixelRange


def add_range_options(parser: argparse._ActionsContainer) -> None:
    """``--bits`` and ``--percentile``, one of the two."""
    gray = parser.add_mutually_exclusive_group()
    gray.add_argument('--bits', type=int, choices=range(9, 16), metavar='N',
                      help='16-bit PNG and TIFF files use N bits, 12 say: 2**N - 1 is white')
    gray.add_argument('--percentile', type=_percentile, metavar='P',
                      help='scale each image: its percentile P, 0.5 say, is black, and 100 - P is white')


def chosen_range(arguments: argparse.Namespace) -> PixelRange | None:
    """What the options of :func:`add_range_options` ask for."""
    if arguments.bits is None and arguments.percentile is None:
        return None
    return PixelRange(arguments.bits, arguments.percentile)


def range_said(pixel_range: PixelRange | None, short_side: int | None) -> dict[str, Any]:
    """For ``metainfo``: ``pixel_range`` where images are scaled as they are read; copies have been, which is noted."""
    if pixel_range is None:
        return {}
    return {'pixel_range' if short_side is None else COPIED: pixel_range.describe()}


def _percentile(text: str) -> float:
    try:
        return float(PixelRange(percentile=float(text)).percentile or 0)
    except ValueError:
        raise argparse.ArgumentTypeError(f'must be a number from 0 to less than 50, it is {text!r}') from None
