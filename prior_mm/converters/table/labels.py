"""Findings of a row: from a column each, or from one column of names."""
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..csv_tables import TableError
from ..downstream.chexpert_labels import POLICIES, UNKNOWN, LabelPolicy
from .any_table import Row
from .columns import Columns, other_spelling, plain

#: What a cell of a finding's column says, in lower case.
_VALUES = {**dict.fromkeys(('1', '1.0', 'true', 'yes', 'y', 'positive', 'present'), 1),
           **dict.fromkeys(('0', '0.0', 'false', 'no', 'n', 'negative', 'absent'), 0),
           **dict.fromkeys(('-1', '-1.0', 'uncertain'), -1), **dict.fromkeys(('', 'nan', 'na', 'n/a', 'null'), None)}
_SEPARATORS = ('|', ';')
#: Names that say that nothing was found; case, blanks and punctuation do not count.
_NO_FINDING = ('nofinding', 'nofindings', 'normal', 'none', 'healthy', 'negative')


@dataclass(frozen=True)
class LabelOptions:
    """What becomes of labels.

    Attributes:
        classes: Those to keep, in this order; None keeps all that the table has.
        separator: Between names; None takes ``|`` or ``;`` where one occurs.
        no_finding: Names for "nothing was found", beside the common ones.
        uncertain: One of ``ignore``, ``ones``, ``zeros``.
        missing: What an empty cell becomes, ``zeros`` or ``ignore``; None makes an empty cell an error that asks.
    """
    classes: tuple[str, ...] | None = None
    separator: str | None = None
    no_finding: tuple[str, ...] = ()
    uncertain: str = 'ignore'
    missing: str | None = None


@dataclass(frozen=True)
class LabelReader:
    """Reads the findings of rows.

    Attributes:
        classes: The findings, in order; none if the table has no labels.
        read: Gives 1, 0 or -1 (to be ignored) by class.
        separator: That stands between names, if there is one.
    """
    classes: tuple[str, ...]
    read: Callable[[Row], tuple[int, ...]]
    separator: str | None = None


def label_reader(table: Path, rows: Sequence[Row], columns: Columns, options: LabelOptions) -> LabelReader:
    """Look at all labels of a table, and make a reader of them.

    Args:
        table: For messages.
        rows: All of it.
        columns: ``names`` or ``labels`` of them are read.
        options: See :class:`LabelOptions`.

    Raises:
        TableError: If a value is none, a cell is empty and nothing says what that means, or a class does not
            occur or has two spellings.
        ValueError: If a policy is unknown.
    """
    if options.uncertain not in POLICIES or options.missing not in (None, 'zeros', 'ignore'):
        raise ValueError(f'uncertain is one of {", ".join(POLICIES)}, missing is zeros or ignore')
    if columns.labels:
        return _by_columns(table, columns, options)
    if columns.names:
        return _by_names(table, rows, columns.names, options)
    return LabelReader((), lambda row: ())


def merge_labels(labels: Iterable[Sequence[int]]) -> tuple[int, ...]:
    """Labels of several rows or images together: 1 where any says so, else -1 where any does, else 0."""
    return tuple(1 if 1 in column else UNKNOWN if UNKNOWN in column else 0 for column in zip(*labels, strict=True))


def _by_columns(table: Path, columns: Columns, options: LabelOptions) -> LabelReader:
    classes = columns.labels if options.classes is None else options.classes
    if strange := [name for name in classes if name not in columns.labels]:
        raise TableError(f'--classes: {strange[0]!r} is none of the columns of labels, {", ".join(columns.labels)}')
    policy = LabelPolicy(classes, dict.fromkeys(classes, options.uncertain), options.missing or 'ignore')

    def read(row: Row) -> tuple[int, ...]:
        values = [row.values.get(name, '').lower() for name in classes]
        for name, value in zip(classes, values, strict=True):
            if value not in _VALUES:
                raise TableError(f'{table}, line {row.line}: {name} is {row.values[name]!r}; wanted is 1, 0, -1 '
                                 '(uncertain), yes, no, or nothing')
            if _VALUES[value] is None and options.missing is None:
                raise TableError(_empty(table, row, name))
        return tuple(policy.labels([_VALUES[value] for value in values]))

    return LabelReader(classes, read)


def _by_names(table: Path, rows: Sequence[Row], column: str, options: LabelOptions) -> LabelReader:
    cells = {row.values.get(column, '') for row in rows}
    separator = options.separator or next((sign for sign in _SEPARATORS if any(sign in cell for cell in cells)), None)
    nothing = {plain(name) for name in (*_NO_FINDING, *options.no_finding)}
    names = {cell: [name for name in _names(cell, separator) if plain(name) not in nothing] for cell in cells}
    counts = Counter(name for found in names.values() for name in found)
    classes = tuple(sorted(counts)) if options.classes is None else options.classes
    if strange := [name for name in classes if name not in counts]:
        raise TableError(f'--classes: {strange[0]!r} does not occur in the column {column} of {table}; there are '
                         f'{", ".join(sorted(counts)[:20])}')
    if options.classes is not None and (problem := other_spelling(counts, classes)):
        raise TableError(f'{table}, column {column}: {problem}')

    def read(row: Row) -> tuple[int, ...]:
        cell = row.values.get(column, '')
        if cell:
            return tuple(int(name in names[cell]) for name in classes)
        if options.missing is None:
            raise TableError(_empty(table, row, column))
        return (0 if options.missing == 'zeros' else UNKNOWN, ) * len(classes)

    return LabelReader(classes, read, separator)


def _names(cell: str, separator: str | None) -> list[str]:
    if cell.startswith('['):
        try:
            return [str(name).strip() for name in json.loads(cell)]
        except ValueError:
            pass
    return [name for part in (cell.split(separator) if separator else [cell]) if (name := part.strip())]


def _empty(table: Path, row: Row, column: str) -> str:
    return (f'{table}, line {row.line}: {column} is empty. Say what an empty cell means: --missing zeros (without the '
            'finding) or --missing ignore (not known)')
