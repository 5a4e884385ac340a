"""SIIM's run lengths: against a slow loop, there and back, and broken text refused with its place."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from prior_mm.converters.downstream.run_lengths import (
    RunLengthError,
    decode_run_lengths,
    encode_run_lengths,
)

MASKS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 1))


def slow_decode(text, height, width):
    """Pixel by pixel, as the challenge describes it."""
    mask, place = np.zeros((height, width), np.uint8), 0
    numbers = [int(word) for word in text.split()] if text != '-1' else []
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        place += gap
        for _ in range(length):
            mask[place % height, place // height] = 1
            place += 1
    return mask


@given(MASKS)
@settings(max_examples=100)
def test_there_and_back(mask):
    """Any mask comes back as it was, also through the slow loop; encoding what was decoded gives the same text."""
    text = encode_run_lengths(mask)
    assert np.array_equal(decode_run_lengths(text, *mask.shape), mask)
    assert np.array_equal(slow_decode(text, *mask.shape), mask)
    assert encode_run_lengths(decode_run_lengths(text, *mask.shape)) == text


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), max_size=12))
@settings(max_examples=60)
def test_touching_runs(pairs):
    """Runs that touch (a gap of 0) mean what the slow loop makes of them."""
    text = ' '.join(f'{gap} {length}' for gap, length in pairs) or '-1'
    assert np.array_equal(decode_run_lengths(text, 30, 4), slow_decode(text, 30, 4))


def test_by_hand():
    """Relative, column by column: the second gap counts from the end of the first run."""
    mask = decode_run_lengths('1 2 1 1', 3, 2)
    assert mask.tolist() == [[0, 0], [1, 1], [1, 0]] and mask.dtype == np.uint8
    assert encode_run_lengths(mask.astype(bool)) == encode_run_lengths(mask * 255) == '1 2 1 1'
    assert encode_run_lengths(np.ones((3, 2))) == '0 6' and encode_run_lengths(np.zeros((3, 2))) == '-1'
    assert not decode_run_lengths(' -1 ', 3, 2).any()


@pytest.mark.parametrize('text, message', [
    ('', 'no run lengths'), ('1', 'there are 1 numbers'), ('1 2 3', 'there are 3 numbers'), ('1 x', "number 2 is 'x'"),
    ('1 -2', "number 2 is '-2'"), ('-1 -1', "number 1 is '-1'"), ('1 2.0', "number 2 is '2.0'"),
    ('1 0', 'number 2 is a run of 0'), ('1 2 3 0', 'number 4 is a run of 0'), ('3 4', 'number 2 leads to pixel 7'),
    ('7 1', 'number 1 leads to'), (f'{10**30} 1', 'at most 9 digits'), ('1 \u0662', 'number 2 is')])
def test_broken(text, message):
    """Each kind of damage is told by what stands where."""
    with pytest.raises(RunLengthError, match=message):
        decode_run_lengths(text, 3, 2)


@given(st.text(alphabet='0123456789 -.x', max_size=24))
@settings(max_examples=80)
def test_any_text(text):
    """Whatever the text, it is a mask of 0 and 1 or a RunLengthError."""
    try:
        mask = decode_run_lengths(text, 9, 11)
    except RunLengthError:
        return
    assert mask.shape == (9, 11) and mask.max(initial=0) <= 1


def test_shape_of_a_mask():
    """A colour image is no mask."""
    with pytest.raises(ValueError, match='two dimensions'):
        encode_run_lengths(np.zeros((4, 4, 3)))
