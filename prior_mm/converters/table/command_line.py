"""The command line of tables."""
import argparse
from pathlib import Path

from rich.console import Console

from ..downstream.chexpert_labels import POLICIES
from ..downstream.options import add_split_options, downstream_parser, run_written
from ..downstream.protocol_repeats import Written
from ..downstream.settings import DownstreamSettings
from .boxes import BoxOptions
from .columns import COMMON, OPTIONS
from .convert import TableOptions, convert_table
from .labels import LabelOptions
from .masks import MaskOptions
from .own_repeats import SplitOptions


def run_table(description: str) -> int:
    """Read the command line, convert, and tell what became of it.

    Args:
        description: Stands at the top of ``--help``.

    Returns:
        The exit status, see :func:`..downstream.options.run_downstream`.
    """
    parser = table_parser(description)
    arguments = parser.parse_args()
    if arguments.resize and arguments.no_images:
        parser.error('--resize: not allowed with --no-images')
    options = table_options(arguments)

    def convert(settings: DownstreamSettings, console: Console) -> list[Written]:
        return convert_table(settings, options, console)

    return run_written(arguments, convert)


def table_parser(description: str) -> argparse.ArgumentParser:
    """A parser with all options of tables."""
    parser = downstream_parser(description)
    parser.add_argument('--table', type=Path, help='.csv, .tsv, .jsonl or .parquet, gzipped or not (default: the only '
                                                   'one in root)')
    parser.add_argument('--name', help="of the data set (default: the folder's)")
    parser.add_argument('--synthetic', action='store_true', help='the images are drawn: all results will say so')
    columns = parser.add_argument_group('columns (guessed from common names where not given; none: there is no such)')
    columns.add_argument('--image', metavar='COLUMN', help='paths of images, or names of files with or without ending')
    for role, what in OPTIONS.items():
        columns.add_argument(f'--{role}', metavar='COLUMN', nargs='+' if role == 'labels' else None, help=what)
    labels = parser.add_argument_group('labels')
    labels.add_argument('--classes', nargs='+', metavar='NAME', help='findings to keep, in this order (default: all)')
    labels.add_argument('--separator', help='between names of findings (default: | or ; where one occurs)')
    labels.add_argument('--no-finding', nargs='+', default=[], metavar='NAME',
                        help='names for "nothing was found", beside No Finding, Normal and the like')
    labels.add_argument('--uncertain', choices=POLICIES, default='ignore',
                        help='what -1 becomes; what is ignored counts neither in loss nor in metric (default: ignore)')
    labels.add_argument('--missing', choices=('zeros', 'ignore'),
                        help='what an empty cell becomes (default: an empty cell is an error that asks)')
    places = parser.add_argument_group('boxes and masks')
    where = places.add_mutually_exclusive_group()
    where.add_argument('--boxes', metavar='COLUMN', help='a list [[class, x, y, width, height], ...] as JSON')
    where.add_argument('--box-columns', nargs=4, metavar=('X', 'Y', 'WIDTH', 'HEIGHT'),
                       help='a row a box, its class that of --names')
    where.add_argument('--box-corners', nargs=4, metavar=('X1', 'Y1', 'X2', 'Y2'), help='the same, by corners')
    where.add_argument('--coco', type=Path, metavar='FILE', help='boxes as a COCO file, found by the names of images')
    places.add_argument('--pixels', type=_count, default=0, metavar='N',
                        help='long side of the images that boxes and run lengths are for (default: those there)')
    where = places.add_mutually_exclusive_group()
    where.add_argument('--mask', metavar='COLUMN', help='paths of masks, or run lengths')
    where.add_argument('--mask-dir', type=Path, metavar='DIR', help='folder of masks that are called as the images are')
    places.add_argument('--mask-name', default='', metavar='NAME', help='what the masks show (default: the column)')
    places.add_argument('--absolute-runs', action='store_true',
                        help='run lengths are starts and lengths (default: gaps and lengths, as in SIIM)')
    places.add_argument('--unmasked', choices=('out', 'empty'), default='out',
                        help='images without a mask: left out of segmentation, or taken as showing nothing')
    images = parser.add_argument_group('images and reports')
    images.add_argument('--all-views', action='store_true', help='keep lateral views, too')
    images.add_argument('--resize', type=_count, metavar='PIXELS',
                        help='write copies of the images whose short side has so many pixels, 256 say; the annotations '
                             'then name the copies')
    images.add_argument('--workers', type=_count, metavar='N', help='processes (default: one for each core)')
    images.add_argument('--min-sentences', type=_count, default=4, metavar='N',
                        help='a study with fewer is left out of pre-training (default: 4)')
    images.add_argument('--fresh', action='store_true', help='use nothing that a stopped run left')
    splits = parser.add_argument_group('splits, always by patients')
    add_split_options(splits)
    how = splits.add_mutually_exclusive_group()
    how.add_argument('--seeds', type=int, nargs='+', default=[0], metavar='N',
                     help='a set of splits for each seed (default: 0)')
    how.add_argument('--folds', type=int, default=0, metavar='K', help='K-fold cross-validation instead')
    splits.add_argument('--val-share', type=float, default=15., metavar='PERCENT',
                        help='of the training images, drawn for val where splits are given without it (default: 15)')
    return parser


def table_options(arguments: argparse.Namespace) -> TableOptions:
    """The options that a command line stands for."""
    columns = {role: getattr(arguments, role) for role in COMMON}
    labels = LabelOptions(tuple(arguments.classes) if arguments.classes else None, arguments.separator,
                          tuple(arguments.no_finding), arguments.uncertain, arguments.missing)
    return TableOptions(
        name=arguments.name or arguments.root.resolve().name, table=arguments.table, columns=columns,
        label_columns=arguments.labels, labels=labels,
        boxes=BoxOptions(arguments.boxes, tuple(arguments.box_columns or arguments.box_corners or ()),
                         bool(arguments.box_corners), arguments.coco, arguments.pixels),
        masks=MaskOptions(arguments.mask, arguments.mask_dir, arguments.mask_name, arguments.absolute_runs,
                          arguments.unmasked),
        splits=SplitOptions(tuple(dict.fromkeys(arguments.seeds)), arguments.folds, arguments.val_share),
        all_views=arguments.all_views, min_sentences=arguments.min_sentences, synthetic=arguments.synthetic,
        fresh=arguments.fresh)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f'must be a whole number of at least 1, it is {text!r}')
    return int(text)
