"""What the converters' command lines have in common: options, the run, its messages and the exit status."""
import argparse
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from rich.console import Console

from .annotation_files import LEFT_OUT
from .convert import DatasetSource, convert_dataset, print_summary
from .measured_range import SAMPLE, measure_range
from .range_options import add_range_options, chosen_range
from .study_conversion import ConversionOptions


def conversion_parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options of all converters.

    Args:
        description: Stands at the top of ``--help``.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('--image-root', type=Path, help='what image paths count from (default: root)')
    parser.add_argument('--out', type=Path, help='where annotations/ and resized copies are written (default: root)')
    parser.add_argument('--min-sentences', type=_count, default=4, metavar='N',
                        help='fewer: the study is dropped (default: 4)')
    images = parser.add_mutually_exclusive_group()
    images.add_argument('--resize', type=_count, metavar='PIXELS',
                        help='write copies of the images whose short side has so many pixels, 256 say; the '
                             'annotations then name the copies')
    images.add_argument('--no-images', action='store_true', help='do not look whether the images are there')
    add_range_options(parser)
    parser.add_argument('--workers', type=_count, metavar='N', help='processes (default: one for each core)')
    parser.add_argument('--examples', type=int, default=3, metavar='N',
                        help=f'name N dropped studies for each reason (default: 3; annotations/{LEFT_OUT} has all)')
    parser.add_argument('--fresh', action='store_true', help='use nothing that a stopped run left')
    return parser


def run_conversion(arguments: argparse.Namespace, find_source: Callable[[argparse.Namespace], DatasetSource]) -> int:
    """Convert, and tell what became of it.

    Args:
        arguments: Of :func:`conversion_parser`, and what the converter added.
        find_source: Looks whether the data are complete, and reads the tables.

    Returns:
        The exit status: 0, 1 for faults of the data, 130 if it was stopped.
    """
    console, output = Console(), arguments.out or arguments.root
    try:
        with console.status('reading the tables'):
            source = find_source(arguments)
        options = ConversionOptions(source.image_root, arguments.min_sentences, arguments.resize, output,
                                    check_images=not arguments.no_images, pixel_range=chosen_range(arguments))
        summary = convert_dataset(source, output, options, arguments.workers, arguments.fresh)
    except (ValueError, RuntimeError, OSError) as error:
        print(f'{arguments.root}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped. What is done is kept: the same command goes on from there.', file=sys.stderr)
        return 130
    print_summary(summary, source.splits, console, arguments.examples)
    if (output / 'annotations' / LEFT_OUT).is_file():
        console.print(f'All that was left out, and why: {output / "annotations" / LEFT_OUT}', markup=False,
                      soft_wrap=True)
    for line in _measured(source, options) if options.check_images else ():
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for table in source.tables:
        console.print(f'Read: {table}', markup=False, soft_wrap=True)
    for remark in source.remarks(summary):
        console.print(remark, markup=False, soft_wrap=True)
    if arguments.no_images:
        console.print('Whether the images are there was not looked at (--no-images).')
    console.print(f'Written: {output}/annotations. Images are named relative to '
                  f'{source.image_root if arguments.resize is None else output} (data_root).', markup=False,
                  soft_wrap=True)
    return 0


def _measured(source: DatasetSource, options: ConversionOptions) -> Iterator[str]:
    """What the gray values of some images are, from all over the data set."""
    every = max(1, source.total // SAMPLE)
    studies = (study for number, study in enumerate(source.studies()) if number % every == 0 and study.images)
    images = ((options.image_root / study.images[0], study.views[0]) for study in studies)
    yield from measure_range(((path, view) for path, view in islice(images, 2 * SAMPLE) if path.is_file()),
                             options.pixel_range)


def _count(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be a whole number of at least 1, it is {text!r}')
    return value
