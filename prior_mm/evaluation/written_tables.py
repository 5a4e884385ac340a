"""Gathered results as text: Markdown, CSV, LaTeX or HTML."""
import csv
import io

from tabulate import tabulate

from .gathered import Cell, Column, Gathered
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


def _table(table: Gathered, form: str) -> str:
    columns = table.columns
    rows = [[row, *(_shown(column, cells.get(column)) for column in columns)] for row, cells in table.cells.items()]
    text = tabulate(rows, ['model', *(column.title for column in columns)], _TABULATE[form], disable_numparse=True)
    sources = [f'[{number}] {source}' for number, source in enumerate(dict.fromkeys(table.published.values()), 1)]
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
