"""Fixtures: one tiny model with an archive, for all tests of what is done with a model."""
from pathlib import Path

import pytest
from tiny_model import tiny_checkpoint

import prior_mm


@pytest.fixture(scope='session')
def home(tmp_path_factory) -> Path:
    """A folder with ``run/``, ``data/``, and the archive ``index/``."""
    folder = tmp_path_factory.mktemp('tiny')
    tiny_checkpoint(folder)
    made = prior_mm.load(folder / 'run', progress=False).index(folder / 'data/annotations/train.json')
    made.save(folder / 'index')
    return folder


@pytest.fixture(scope='session')
def model(home):
    """The model, with the training studies as its archive."""
    return prior_mm.load(home / 'run', archive=home / 'index', batch_size=5, progress=False)
