"""Usage figures of prototypes."""
import pytest
import torch

from prior_mm.models.prototypes import PrototypeUsage


def test_figures():
    """Two of four in equal use: as if there were two; two are dead. Nothing shown: no figures."""
    usage = PrototypeUsage()
    assert usage.figures() == {}
    usage.add(torch.eye(4)[[0, 0, 2]])
    usage.add(torch.eye(4)[[2]])
    assert usage.figures() == dict(perplexity=pytest.approx(2), dead=2, all=4)
