"""Tables of all formats give the same rows, and what is none is refused with its place."""
import csv
import gzip
import io
import json

import pytest

from prior_mm.converters.csv_tables import TableError
from prior_mm.converters.table.any_table import find_table, read_any_table

ROWS = [{'image': 'a.png', 'label': '1', 'note': 'No change, still.'},
        {'image': 'b.png', 'label': '', 'note': 'A "new" mass;\nlarge.'}]


def written(delimiter):
    file = io.StringIO(newline='')
    writer = csv.DictWriter(file, ROWS[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(ROWS)
    return file.getvalue().encode()


def json_lines():
    values = [dict(ROWS[0], label=True), dict(ROWS[1], label=None)]
    return '\n'.join(map(json.dumps, values)).encode()


@pytest.mark.parametrize('zipped', [False, True])
@pytest.mark.parametrize(('ending', 'content'), [
    ('csv', written(',')), ('csv', written(';')), ('txt', written('\t')), ('tsv', written('\t')),
    ('jsonl', json_lines())])
def test_the_same_rows(tmp_path, ending, content, zipped):
    """Commas, semicolons or tabs, quotes and line breaks, JSON's true and null, gzipped or not: the same text."""
    path = tmp_path / f'table.{ending}{".gz" if zipped else ""}'
    path.write_bytes(gzip.compress(content) if zipped else content)
    columns, rows = read_any_table(path)
    assert columns == list(ROWS[0]) and [row.values for row in rows] == ROWS


def test_parquet(tmp_path):
    """The same of a Parquet file, where pyarrow is there."""
    pyarrow = pytest.importorskip('pyarrow')
    from pyarrow import parquet
    parquet.write_table(pyarrow.Table.from_pylist(ROWS), tmp_path / 'table.parquet')
    columns, rows = read_any_table(tmp_path / 'table.parquet')
    assert columns == list(ROWS[0]) and [row.values for row in rows] == ROWS
    typed = [dict(image='a.png', patient=12, mass=True, seen=None, boxes=[['Mass', 1.5, 2.]], share=float('nan')),
             dict(image='b.png', patient=7, mass=False, seen='x ', boxes=[], share=.5)]
    parquet.write_table(pyarrow.table({name: [row[name] for row in typed] if name != 'boxes' else
                                       [json.dumps(row[name]) for row in typed] for name in typed[0]}),
                        tmp_path / 'typed.parquet', row_group_size=1)
    assert [(row.line, list(row.values.values())) for row in read_any_table(tmp_path / 'typed.parquet')[1]] == [
        (1, ['a.png', '12', '1', '', '[["Mass", 1.5, 2.0]]', '']), (2, ['b.png', '7', '0', 'x', '[]', '0.5'])]
    (tmp_path / 'table.parquet').write_bytes(b'PAR1 broken')
    with pytest.raises(TableError, match='no Parquet file'):
        read_any_table(tmp_path / 'table.parquet')


@pytest.mark.parametrize(('name', 'content', 'message'), [
    ('t.jsonl', b'{"image": "a"}\n[1]\n', 'line 2: no JSON lines'), ('t.jsonl', b'{"image"\n', 'line 1: no JSON lines'),
    ('t.csv', b'image,label\na\n', 'line 2: 1 values, but 2 columns'), ('t.csv', b'image,label\n', 'holds no row'),
    ('t.tsv.gz', gzip.compress(written('\t'), mtime=0)[:-9], 'cut short'),
    ('t.csv', b'a,b\n\xff\xfe,1\n', 'not UTF-8')])
def test_faults(tmp_path, name, content, message):
    """A damaged table is named with its line and mend."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message):
        read_any_table(tmp_path / name)


def test_the_only_table_is_found(tmp_path):
    """One table in a folder is it; of several, or none, the user must name one."""
    with pytest.raises(FileNotFoundError, match='holds no table'):
        find_table(tmp_path)
    (tmp_path / 'films.CSV').write_bytes(written(','))
    assert find_table(tmp_path).name == 'films.CSV'
    (tmp_path / 'more.jsonl.gz').write_bytes(b'')
    with pytest.raises(FileNotFoundError, match='several tables, films.CSV, more.jsonl.gz'):
        find_table(tmp_path)
