"""The table of the benchmark of a training step: which figures stand in it. What is timed takes minutes."""
import sys
import time
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'))

import train_step

WAYS = ['published', 'plain', 'plain, longest', 'prior_mm float32', 'prior_mm float32, checkpointed']


class Sleeper:
    """Takes twice as long as ours in any other way."""

    def __init__(self, way, stage):
        self.stage = stage

    def step(self, images, reports, way):
        time.sleep(0.01 if way.model == 'prior_mm' else 0.02)


@pytest.fixture
def measured(monkeypatch, request):
    """A stage, measured with sleep instead of models, in this process."""
    monkeypatch.setattr(train_step, 'Trainer', Sleeper)
    monkeypatch.setattr(train_step, 'in_its_own_process', lambda function, *arguments: function(*arguments))
    monkeypatch.setattr(train_step, 'difference', lambda stage, data: (0., 0.))
    monkeypatch.setattr(train_step, 'matrix_peak', lambda dtype: 100.)
    monkeypatch.setattr(train_step, 'operations', lambda trainer, data: 1)
    return train_step.measure(1, train_step.ways(['float32'], 'a checkout'), batch_size=2, size=8, steps=5,
                              threads=torch.get_num_threads(), apart=request.param)


@pytest.mark.parametrize('measured', [True], indirect=True)
def test_each_way_is_measured_in_turns_and_alone(measured):
    """Five steps of each, of the clock and of the processor, and the memory; the checkpointed one alone."""
    assert [row['way'] for row in measured] == WAYS
    assert all(len(row[name]) == 5 for row in measured for name in ('wall_alone', 'cpu_alone'))
    assert all(len(row[name]) == 5 for row in measured[:-1] for name in ('wall', 'cpu'))
    assert measured[-1]['wall'] is None and all(row['memory_gib'] > 0 for row in measured)
    assert [row['way'] for row in measured if row['share_of_peak']] == ['prior_mm float32']
    head, rule, *rows = train_step.table(measured).splitlines()
    assert all(row.count(', 1.00x') == 4 for row in rows[:1]), 'ratios are of the published code where it is at hand'
    assert len(rows) == 5 and {line.count('|') for line in (head, rule, *rows)} == {9}


@pytest.mark.parametrize('measured', [False], indirect=True)
def test_without_processes_of_their_own(measured):
    """--no-memory leaves these columns empty, and the others as they are."""
    assert all(row['wall_alone'] is None and row['memory_gib'] is None for row in measured)
    assert all(len(row['wall']) == 5 for row in measured[:-1]) and ' |  |  | ' in train_step.table(measured)


def test_the_published_code_is_measured_where_it_is_at_hand():
    assert list(train_step.ways(['float32'])) == [name for name in WAYS if name != 'published']
