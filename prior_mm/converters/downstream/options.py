"""What the command lines of the supervised data sets have in common: options, messages, exit status."""
import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from prior_mm.protocols import DRAWS, PROTOCOLS, protocol

from ..range_options import add_range_options, chosen_range
from .protocol_repeats import Written, needs_lists, print_repeats, protocols_of
from .settings import DownstreamSettings
from .splits import SHARES, parse_shares
from .tally import Tally

#: What a converter gives back: what became of the images, the names of the splits, lines to print at the end.
Converted = tuple[Tally, tuple[str, ...], list[str]]


def downstream_parser(description: str, dataset: str = '') -> argparse.ArgumentParser:
    """A parser with the options of all.

    Args:
        description: Stands at the top of ``--help``.
        dataset: As protocols call it; '' where there are no splits to choose.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('--image-root', type=Path, help='what image paths count from (default: root)')
    parser.add_argument('--out', type=Path, help='where annotations/ and masks/ are written (default: root)')
    parser.add_argument('--no-images', action='store_true', help='do not look for the images: convert the labels alone')
    add_range_options(parser)
    parser.add_argument('--examples', type=int, default=0, metavar='N', help='name N dropped images for each reason')
    if dataset:
        parser.add_argument('--protocol', action='append', choices=list(protocols_of(dataset)), metavar='NAME',
                            help='write the splits of a protocol (docs/protocols.md), each repeat in a folder of its '
                                 f'own, annotations/mgca/seed0 say: {", ".join(protocols_of(dataset))}. May be given '
                                 'several times')
        add_split_options(parser)
        parser.add_argument('--seed', type=int, help='of all that is drawn (default: 0)')
    return parser


def add_split_options(parser: argparse._ActionsContainer) -> None:
    """The options of splits that are drawn or read, and of smaller sets of training labels."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument('--split-dir', type=Path, metavar='DIR',
                       help='published lists: train.txt, val.txt, test.txt (an id a line), train_1.txt for 1 %% of '
                            'the training labels ... (default: the splits are drawn)')
    where.add_argument('--shares', type=_checked(parse_shares), metavar='NAME=PERCENT,...',
                       help='percent of the images in the splits that are drawn (default: train=70,val=15,test=15)')
    parser.add_argument('--label-shares', type=_percent, nargs='*', default=[1., 10.], metavar='PERCENT',
                        help='smaller sets of training labels to draw, nested and stratified (default: 1 10)')


def check_protocols(parser: argparse.ArgumentParser, arguments: argparse.Namespace, dataset: str) -> None:
    """Refuse options that contradict the protocols that were chosen, as the parser refuses others.

    Args:
        parser: Of :func:`downstream_parser`.
        arguments: What it read.
        dataset: As protocols call it.
    """
    if not arguments.protocol:
        return
    given = [option for option, value in (('--shares', arguments.shares), ('--seed', arguments.seed),
                                          ('--positives-only', getattr(arguments, 'positives_only', None)))
             if value is not None and value is not False]  # a seed of 0 is given, too
    if given:
        parser.error(f'{", ".join(given)}: not allowed with --protocol, which says that itself')
    if arguments.split_dir is not None and not any(needs_lists(name, dataset) for name in arguments.protocol):
        parser.error(f'--split-dir: the splits of {", ".join(arguments.protocol)} are drawn. Leave it out, or leave '
                     'out --protocol')


def add_list_options(parser: argparse.ArgumentParser, dataset: str, task: str, published: str, what: str) -> None:
    """The options of lists of so many images a class: drawn, published, or as a protocol says.

    Args:
        parser: Gets them.
        dataset: As protocols call it.
        task: As protocols call it.
        published: What a published list is.
        what: Of which there are so many a class, ``images`` say.
    """
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--list', type=Path, metavar='FILE', help=published)
    which.add_argument('--seeds', type=int, nargs='+', metavar='SEED', help='draw a list with each of these')
    names = [name for name, item in PROTOCOLS.items() if (dataset, task) in item.settings]
    parser.add_argument('--protocol', choices=names, metavar='NAME',
                        help=f'lists of a protocol (docs/protocols.md), drawn or with --list: {", ".join(names)}')
    parser.add_argument('--per-class', type=int, metavar='N', help=f'{what} a class (default: 200)')


