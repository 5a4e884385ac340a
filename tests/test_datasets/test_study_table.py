"""Annotation files: what follows the schema is read, in little memory; the rest is refused with its place."""
import io
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_studies import METAINFO, entry, write_annotation

from prior_mm.datasets import AnnotationError
from prior_mm.datasets.study_table import read_studies
from prior_mm.files.json_stream import JsonStream


@pytest.mark.parametrize('change, message', [
    (dict(images=['../../etc/a.png']), 'below the image root'), (dict(images=['/etc/a.png']), 'below the image root'),
    (dict(images=['a/..']), 'below the image root'), (dict(images=['a\\..\\..\\b.png']), 'below the image root'),
    (dict(images=['C:/a.png']), 'below the image root'), (dict(images=['a\0.png']), 'below the image root'),
    (dict(images=[]), 'at least one'), (dict(images='a.png'), 'it is text'), (dict(sentences=None), 'it is null'),
    (dict(sentences=['ok.', ' ']), 'not empty'), (dict(sentences=['\ud800']), 'half a character'),
    (dict(labels={'Edema': 'yes'}), '1, 0 or -1'), (dict(labels=[1]), '1, 0 or -1'), (dict(views=['PA', 'AP']), 'view'),
    (dict(study_id=7), 'study_id'), (dict(study_id='s0'), 'study s0 is there twice')])
def test_entries_against_the_schema(tmp_path, change, message):
    """An entry that does not follow the schema is named, with its place and the mend."""
    path = write_annotation(tmp_path, [entry(0), {**entry(3), **change}])
    with pytest.raises(AnnotationError, match=rf'train\.json, data_list\[1\]: .*{message}.*converter'):
        read_studies(path)


def test_dots_in_names_are_no_escape(tmp_path):
    """'..' counts only as a whole part of a path."""
    assert len(read_studies(write_annotation(tmp_path, [{**entry(0), 'images': ['a..b/..c/1.2.840.dcm']}]))) == 1


@pytest.mark.parametrize('text, message', [
    ('', 'the file ends too early'), ('[]', "'{' is expected"), ('{"metainfo": {}', 'schema'), ('{', 'not JSON'),
    ('{"data_list": []}', 'lacks metainfo'), (json.dumps(dict(metainfo=METAINFO)), 'lacks data_list'),
    (json.dumps(dict(metainfo=METAINFO, data_list=[])), 'lacks data_list'),
    (json.dumps(dict(metainfo=METAINFO, data_list={})), "'\\[' is expected"),
    (json.dumps(dict(metainfo={**METAINFO, 'schema': 'other/2'}, data_list=[])), "'other/2'"),
    (json.dumps(dict(metainfo={**METAINFO, 'synthetic': 'no'}, data_list=[])), 'synthetic'),
    (json.dumps(dict(metainfo=METAINFO, data_list=[entry(0)])) + ' x', "'x' after the end"),
    (json.dumps(dict(metainfo=METAINFO, data_list=[entry(0), 5])), r'data_list\[1\].*must be an object'),
    (json.dumps(dict(metainfo=METAINFO, data_list=[{}])), 'lacks study_id, images, sentences'),
    ('{"a": ' + '[' * 100000, 'brackets')])
def test_files_that_are_no_annotations(tmp_path, text, message):
    """Whatever is in the file, the message names it."""
    (tmp_path / 'train.json').write_text(text)
    with pytest.raises(AnnotationError, match=rf'train\.json.*{message}'):
        read_studies(tmp_path / 'train.json')


def test_other_encodings_are_told(tmp_path):
    """A file that is not UTF-8."""
    (tmp_path / 'train.json').write_bytes(json.dumps(dict(metainfo=METAINFO)).encode('utf-16'))
    with pytest.raises(AnnotationError, match='not UTF-8'):
        read_studies(tmp_path / 'train.json')


def test_order_of_members_and_indents_do_not_matter(tmp_path):
    """metainfo may come last, other members are passed over, and so is white space."""
    text = json.dumps(dict(more=[1.5, {'a': None}], data_list=[entry(0), entry(1)], metainfo=METAINFO), indent=3)
    (tmp_path / 'train.json').write_text(text)
    table = read_studies(tmp_path / 'train.json')
    assert [table[0], table[1]] == [entry(0), entry(1)] and table.metainfo == METAINFO


JSON = st.recursive(st.none() | st.booleans() | st.integers(-10**6, 10**6) | st.text(max_size=8)
                    | st.floats(allow_nan=False), lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(max_size=4), inner, max_size=4), max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(content=st.dictionaries(st.text(max_size=4), st.lists(JSON, max_size=5), max_size=4), block=st.integers(1, 40),
       indent=st.sampled_from([None, 0, 2]))
def test_stream_reads_what_json_reads(content, block, indent):
    """Wherever the blocks end, the stream gives json's values, and texts that give them again."""
    stream = JsonStream(io.StringIO(json.dumps(content, indent=indent)), block)
    read = {}
    for name in stream.members():
        read[name] = []
        for value, text in stream.entries():
            assert json.loads(text) == value
            read[name].append(value)
    stream.end()
    assert read == content


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 500), rubbish=st.binary(max_size=5), cut=st.booleans())
def test_damaged_annotation_files(tmp_path_factory, place, rubbish, cut):
    """Bytes overwritten or cut away give studies or an AnnotationError with the file's name, nothing else."""
    path = write_annotation(tmp_path_factory.mktemp('damaged'), [entry(0), entry(1)])
    content = path.read_bytes()
    path.write_bytes(content[:place] + rubbish + (b'' if cut else content[place + len(rubbish):]))
    try:
        table = read_studies(path)
    except AnnotationError as error:
        assert 'train.json' in str(error)
    else:
        assert len(table) >= 1 and table[0]['images']


def test_memory_of_large_files(tmp_path):
    """Opening takes about the file's size in memory, not the many times larger one of its Python objects."""
    studies = [entry(number) for number in range(20000)]
    path = write_annotation(tmp_path, studies)
    del studies
    tracemalloc.start()
    table = read_studies(path)
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == 20000 and table[19999] == entry(19999)
    assert size < 1.6 * path.stat().st_size and peak < 2 * path.stat().st_size + 2**24
