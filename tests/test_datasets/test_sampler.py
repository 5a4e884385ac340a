"""VisitSampler: fair to ranks, another order in each epoch, and exact when it goes on in the middle of one."""
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prior_mm.datasets import Visit, VisitSampler


def ranks(num_studies, world_size, **options):
    """The samplers of all ranks."""
    samplers = []
    for rank in range(world_size):
        with mock.patch('prior_mm.datasets.sampler.get_dist_info', lambda rank=rank: (rank, world_size)):
            samplers.append(VisitSampler(range(num_studies), **options))
    return samplers


@given(num_studies=st.integers(1, 200), world_size=st.integers(1, 12), epoch=st.integers(0, 5),
       seed=st.integers(0, 2**32))
def test_shuffled_epochs_are_shared_out(num_studies, world_size, epoch, seed):
    """No study is read twice in an epoch, all ranks read equally many, and fewer than R studies are left out."""
    if num_studies < world_size:
        with pytest.raises(ValueError, match='use fewer processes'):
            ranks(num_studies, world_size, seed=seed)
        return
    samplers = ranks(num_studies, world_size, seed=seed)
    for sampler in samplers:
        sampler.set_epoch(epoch)
    shares = [list(sampler) for sampler in samplers]
    assert {len(share) for share in shares} == {len(samplers[0])} == {num_studies // world_size}
    visits = [visit for share in shares for visit in share]
    assert len({visit.index for visit in visits}) == len(visits) > num_studies - world_size
    assert all(0 <= index < num_studies and (e, s) == (epoch, seed) for index, e, s in visits)
    # ranks take turns: together they read what one process reads
    alone, = ranks(num_studies, 1, seed=seed)
    alone.set_epoch(epoch)
    assert [visit for step in zip(*shares, strict=True) for visit in step] == list(alone)[:len(visits)]


@given(num_studies=st.integers(1, 100), world_size=st.integers(1, 12))
def test_sequential_order_reads_everything(num_studies, world_size):
    """For evaluation: the order of the data set, nothing left out, filled up from the start."""
    shares = [list(sampler) for sampler in ranks(num_studies, world_size, shuffle=False, seed=0)]
    together = [visit.index for step in zip(*shares, strict=True) for visit in step]
    assert together[:num_studies] == list(range(num_studies)) and len(together) < num_studies + world_size
    assert set(together) == set(range(num_studies))


@given(num_studies=st.integers(5, 60), world_size=st.integers(1, 3), done=st.integers(0, 20), early=st.booleans())
def test_resuming_in_an_epoch(num_studies, world_size, done, early):
    """The rest of the epoch is what would have come, and the epochs after it are whole."""
    for whole, resumed in zip(ranks(num_studies, world_size, seed=4), ranks(num_studies, world_size, seed=4),
                              strict=True):
        done = min(done, len(whole))
        if early:
            resumed.set_start(done, epoch=2)
        resumed.set_epoch(2)
        if not early:
            resumed.set_start(done)
        whole.set_epoch(2)
        assert list(resumed) == list(whole)[done:] and len(resumed) == len(whole)
        whole.set_epoch(3)
        resumed.set_epoch(3)
        assert list(resumed) == list(whole)


def test_epochs_and_seeds_differ():
    """Another order in each epoch and for each seed, the same for the same."""
    sampler, = ranks(50, 1, seed=1)
    first = [visit.index for visit in sampler]
    assert first == [visit.index for visit in sampler]
    sampler.set_epoch(1)
    assert first != [visit.index for visit in sampler]
    assert first != [visit.index for visit in ranks(50, 1, seed=2)[0]]


@pytest.mark.parametrize('options, message', [(dict(seed=-1), 'not negative'), (dict(studies=0), 'without studies')])
def test_refused(options, message):
    """Seeds that numpy would refuse later, and empty data sets."""
    with pytest.raises(ValueError, match=message):
        VisitSampler(range(options.pop('studies', 4)), **options)


@pytest.mark.parametrize('done', [-1, 5])
def test_impossible_progress(done):
    """Progress that does not fit the epoch means another data set or world size, and is told."""
    with pytest.raises(ValueError, match='number of processes'):
        VisitSampler(range(4), seed=0).set_start(done)


def test_visits_draw_independently():
    """The generator depends on each of seed, epoch and index, and on nothing else."""
    draws = {Visit(*key).generator().random() for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]}
    assert len(draws) == 4
    assert Visit(3, 2, 1).generator().random() == Visit(3, 2, 1).generator().random()
