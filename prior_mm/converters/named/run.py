"""The command line of the named data sets: their own files become one table, and the table is converted."""
import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from prior_mm.files.whole_files import write_whole
from prior_mm.protocols import OWN

from ..downstream.options import run_written
from ..downstream.protocol_repeats import protocols_of
from ..layout_error import LayoutError
from ..table.boxes import BoxOptions
from ..table.command_line import table_options
from ..table.convert import TableOptions, convert_table
from ..table.labels import LabelOptions


class NamedTable(NamedTuple):
    """What a data set's own files say.

    Attributes:
        entries: An object an image: image, patient, split, view, finding (names joined by ``|``), boxes.
        classes: The findings, in their published order.
        pixels: Long side of the images that boxes are for; 0 for those that are there.
    """
    entries: list[dict[str, Any]]
    classes: tuple[str, ...]
    pixels: int = 0


def run_named(name: str, parser: argparse.ArgumentParser,
              read: Callable[[argparse.Namespace], NamedTable]) -> int:
    """Read the command line and the data set's files, and convert them.

    Args:
        name: Of the data set, as configs call it.
        parser: Of :func:`..table.command_line.table_parser`, with the data set's own options.
        read: Reads the files that the options name.

    Returns:
        The exit status, see :func:`..downstream.options.run_downstream`.
    """
    there = list(protocols_of(name))
    if there:
        parser.add_argument('--protocol', choices=there, metavar='NAME',
                            help=f'splits of a protocol (docs/protocols.md), by its lists, --split-dir: '
                                 f'{", ".join(there)}')
    arguments = parser.parse_args()
    if there and arguments.protocol and arguments.split_dir is None:
        parser.error(f'--protocol {arguments.protocol}: its splits are published lists. Give their folder, with '
                     'train.txt, val.txt and test.txt in it, as --split-dir')
    try:
        found = read(arguments)
        table = (arguments.out or arguments.root) / 'annotations' / f'{name}.jsonl'
        write_whole(table, ''.join(f'{json.dumps(entry)}\n' for entry in found.entries).encode())
    except (ValueError, OSError) as error:
        print(f'{arguments.root}: {error}', file=sys.stderr)
        return 1
    options = _options(name, table, found, arguments)
    return run_written(arguments, lambda settings, console: convert_table(settings, options, console))


def find_file(root: Path, given: Path | None, names: Iterable[str], option: str, what: str) -> Path:
    """A file of the data set: as given, or under one of its names in the folder or one below.

    Raises:
        LayoutError: If it is not there; the message says what it is and how to name it.
    """
    names = list(names)
    if given is not None:
        if not given.is_file():
            raise LayoutError([f'{option}: there is no file {given}. Check the path'])
        return given
    for pattern in ('', '*/'):
        for name in names:
            if path := next(iter(sorted(root.glob(pattern + name))), None):
                return path
    raise LayoutError([f'{what}: {root} holds no {" or ".join(names)}. Put it there, or give {option}'])


def _options(name: str, table: Path, found: NamedTable, arguments: argparse.Namespace) -> TableOptions:
    chosen = table_options(arguments)
    named = {name for entry in found.entries for name in entry['finding'].split('|')}
    classes = chosen.labels.classes or tuple(name for name in found.classes if name in named)
    there = {key for entry in found.entries for key, value in entry.items() if value}
    columns = {role: role if role in there else 'none' for role in ('patient', 'split', 'view')}
    return TableOptions(
        name=chosen.name if arguments.name else name, table=table,
        columns=dict(columns, image='image', names='finding', report='none', findings='none', impression='none',
                     study='none'),
        label_columns=['none'], labels=LabelOptions(classes, '|'),
        boxes=BoxOptions('boxes', pixels=found.pixels) if 'boxes' in there else BoxOptions(),
        splits=replace(chosen.splits, protocol=getattr(arguments, 'protocol', None) or OWN, dataset=name),
        all_views=True, synthetic=chosen.synthetic, fresh=chosen.fresh)
