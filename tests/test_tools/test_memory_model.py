"""The formula of a step's memory: what it counts, and what chunks leave of it."""
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'))

import memory_model
from gpu_model import build
from memory_model import Kept, kept
from train_step import random_studies

from prior_mm.structures import Reports


class Squares(nn.Module):
    """Keeps its input and one result of the same size; its weight is no activation."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(10, 10))

    def forward(self, images, reports, mode):
        hidden = (images @ self.weight).exp()
        return hidden * hidden


def test_what_is_kept_is_counted_once():
    """A tensor that two operations keep takes its place once; parameters are counted elsewhere."""
    assert kept(Squares(), (torch.ones(6, 10), None), torch.float32) == 2 * 6 * 10 * 4


def test_a_study_takes_what_a_batch_grows_by(monkeypatch):
    """What is counted of 4 and 8 studies is what 8 more take, at once, and in chunks, whose encoders keep nothing."""
    model = build(3, tiny=True)
    monkeypatch.setattr(memory_model, 'published', lambda cls, with_cp: model)
    of = memory_model.count(3, False, torch.float32, size=32)
    images, reports = random_studies(4, 32, seed=3)  # those that are counted
    for chunk, counted in ((None, of.losses + of.encoders), (4, of.losses)):
        model.chunk = chunk
        eight, sixteen = (kept(model, (torch.cat([images] * times), Reports(*(
            torch.cat([part] * times) for part in reports))), torch.float32) for times in (2, 4))
        assert (sixteen - eight) / 8 == pytest.approx(counted, rel=.05)
    assert of.state == 16 * sum(parameter.numel() for parameter in model.parameters())


def test_chunks_spare_the_encoders_alone():
    """Losses and features are those of the whole batch; a chunk larger than the batch changes nothing."""
    of = Kept(state=1000, losses=3, features=2, encoders=50)
    assert of.memory(20) == 1000 + 20 * 55 == of.memory(20, 64)
    assert of.memory(20, 4) == 1000 + 20 * 5 + 4 * 50
