"""One tiny model with an archive behind the page, for all tests of this folder."""
import pytest
from tiny_model import tiny_checkpoint

import prior_mm

pytest.importorskip('fastapi', reason='the page needs FastAPI')


@pytest.fixture(scope='session')
def home(tmp_path_factory):
    """A folder with ``run/`` and ``data/``."""
    folder = tmp_path_factory.mktemp('web')
    tiny_checkpoint(folder)
    return folder


@pytest.fixture(scope='session')
def model(home):
    """The model, with the training studies as its archive."""
    return prior_mm.load(home / 'run', archive=home / 'data/annotations/train.json', progress=False)


@pytest.fixture(scope='session')
def film(home):
    """The bytes of a radiograph."""
    return next((home / 'data/files').glob('test_*')).read_bytes()
