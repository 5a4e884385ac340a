"""A share of the labels, and visits that give the same sample again."""
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import BaseDataset

from prior_mm.datasets.errors import AnnotationError, StudyError
from prior_mm.datasets.visit import Visit
from prior_mm.downstream import LabelShare
from prior_mm.downstream.label_share import image_id, keep_listed


class Numbers(LabelShare, BaseDataset):
    """Ten entries, of which the odd ones have no id but their file's name."""

    def load_data_list(self) -> list[dict]:
        return [{'img_path': f'a/1.2.{number}.dcm', **({} if number % 2 else {'image_id': f'1.2.{number}'})}
                for number in range(10)]


def numbers(folder, ids=None, **options) -> Numbers:
    if ids is not None:
        (folder / 'list.txt').write_text(ids)
    return Numbers(data_root=str(folder), ids=None if ids is None else 'list.txt', **options)


def draw(results: dict) -> list:
    return [random.random(), np.random.rand(), float(torch.rand(()))]


@given(chosen=st.permutations(range(10)), count=st.integers(1, 10))
def test_listed_entries_stay(chosen, count):
    """Exactly the listed ones, in the order of the file; ids with dots are no file endings."""
    entries = Numbers.load_data_list(None)
    kept = keep_listed(entries, [f'1.2.{number}' for number in chosen[:count]], 'list.txt', 'train.json')
    assert kept == [entries[number] for number in sorted(chosen[:count])]


def test_data_set_of_a_list(tmp_path):
    """The data set has the listed entries and no other, blank lines and repeated ids aside."""
    data = numbers(tmp_path, '1.2.7\n\n1.2.4\n1.2.7\n')
    assert [image_id(data.get_data_info(index)) for index in range(len(data))] == ['1.2.4', '1.2.7']


@pytest.mark.parametrize(('ids', 'message'), [
    ('1.2.3\nnobody\n1.2.4\n', r'1 of the 3 ids.*nobody'),
    ('a\nb\nc\nd\n', r'4 of the 4 ids.*example a, b, c'),
    ('\n\n', 'names no image'),
])
def test_lists_that_do_not_fit(tmp_path, ids, message):
    """Ids that are not in the data set are an error that names some: never a silently smaller training set."""
    with pytest.raises(AnnotationError, match=message):
        numbers(tmp_path, ids)


def test_missing_list(tmp_path):
    """A list that is not there is an error, not all the labels."""
    with pytest.raises(AnnotationError, match=r'there is no list of ids .*nowhere.txt'):
        Numbers(data_root=str(tmp_path), ids='nowhere.txt')


def test_visits_repeat(tmp_path):
    """The same visit draws the same from all three generators, another one others, and the run's stay untouched."""
    data = numbers(tmp_path, pipeline=[draw])
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = data[Visit(3, 1, 7)]
    assert torch.equal(torch.get_rng_state(), before)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    assert data[Visit(3, 1, 7)] == first
    others = [data[visit] for visit in (Visit(4, 1, 7), Visit(3, 2, 7), Visit(3, 1, 8))]
    assert len({value for sample in [first, *others] for value in sample}) == 12
    after = [random.random(), np.random.rand(), float(torch.rand(()))]
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    assert draw({}) == after


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('index', [3, Visit(3)])
def test_nothing_is_never_replaced(tmp_path, test_mode, index):
    """MMEngine takes another sample at random where a pipeline gives nothing; here it is an error with the path."""
    data = numbers(tmp_path, pipeline=[lambda results: None], test_mode=test_mode)
    with pytest.raises(StudyError, match=r'a/1.2.3.dcm'):
        data[index]
