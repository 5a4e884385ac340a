"""A training that starts from weights: what they lack, and what of them is passed over, is said; next to nothing stops.

The weights themselves are looked at, on a small model: no step is taken.
"""
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from nothing_silent_page import says
from torch import nn

from prior_mm.checkpoints.checkpoint import save_checkpoint
from prior_mm.engine.launch import build_runner
from prior_mm.registry import MODELS

SECTION, PARTIAL = 'Figures that may end in a paper', 'a partial load taken for a whole one'


@MODELS.register_module(force=True)
class TwoParts(BaseModel):
    """An encoder of 12 tensors and a head of 2."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*(nn.Linear(2, 2) for _ in range(6)))
        self.head = nn.Linear(2, 2)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        raise AssertionError('no step is taken')


def load(folder: Path, weights: dict, **config) -> tuple[BaseModel, str]:
    """Load as `load_from` of a training does; the model, and what was logged as a warning."""
    save_checkpoint(dict(state_dict=weights), folder / 'a.pth')
    runner = build_runner(Config(dict(model=dict(type='TwoParts'), work_dir=str(folder), default_scope='prior_mm',
                                      experiment_name=str(folder), **config)))
    runner.load_checkpoint(str(folder / 'a.pth'))
    log = ''.join(path.read_text() for path in folder.glob('*/*.log'))
    return runner.model, '; '.join(re.findall(r' - WARNING - (.*load_from.*)', log))


def test_parts(tmp_path):
    """A head of one's own on a pretrained encoder: trained, with a warning of both sides."""
    given = TwoParts().state_dict()
    theirs = {name: value for name, value in given.items() if name.startswith('encoder.')}
    model, warned = load(tmp_path, dict(theirs, decoder=torch.zeros(1)))
    assert all(torch.equal(value, theirs[name]) for name, value in model.state_dict().items() if name in theirs)
    assert 'lacks parts of the model' in warned and 'head: 2 of 2 tensors' in warned
    assert 'passed over: decoder: 1 of 1 tensors' in warned
    says(SECTION, PARTIAL, '`load_from` of a training, with weights of the encoder alone',
         f'goes on, with a WARNING: {warned}', tmp_path)


def test_whole(tmp_path):
    """Nothing to warn of, also where a process of many wrote `module.` before each name."""
    given = TwoParts().state_dict()
    model, warned = load(tmp_path, {f'module.{name}': value for name, value in given.items()})
    assert not warned and all(torch.equal(value, given[name]) for name, value in model.state_dict().items())


def test_what_fits(tmp_path):
    """A head of another size is refused; with `load_fitting=True` it starts anew, and the log says so."""
    given = TwoParts().state_dict()
    other = dict(given, **{'head.weight': torch.zeros(3, 2), 'head.bias': torch.zeros(3)})
    with pytest.raises(ValueError, match=r'another shape .*head\.bias.*load_fitting=True'):
        load(tmp_path / 'refused', other)
    model, warned = load(tmp_path / 'fitting', other, load_fitting=True)
    assert torch.equal(model.encoder[0].weight, given['encoder.0.weight'])
    assert 'lacks parts of the model' in warned and 'head: 2 of 2 tensors' in warned


def test_names_that_fit_by_chance(tmp_path):
    """One tensor of another model is not what was asked for; one tensor alone may be."""
    given = TwoParts().state_dict()
    chance = {'head.bias': given['head.bias'], **{f'blocks.{number}': torch.zeros(2) for number in range(9)}}
    with pytest.raises(ValueError, match='is of another model: 1 of its 10 tensors') as refused:
        load(tmp_path / 'chance', chance)
    says(SECTION, PARTIAL, '`load_from` of a training, with weights of another model, of which one name fits by chance',
         f'stops: {refused.value}', tmp_path)
    model, warned = load(tmp_path / 'meant', {'head.bias': given['head.bias']})
    assert torch.equal(model.head.bias, given['head.bias'])
    assert 'encoder: 12 of 12 tensors' in warned and 'head: 1 of 2 tensors (head.weight)' in warned
