"""Shares of labels: nested, stratified, of the right size, and the same for the same seed."""
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.converters.downstream.subsets import nested_subsets, stratified_order


@given(st.lists(st.integers(0, 2), min_size=1, max_size=300), st.integers(0, 5))
@settings(max_examples=40)
def test_nested_and_stratified(labels, seed):
    """Each share has its size and lies within the larger ones, and holds each stratum's part of it but for two."""
    strata = {f'id{number}': label for number, label in enumerate(labels)}
    subsets = nested_subsets(strata, (1, 10, 50, 100), seed)
    for percent, ids in subsets.items():
        assert len(ids) == len(set(ids)) == max(1, len(labels) * percent // 100)
        found = Counter(strata[name] for name in ids)
        for label, count in Counter(labels).items():
            assert abs(found[label] - count * len(ids) / len(labels)) < 2.01
    assert set(subsets[1]) <= set(subsets[10]) <= set(subsets[50]) <= set(subsets[100]) == set(strata)


def test_seeds():
    """The same seed gives the same ids whatever order they come in; another seed gives others."""
    strata = {f'id{number}': number % 3 == 0 for number in range(500)}
    backwards = dict(reversed(strata.items()))
    one = nested_subsets(strata, [10], 0)[10]
    assert sorted(one) == sorted(nested_subsets(backwards, [10], 0)[10])
    assert len(set(one) & set(nested_subsets(strata, [10], 1)[10])) < 20
    assert stratified_order(strata, 0, 'a') != stratified_order(strata, 0, 'b')
    assert one == sorted(one, key=lambda name: int(name[2:]))  # the order of the table


def test_rare_strata():
    """Ids that are alone in their stratum have the same chance as others, instead of always the middle place."""
    strata = {f'id{number}': number for number in range(1000)}
    chosen = sum('id7' in nested_subsets(strata, [10], seed)[10] for seed in range(60))
    assert 0 < chosen < 18


@pytest.mark.parametrize('percent', [0, -1, 101])
def test_bounds(percent):
    """A share that is none is refused."""
    with pytest.raises(ValueError, match='share of the labels'):
        nested_subsets({'a': 0}, [percent], 0)
