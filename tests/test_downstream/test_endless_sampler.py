"""Visits without end: whole epochs, the same for any start, shared out to ranks."""
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.downstream import EndlessVisitSampler


@given(size=st.integers(1, 12), start=st.integers(0, 60), seed=st.integers(0, 3))
def test_start_anywhere(size, start, seed):
    """After any number of visits it goes on as it would have, so that a resumed run reads what it would have read."""
    whole = list(islice(EndlessVisitSampler(range(size), seed=seed), start + 20))
    resumed = EndlessVisitSampler(range(size), seed=seed)
    resumed.set_start(start)
    assert list(islice(resumed, 20)) == whole[start:]


@given(size=st.integers(2, 12), seed=st.integers(0, 3))
def test_whole_epochs(size, seed):
    """Every image once an epoch, in an order of its own."""
    visits = list(islice(EndlessVisitSampler(range(size), seed=seed), 6 * size))
    epochs = [[visit.index for visit in visits[number * size:(number + 1) * size]] for number in range(6)]
    assert all(sorted(epoch) == list(range(size)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 1
    assert [visit.epoch for visit in visits] == [number for number in range(6) for _ in range(size)]


@pytest.mark.parametrize('world_size', [2, 3])
def test_ranks_share_an_epoch(monkeypatch, world_size):
    """No image is read by two ranks in an epoch."""
    visits = []
    for rank in range(world_size):
        monkeypatch.setattr('prior_mm.datasets.sampler.get_dist_info', lambda rank=rank: (rank, world_size))
        sampler = EndlessVisitSampler(range(7), seed=0)
        visits.append([visit.index for visit in islice(sampler, len(sampler))])
    assert len(set().union(*visits)) == sum(map(len, visits))