def chosen_lists(parser: argparse.ArgumentParser, arguments: argparse.Namespace, dataset: str,
                 task: str) -> tuple[dict[str, Path | int], int]:
    """What the options of :func:`add_list_options` ask for; the parser refuses what makes no sense.

    Args:
        parser: It.
        arguments: What it read.
        dataset: As protocols call it.
        task: As protocols call it.

    Returns:
        A published list or the seed to draw one with, by ``published`` or ``seed<N>``; and images a class.
    """
    setting = protocol(arguments.protocol).setting(dataset, task) if arguments.protocol else None
    if setting is not None and setting.splits == DRAWS:
        if arguments.seeds or arguments.list or arguments.per_class is not None:
            parser.error(f'--seeds, --list, --per-class: not allowed with --protocol {arguments.protocol}, which says '
                         'that itself')
        return {f'seed{seed}': seed for seed in setting.seeds}, setting.per_class
    if setting is not None and not arguments.list:
        parser.error(f'--list: the protocol {arguments.protocol} takes a published list')
    if not (arguments.list or arguments.seeds):
        parser.error('one of --seeds, --list and --protocol is required')
    if arguments.per_class is not None and (arguments.list or arguments.per_class < 1):
        parser.error('--per-class must be at least 1, and is for lists that are drawn')
    if arguments.list:
        return {'published': arguments.list}, 200
    return {f'seed{seed}': seed for seed in arguments.seeds}, arguments.per_class or 200


def settings_of(arguments: argparse.Namespace) -> DownstreamSettings:
    """The settings that the options of :func:`downstream_parser` stand for."""
    root = arguments.root
    common = dict(root=root, image_root=arguments.image_root or root, output=arguments.out or root,
                  check_images=not arguments.no_images, pixel_range=chosen_range(arguments))
    if 'split_dir' not in arguments:
        return DownstreamSettings(**common)
    return DownstreamSettings(**common, split_dir=arguments.split_dir, shares=arguments.shares or dict(SHARES),
                              percents=tuple(arguments.label_shares), seed=getattr(arguments, 'seed', None) or 0,
                              short_side=getattr(arguments, 'resize', None),
                              workers=getattr(arguments, 'workers', None),
                              list_names=tuple(getattr(arguments, 'list_names', ())),
                              allow_overlap=getattr(arguments, 'allow_overlap', False))


def run_downstream(arguments: argparse.Namespace,
                   convert: Callable[[DownstreamSettings, Console], Converted]) -> int:
    """Convert, and tell what became of it.

    Args:
        arguments: Of :func:`downstream_parser`.
        convert: The converter.

    Returns:
        The exit status: 0, 1 for faults of the data, 130 if it was stopped.
    """
    def run(settings: DownstreamSettings, console: Console) -> list[str]:
        tally, splits, remarks = convert(settings, console)
        tally.print(splits, console, arguments.examples)
        return remarks

    return _run(arguments, run)


def run_written(arguments: argparse.Namespace,
                  convert: Callable[[DownstreamSettings, Console], list[Written]]) -> int:
    """The same for several sets of splits, such as the repeats of protocols.

    Args:
        arguments: Of :func:`downstream_parser`.
        convert: The converter.

    Returns:
        See :func:`run_downstream`.
    """
    def run(settings: DownstreamSettings, console: Console) -> list[str]:
        written = convert(settings, console)
        if len(written) > 1:
            print_repeats(written, console, arguments.examples)
            return [f'Sets of splits, each in annotations/<protocol>/<repeat>: {len(written)}.']
        (repeat, tally), = written
        tally.print(repeat.splits.names, console, arguments.examples)
        return [f'{repeat.describe()}, in annotations/{repeat.folder}. {repeat.splits.describe()}']

    return _run(arguments, run)


def _run(arguments: argparse.Namespace, run: Callable[[DownstreamSettings, Console], list[str]]) -> int:
    console, settings = Console(), settings_of(arguments)
    try:
        remarks = run(settings, console)
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        print(f'{arguments.root}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped. The annotation files are as they were; the same command does everything anew, but copies that '
              'are done are kept.' if settings.short_side else
              'Stopped. The annotation files are as they were; the same command does everything anew.', file=sys.stderr)
        return 130
    for remark in remarks:
        console.print(remark, markup=False, highlight=False, soft_wrap=True)
    if arguments.no_images:
        console.print('Whether the images are there was not looked at (--no-images).')
    console.print(f'Written: {settings.annotations}. Images are named relative to {settings.data_root} (data_root).',
                  markup=False, highlight=False, soft_wrap=True)
    if settings.data_root.resolve() != settings.output.resolve():
        console.print('Training takes one data_root for both. Write copies of the images beside the annotations '
                      '(--resize), or leave out --out and --image-root.' if 'resize' in arguments else
                      'Training takes one data_root for both: link the images there, or leave out --out and '
                      '--image-root.', markup=False, highlight=False, soft_wrap=True)
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
