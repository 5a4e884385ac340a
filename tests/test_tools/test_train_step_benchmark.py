"""The table of the benchmark of a training step: which figures stand in it. What is timed takes minutes."""
import sys
import time
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'))

import train_step


class Sleeper:
    """Takes twice as long the plain way."""

    def __init__(self, way):
        self.seconds = 0.02 if way.plain else 0.01

    def step(self, images, reports, dtype):
        time.sleep(self.seconds)


@pytest.fixture
def measured(monkeypatch, request):
    """A stage, measured with sleep instead of models, in this process."""
    monkeypatch.setattr(train_step.Way, 'trainer', lambda way, stage: Sleeper(way))
    monkeypatch.setattr(train_step, 'in_its_own_process', lambda function, *arguments: function(*arguments))
    monkeypatch.setattr(train_step, 'difference', lambda stage, data: (0., 0.))
    monkeypatch.setattr(train_step, 'matrix_peak', lambda dtype: 100.)
    monkeypatch.setattr(train_step, 'operations', lambda trainer, data: 1)
    return train_step.measure(1, ['float32'], batch_size=2, size=8, steps=5, threads=torch.get_num_threads(),
                              apart=request.param)


@pytest.mark.parametrize('measured', [True], indirect=True)
def test_each_way_is_measured_in_turns_and_alone(measured):
    """Five steps of each of three ways, of the clock and of the processor, and the memory."""
    assert [row['way'] for row in measured] == ['plain', 'plain, longest', 'prior_mm float32']
    assert all(len(row[name]) == 5 for row in measured for name in ('wall', 'cpu', 'wall_alone', 'cpu_alone'))
    assert all(row['memory_gib'] > 0 for row in measured)
    head, rule, *rows = train_step.table(measured).splitlines()
    assert len(rows) == 3 and {line.count('|') for line in (head, rule, *rows)} == {11}


@pytest.mark.parametrize('measured', [False], indirect=True)
def test_without_processes_of_their_own(measured):
    """--no-memory leaves these columns empty, and the others as they are."""
    assert all(row['wall_alone'] is None and row['memory_gib'] is None for row in measured)
    assert all(len(row['wall']) == 5 for row in measured) and ' |  |  | ' in train_step.table(measured)
