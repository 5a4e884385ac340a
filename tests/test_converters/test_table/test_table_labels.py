"""Findings of a table: names with separators or a column each, and what becomes of -1 and of nothing."""
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.table.any_table import Row
from prior_mm.converters.table.columns import Columns
from prior_mm.converters.table.labels import LabelOptions, label_reader, merge_labels

TABLE = Path('t.csv')


def read(cells, **options):
    """Classes and labels of names in a column."""
    rows = [Row(number, dict(finding=cell)) for number, cell in enumerate(cells, 2)]
    reader = label_reader(TABLE, rows, Columns('image', names='finding'), LabelOptions(**options))
    return reader.classes, [reader.read(row) for row in rows]


def test_names():
    """Separators are found, "No Finding" and the like are no class, and lists of JSON are names, too."""
    cells = ['Mass|Edema', 'No Finding', 'Edema', 'normal', '["Mass"]']
    assert read(cells) == (('Edema', 'Mass'), [(1, 1), (0, 0), (1, 0), (0, 0), (0, 1)])
    assert read(['a, b; c', 'c'])[0] == ('a, b', 'c')
    assert read(['a, b', 'c'], separator=',')[0] == ('a', 'b', 'c')
    assert read(['gut', 'Mass'], no_finding=('Gut', ))[0] == ('Mass', )
    assert read(cells, classes=('Mass', ))[1] == [(1, ), (0, ), (0, ), (0, ), (1, )]


def test_columns_of_labels():
    """Words and numbers, and the policies for uncertain and empty cells."""
    columns = Columns('image', labels=('Mass', 'Edema'))
    row = Row(2, {'Mass': '-1.0', 'Edema': 'YES'})
    for policy, label in dict(ignore=-1, ones=1, zeros=0).items():
        assert label_reader(TABLE, [row], columns, LabelOptions(uncertain=policy)).read(row) == (label, 1)
    row = Row(2, {'Mass': '', 'Edema': '0'})
    assert label_reader(TABLE, [row], columns, LabelOptions(missing='zeros')).read(row) == (0, 0)
    assert label_reader(TABLE, [row], columns, LabelOptions(missing='ignore')).read(row) == (-1, 0)


@pytest.mark.parametrize(('columns', 'value', 'message'), [
    (dict(labels=('Mass', )), '', 'line 7: Mass is empty. Say what'), (dict(names='Mass'), '', 'line 7: Mass is empty'),
    (dict(labels=('Mass', )), 'perhaps', "line 7: Mass is 'perhaps'")])
def test_cells_that_say_nothing_clear(columns, value, message):
    """An empty cell may be a negative or unknown: the user is asked. Other words are refused."""
    row = Row(7, {'Mass': value})
    reader = label_reader(TABLE, [row], Columns('image', **columns), LabelOptions())
    with pytest.raises(TableError, match=message):
        reader.read(row)


def test_classes_that_do_not_occur():
    """A class that is misspelt would be one without a single positive."""
    with pytest.raises(TableError, match="'mas' does not occur"):
        read(['Mass'], classes=('mas', ))
    with pytest.raises(TableError, match="'mas' is none of the columns"):
        label_reader(TABLE, [], Columns('image', labels=('Mass', )), LabelOptions(classes=('mas', )))


@pytest.mark.parametrize('other', ['pneumonia', 'Pneumonia ?', 'PNEU-MONIA'])
def test_classes_of_two_spellings(other):
    """A finding that is spelt otherwise than its class, or with a question mark, would be a silent negative."""
    with pytest.raises(TableError, match=f'{re.escape(repr(other))} is none of the classes, .Pneumonia. is'):
        read(['Pneumonia', f'Mass|{other}'], classes=('Pneumonia', ))
    assert read(['Pneumonia', other], classes=('Pneumonia', other))[1] == [(1, 0), (0, 1)]
    assert read(['+', '-'], classes=('+', ))[1] == [(1, ), (0, )]


@given(st.lists(st.lists(st.sampled_from([-1, 0, 1]), min_size=3, max_size=3), min_size=1))
def test_merged_labels(labels):
    """Of several images of a study: what any shows, it shows; else unknown if any is."""
    expected = [1 if any(row[place] == 1 for row in labels) else -1 if any(row[place] == -1 for row in labels) else 0
                for place in range(3)]
    assert merge_labels(labels) == tuple(expected)
