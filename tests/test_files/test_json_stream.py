"""JSON read in blocks: the same as read whole, in the memory of one entry, and every damage a ValueError."""
import io
import json
import tracemalloc
from itertools import chain, islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.files.json_stream import JsonStream

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)


@settings(max_examples=150, deadline=None)
@given(values=st.lists(SCALARS, max_size=6), block=st.integers(1, 12), spaces=st.sampled_from(['', ' ', '\n\t ']))
def test_values_across_blocks(values, block, spaces):
    """A number, a word or a letter in six characters may be cut by a block anywhere; its text is kept as it was."""
    texts = [json.dumps(value) for value in values]
    stream = JsonStream(io.StringIO(f'{spaces}[{f"{spaces},{spaces}".join(texts)}{spaces}]{spaces}'), block)
    assert list(stream.entries()) == list(zip(values, texts, strict=True))
    stream.end()


@pytest.mark.parametrize('block', [1, 2, 3, 100])
def test_members(block):
    """Members come in the order of the file, each value to be taken before the next name."""
    stream = JsonStream(io.StringIO('{"a": 12, "b": [1, 23], "a": {"c": []}}'), block)
    read = [(name, list(stream.entries()) if name == 'b' else stream.value()) for name in stream.members()]
    stream.end()
    assert read == [('a', (12, '12')), ('b', [(1, '1'), (23, '23')]), ('a', ({'c': []}, '{"c": []}'))]


@pytest.mark.parametrize('text, message', [
    ('', 'the file ends too early'), ('{', "'\\[' is expected"), ('[', 'Expecting value'), ('[1', 'ends too early'),
    ('[1,', 'Expecting value'), ('[1,]', 'Expecting value'), ('[1 2]', "'\\]' is expected, '2' found"),
    ('["a]', 'Unterminated string'), ('[tru]', 'Expecting value'), ('[1]x', "'x' after the end")])
def test_faults_of_arrays(text, message):
    """What is expected and what was found."""
    with pytest.raises(ValueError, match=message):
        stream = JsonStream(io.StringIO(text), 2)
        list(stream.entries())
        stream.end()


@pytest.mark.parametrize('text, message', [
    ('[]', "'{' is expected"), ('{1: 2}', 'the name of a member is 1'), ('{"a" 2}', "':' is expected"),
    ('{"a": 2', 'ends too early'), ('{"a": 2 "b": 3}', "'}' is expected"), ('{"a": }', 'Expecting value')])
def test_faults_of_objects(text, message):
    """Names must be text, with a colon behind them."""
    with pytest.raises(ValueError, match=message):
        stream = JsonStream(io.StringIO(text), 2)
        for _ in stream.members():
            stream.value()


@settings(max_examples=200, deadline=None)
@given(text=st.text('[]{}",:0123truefalsn \\u', max_size=24), block=st.integers(1, 5))
def test_agrees_with_json(text, block):
    """Whatever the text: an array as json reads it, or a ValueError where json has one."""
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    stream = JsonStream(io.StringIO(text), block)
    try:
        read = [value for value, _ in stream.entries()]
        stream.end()
    except ValueError:
        assert not isinstance(expected, list)
    else:
        assert read == expected


def test_memory():
    """A file of many blocks takes the memory of some blocks, not the file's."""
    class Numbers(io.TextIOBase):
        """An array of 40,000 numbers of 20 digits, made as it is read."""

        pieces = chain(['[0'], (f', 1{number:019d}' for number in range(40_000)), [']'])

        def read(self, size=-1):
            return ''.join(islice(self.pieces, size // 20))

    tracemalloc.start()
    count = sum(1 for _ in JsonStream(Numbers(), 2**13).entries())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 40_001 and peak < 12 * 2**13
