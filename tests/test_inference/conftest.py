"""One tiny model with an archive, for all tests of this folder."""
from pathlib import Path

import pytest
from tiny_model import tiny_checkpoint

import prior_mm


@pytest.fixture(scope='session')
def home(tmp_path_factory) -> Path:
    """A folder with ``run/`` and ``data/``."""
    folder = tmp_path_factory.mktemp('tiny')
    tiny_checkpoint(folder)
    return folder


@pytest.fixture(scope='session')
def model(home):
    """The model, with the training studies as its archive."""
    return prior_mm.load(home / 'run', archive=home / 'data/annotations/train.json', batch_size=5, progress=False)
