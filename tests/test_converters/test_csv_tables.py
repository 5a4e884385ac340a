"""CSV files: read whatever writes them, and refused with the line and the mend when they are damaged."""
import codecs
import csv
import gzip
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.converters.csv_tables import TableError, read_lines, read_rows

TABLE = b'dicom_id,study_id,Rows\na,1,10\nb,2,20\n'


def zipped(content: bytes) -> bytes:
    """Gzipped, the same at any time of day: parameters of tests must be."""
    return gzip.compress(content, mtime=0)


def rows(path, columns=('study_id', 'dicom_id'), **options):
    return list(read_rows(path, columns, **options))


@pytest.mark.parametrize('content', [
    TABLE, b'\xef\xbb\xbf' + TABLE, TABLE.replace(b'\n', b'\r\n'), TABLE.rstrip(b'\n'), zipped(TABLE),
    zipped(b'\xef\xbb\xbf' + TABLE), TABLE.replace(b'dicom_id', b' DICOM_ID ').replace(b'a,1', b' a , 1 '),
    TABLE.replace(b'b,2', b'\n"b","2"'), TABLE.decode().encode('utf-16'), zipped(TABLE.decode().encode('utf-16')),
    codecs.BOM_UTF16_BE + TABLE.decode().encode('utf-16-be'), TABLE.decode().encode('utf-32')],
    ids=['plain', 'mark', 'Windows', 'no last line end', 'gzip', 'gzip with mark', 'blanks and case', 'quotes',
         'UTF-16', 'UTF-16, gzip', 'UTF-16, big endian', 'UTF-32'])
def test_spellings(tmp_path, content):
    """Byte order marks, line ends, gzip under a wrong name, blanks, case and empty lines change nothing."""
    (tmp_path / 'table.csv').write_bytes(content)
    assert [row for _, row in rows(tmp_path / 'table.csv')] == [{'study_id': '1', 'dicom_id': 'a'},
                                                               {'study_id': '2', 'dicom_id': 'b'}]


def test_lists(tmp_path):
    """Lists of ids are read as tables are: in UTF-16 with a mark; without one the error names encoding and mend."""
    path = tmp_path / 'train.txt'
    for encoding in ('utf-8', 'utf-8-sig', 'utf-16', 'utf-32'):
        path.write_bytes('é1\r\nb2\r\n'.encode(encoding))
        assert read_lines(path) == ['é1', 'b2']
    path.write_bytes('é1\r\nb2\r\n'.encode('utf-16-le'))
    with pytest.raises(TableError, match='train.txt: not UTF-8 text .it looks like UTF-16, .* save it as UTF-8'):
        read_lines(path)


def test_other_columns_come_under_their_names(tmp_path):
    """``others`` gives the rest, and only then; lines are counted from the header's."""
    (tmp_path / 'table.csv').write_bytes(TABLE)
    assert rows(tmp_path / 'table.csv', ('dicom_id', ), others=True)[1] == (
        3, {'dicom_id': 'b', 'study_id': '2', 'Rows': '20'})


@pytest.mark.parametrize('content, message', [
    (b'', 'lacks the columns study_id, dicom_id; it has nothing'), (b'study_id\n1\n', 'lacks the column dicom_id;'),
    (TABLE + b'c,3\n', 'line 4: 2 values, but 3 columns'), (TABLE + b'c,3,4,5\n', 'line 4: 4 values, but 3 columns'),
    (zipped(TABLE * 50)[:-12], 'damaged or cut short'), (zipped(TABLE)[:30], 'damaged or cut short'),
    (zipped(TABLE)[:10] + b'\7' + zipped(TABLE)[11:], 'damaged or cut short'),  # no such kind of block
    (TABLE.decode().encode('utf-16-le'), 'not UTF-8 text .it looks like UTF-16, little endian, without a byte order'),
    (zipped(TABLE.decode().encode('utf-16-be')), 'UTF-16, big endian, without a byte order mark.* save it as UTF-8'),
    (TABLE.decode().encode('utf-16')[:-1], 'not UTF-16 text'), (b'\xff\xfe' + b'\x00\xd8' * 40, 'not UTF-16 text'),
    (b'study_id,dicom_id,Study_ID\n1,a,2\n', 'has the column study_id 2 times, and nothing says which one'),
    (TABLE + b'"' + b'x' * 140000, 'no CSV file'), (TABLE.replace(b',', b';'), 'lacks the columns')])
def test_faults(tmp_path, content, message):
    """Each fault is a TableError that names the file, and what is wrong with it."""
    (tmp_path / 'table.csv').write_bytes(content)
    with pytest.raises(TableError, match=message) as error:
        rows(tmp_path / 'table.csv')
    assert 'table.csv' in str(error.value)


VALUES = st.text(st.characters(codec='utf-8', exclude_characters='\0\r'), max_size=6)


@settings(max_examples=80, deadline=None)
@given(table=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=6), zipped=st.booleans(), mark=st.booleans())
def test_reads_what_csv_writes(tmp_path_factory, table, zipped, mark):
    """Commas, quotes, line ends and any letters within values arrive as they were written, but for outer blanks."""
    text = io.StringIO(newline='')
    writer = csv.writer(text)
    writer.writerow(('first', 'second'))
    writer.writerows(table)
    content = text.getvalue().encode('utf-8-sig' if mark else 'utf-8')
    path = tmp_path_factory.mktemp('csv') / 'table.csv.gz'
    path.write_bytes(gzip.compress(content) if zipped else content)
    assert [(row['first'], row['second']) for _, row in rows(path, ('first', 'second'))] == [
        (first.strip(), second.strip()) for first, second in table]


@settings(max_examples=120, deadline=None)
@given(place=st.integers(0, 60), rubbish=st.binary(max_size=4), cut=st.booleans(), zipped=st.booleans())
def test_damaged_files(tmp_path_factory, place, rubbish, cut, zipped):
    """Whatever was overwritten or cut away: rows with the columns asked for, or a TableError, nothing else."""
    content = gzip.compress(TABLE, mtime=0) if zipped else TABLE
    path = tmp_path_factory.mktemp('csv') / 'table.csv'
    path.write_bytes(content[:place] + rubbish + (b'' if cut else content[place + len(rubbish):]))
    try:
        read = rows(path)
    except TableError as error:
        assert 'table.csv' in str(error)
    else:
        assert all(row.keys() == {'study_id', 'dicom_id'} for _, row in read)
