"""The command line of data sets with one finding and its place (RSNA, SIIM)."""
import argparse
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from .binary_images import BinaryOptions
from .options import Converted, check_protocols, downstream_parser, run_downstream, run_written
from .protocol_repeats import Written
from .settings import DownstreamSettings
from .splits import Splits
from .tally import Tally


def run_binary(description: str, dataset: str, what: str,
               convert: Callable[[DownstreamSettings, BinaryOptions, Console], tuple[Tally, Splits]],
               convert_by_protocols: Callable[[DownstreamSettings, BinaryOptions, list[str], Console], list[Written]],
               ) -> int:
    """Read the command line, convert, and tell what became of it.

    Args:
        description: Stands at the top of ``--help``.
        dataset: As protocols call it.
        what: What the table says of the place, such as ``boxes``.
        convert: Converts by one set of splits.
        convert_by_protocols: Converts by the repeats of protocols.

    Returns:
        The exit status, see :func:`.options.run_downstream`.
    """
    parser = downstream_parser(description, dataset)
    _add_options(parser, what)
    arguments = parser.parse_args()
    check_protocols(parser, arguments, dataset)
    if arguments.split_dir is None and (arguments.allow_overlap or arguments.list_names):
        parser.error('--allow-overlap, --list-names: they are of published lists, give their folder as --split-dir')
    options = BinaryOptions(arguments.labels, arguments.patients, arguments.pixels, arguments.positives_only,
                            not arguments.no_masks)

    def by_one_set(settings: DownstreamSettings, console: Console) -> Converted:
        tally, splits = convert(settings, options, console)
        return tally, splits.names, [splits.describe()]

    if arguments.protocol:
        return run_written(arguments, lambda settings, console: convert_by_protocols(
            settings, options, arguments.protocol, console))
    return run_downstream(arguments, by_one_set)


def _add_options(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument('--labels', type=Path, help=f'table of {what}, .csv or .csv.gz (default: found in root)')
    parser.add_argument('--patients', type=Path, metavar='CSV',
                        help='table of image_id and patient_id: all images of a patient go to one split (default: each '
                             'image is a patient of its own, for the labels do not say)')
    parser.add_argument('--pixels', type=_whole, default=1024, metavar='N',
                        help=f'height and width of the images that the {what} are for (default: 1024)')
    parser.add_argument('--positives-only', action='store_true',
                        help='leave images without the finding out of detection and segmentation')
    parser.add_argument('--allow-overlap', action='store_true',
                        help='take published lists that share images as they are; each result then says so')
    parser.add_argument('--list-names', type=Path, nargs='+', default=[], metavar='CSV',
                        help="tables of new_filename and ImageId that translate the lists' names: of the Kaggle PNG "
                             'copy of SIIM, whose names BenchX took')
    parser.add_argument('--no-masks', action='store_true', help='write no masks and no lists for segmentation')


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 16 <= int(text) <= 8192):
        raise argparse.ArgumentTypeError(f'must be a whole number from 16 to 8192, it is {text!r}')
    return int(text)
