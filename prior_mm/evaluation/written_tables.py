"""Gathered results as text: Markdown, CSV, LaTeX or HTML; and the paired test of two of their rows."""
import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from .gathered import Cell, Column, Gathered, paired_files
from .paired import Difference, delong, paired_bootstrap, paired_f1
from .per_image import read_per_image
from .results import shown

FORMATS = ('md', 'csv', 'tex', 'html')
_TABULATE = dict(md='github', tex='latex', html='html')


def write_tables(tables: list[Gathered], form: str) -> str:
    """All tables as text.

    Args:
        tables: What :func:`.gathered.gather` gives.
        form: One of :data:`FORMATS`. CSV is long: a line a figure, its numbers not rounded.

    Raises:
        ValueError: If there is no such form.
    """
    if form not in FORMATS:
        raise ValueError(f'the form of a table is one of {", ".join(FORMATS)}, not {form!r}')
    return _csv(tables) if form == 'csv' else '\n\n'.join(_table(table, form) for table in tables) + '\n'


def compare(table: Gathered, first: str, second: str, records: Mapping[Path, Mapping[str, Any]]) -> \
        dict[Column, Difference]:
    """The paired test of two rows, by column; where both have a run of the same repeat and seed.

    Args:
        table: Of both rows.
        first: A row.
        second: Another one, which the differences are of.
        records: The results by their files.

    Raises:
        ValueError: If there is no such row, or the runs were tested on other images.
    """
    if unknown := [row for row in (first, second) if row not in table.cells]:
        raise ValueError(f'{table.protocol} has no row {unknown[0]!r}; it has: {"; ".join(table.cells)}')
    found = {}
    for column in table.columns:
        cells = [table.cells[row].get(column) for row in (first, second)]
        pair = paired_files(cells[0].files, cells[1].files, records) if cells[0] and cells[1] else None
        if pair and all(records[path].get('per_image') for path in pair):
            found[column] = _difference(column, *(path.with_name(records[path]['per_image']) for path in pair))
    return {column: difference for column, difference in found.items() if difference}


def _difference(column: Column, first: Path, second: Path) -> Difference | None:
    one, other = read_per_image(first), read_per_image(second)
    if one.keys() != other.keys():
        raise ValueError(f'{first} and {second} are of other images: {len(one)} and {len(other)}, '
                         f'{len(one.keys() & other.keys())} of them the same')
    names = list(next(iter(one.values())))
    values = [np.array([[of[image][name] for name in names] for image in one]) for of in (one, other)]
    if column.figure == 'segmentation/dice':
        return paired_bootstrap(*(value[:, names.index('dice')] for value in values))
    scores = [place for place, name in enumerate(names) if name.endswith(':score')]
    test = {'classification/auroc': delong, 'classification/f1': paired_f1}.get(column.figure)
    if test is None or len(scores) != 1:  # of several findings the mean has no test of this kind
        return None
    labels = values[0][:, names.index(names[scores[0]].replace(':score', ':label'))]
    known = labels >= 0
    return test(values[0][known, scores[0]], values[1][known, scores[0]], labels[known])


def _table(table: Gathered, form: str) -> str:
    columns = table.columns
    rows = [[row, *(_shown(column, cells.get(column)) for column in columns)] for row, cells in table.cells.items()]
    text = tabulate(rows, ['model', *(column.title for column in columns)], _TABULATE[form], disable_numparse=True)
    sources = [f'{row}: {source}' for row, source in table.published.items()]
    lines = [f'protocol {table.protocol}', '', text, *(['', 'Published, not run here:', *sources] if sources else [])]
    if form == 'tex':
        lines = [line if line is text else f'% {line}' if line else line for line in lines]
    elif form == 'html':
        lines = [line if line is text else f'<p>{line}</p>' if line else line for line in lines]
    return '\n'.join(lines)


def _shown(column: Column, cell: Cell | None) -> str:
    if cell is None:
        return ''
    name = column.figure
    text = shown(name, cell.mean)
    if cell.deviation is not None:
        text += f' ± {shown(name, cell.deviation)} ({len(cell.values)} runs)'
    if cell.interval is not None:
        text += ' [{} to {}]'.format(*(shown(name, bound).removesuffix(' %') for bound in cell.interval))
    return text.replace(' %', '')


def _csv(tables: list[Gathered]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['protocol', 'model', *Column._fields, 'mean', 'deviation', 'runs', 'low', 'high', 'source'])
    for table in tables:
        for row, cells in table.cells.items():
            for column, cell in cells.items():
                writer.writerow([table.protocol, row, *column, cell.mean, cell.deviation, len(cell.values),
                                 *(cell.interval or ('', '')), table.published.get(row, '')])
    return text.getvalue()
