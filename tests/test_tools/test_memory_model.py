"""The formula of a step's memory: what it counts, and what chunks leave of it."""
import sys
from pathlib import Path

import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools' / 'benchmarks'))

from memory_model import Kept, kept


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


def test_chunks_spare_the_encoders_alone():
    """Losses and features are those of the whole batch; a chunk larger than the batch changes nothing."""
    of = Kept(state=1000, losses=3, features=2, encoders=50)
    assert of.memory(20) == 1000 + 20 * 55 == of.memory(20, 64)
    assert of.memory(20, 4) == 1000 + 20 * 5 + 4 * 50
