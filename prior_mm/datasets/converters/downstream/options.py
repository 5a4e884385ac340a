"""What the command lines of the supervised data sets have in common: options, messages, exit status."""
import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from .settings import DownstreamSettings
from .splits import SHARES, parse_shares
from .tally import Tally

#: What a converter gives back: what became of the images, the names of the splits, lines to print at the end.
Converted = tuple[Tally, tuple[str, ...], list[str]]


def downstream_parser(description: str, splits: bool = True) -> argparse.ArgumentParser:
    """A parser with the options of all.

    Args:
        description: Stands at the top of ``--help``.
        splits: Whether there are splits to choose.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('--image-root', type=Path, help='what image paths count from (default: root)')
    parser.add_argument('--out', type=Path, help='where annotations/ and masks/ are written (default: root)')
    parser.add_argument('--no-images', action='store_true', help='do not look for the images: convert the labels alone')
    parser.add_argument('--examples', type=int, default=0, metavar='N', help='name N dropped images for each reason')
    if splits:
        where = parser.add_mutually_exclusive_group()
        where.add_argument('--split-dir', type=Path, metavar='DIR',
                           help='published lists: train.txt, val.txt, test.txt (an id a line), train_1.txt for 1 %% of '
                                'the training labels ... (default: the splits are drawn)')
        where.add_argument('--shares', type=_checked(parse_shares), default=dict(SHARES), metavar='NAME=PERCENT,...',
                           help='percent of the images in the splits that are drawn (default: train=70,val=15,test=15)')
        parser.add_argument('--label-shares', type=_percent, nargs='*', default=[1., 10.], metavar='PERCENT',
                            help='smaller sets of training labels to draw, nested and stratified (default: 1 10)')
        parser.add_argument('--seed', type=int, default=0, help='of all that is drawn (default: 0)')
    return parser


def add_binary_options(parser: argparse.ArgumentParser, what: str) -> None:
    """The options of data sets with one finding and its place.

    Args:
        parser: Gets them.
        what: What the table says of the place, such as ``boxes``.
    """
    parser.add_argument('--labels', type=Path, help=f'table of {what}, .csv or .csv.gz (default: found in root)')
    parser.add_argument('--patients', type=Path, metavar='CSV',
                        help='table of image_id and patient_id: all images of a patient go to one split (default: each '
                             'image is a patient of its own, for the labels do not say)')
    parser.add_argument('--pixels', type=_whole, default=1024, metavar='N',
                        help=f'height and width of the images that the {what} are for (default: 1024)')
    parser.add_argument('--positives-only', action='store_true',
                        help='leave images without the finding out of detection and segmentation')
    parser.add_argument('--no-masks', action='store_true', help='write no masks and no lists for segmentation')


def settings_of(arguments: argparse.Namespace) -> DownstreamSettings:
    """The settings that the options of :func:`downstream_parser` stand for."""
    root = arguments.root
    folders = dict(root=root, image_root=arguments.image_root or root, output=arguments.out or root)
    if 'split_dir' not in arguments:
        return DownstreamSettings(**folders, check_images=not arguments.no_images)
    return DownstreamSettings(**folders, split_dir=arguments.split_dir, shares=arguments.shares,
                              percents=tuple(arguments.label_shares), seed=arguments.seed,
                              check_images=not arguments.no_images)


def run_downstream(arguments: argparse.Namespace,
                   convert: Callable[[DownstreamSettings, Console], Converted]) -> int:
    """Convert, and tell what became of it.

    Args:
        arguments: Of :func:`downstream_parser`.
        convert: The converter.

    Returns:
        The exit status: 0, 1 for faults of the data, 130 if it was stopped.
    """
    console, settings = Console(), settings_of(arguments)
    try:
        tally, splits, remarks = convert(settings, console)
    except (ValueError, OSError) as error:
        print(f'{arguments.root}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped. The annotation files are as they were; the same command does everything anew.', file=sys.stderr)
        return 130
    tally.print(splits, console, arguments.examples)
    for remark in remarks:
        console.print(remark, markup=False, highlight=False, soft_wrap=True)
    if arguments.no_images:
        console.print('Whether the images are there was not looked at (--no-images).')
    console.print(f'Written: {settings.annotations}. Images are named relative to {settings.image_root} (data_root).',
                  markup=False, highlight=False, soft_wrap=True)
    return 0


def _checked(read: Callable[[str], dict[str, float]]) -> Callable[[str], dict[str, float]]:
    def call(text: str) -> dict[str, float]:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
    return call


def _percent(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.
    if not 0 < value <= 100:
        raise argparse.ArgumentTypeError(f'must be more than 0 and at most 100 percent, it is {text!r}')
    return value


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 16 <= int(text) <= 8192):
        raise argparse.ArgumentTypeError(f'must be a whole number from 16 to 8192, it is {text!r}')
    return int(text)
