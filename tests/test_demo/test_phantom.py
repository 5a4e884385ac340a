"""What is to be seen on a synthetic film."""
import hashlib

import numpy as np
import pytest
from demo_reports import made_up_mask

from prior_mm.demo import Finding, render_radiograph
from prior_mm.demo.findings import _KINDS
from prior_mm.demo.phantom import render_lateral

MASK = made_up_mask(200, 210)
FILMS = 12


def mean_film(*findings: Finding, size: int = 64) -> np.ndarray:
    """The mean of some films that differ in all that varies; normal variation is averaged out."""
    return np.mean([render_radiograph(MASK, findings, np.random.default_rng(seed), size) for seed in range(FILMS)],
                   axis=0)


NORMAL = mean_film()


def quarter(film: np.ndarray, side: str, half: str) -> float:
    """Mean of a quarter of the film; the patient's right is the image's left."""
    middle = len(film) // 2
    rows = slice(8, middle) if half == 'upper' else slice(middle, -12)
    return film[rows, 8:middle].mean() if side == 'right' else film[rows, middle:-8].mean()


@pytest.mark.parametrize('side', ['right', 'left'])
@pytest.mark.parametrize(('kind', 'height', 'half'), [
    ('effusion', None, 'lower'), ('consolidation', 0.28, 'upper'), ('opacity', 0.8, 'lower'), ('mass', 0.28, 'upper'),
    ('elevated diaphragm', None, 'lower')])
def test_finding_is_in_its_place(kind, height, half, side):
    """The quarter that the report names gets brighter, more than any other: not mirrored, not upside down."""
    film = mean_film(Finding(kind, (side, ), height, 1.))
    gains = {(s, h): quarter(film, s, h) - quarter(NORMAL, s, h) for s in ('right', 'left') for h in ('upper', 'lower')}
    assert max(gains, key=gains.get) == (side, half) and gains[side, half] > 1.5


@pytest.mark.parametrize('side', ['right', 'left'])
def test_pneumothorax_is_dark(side):
    """Air outside the lung is darker than lung, on its own side only."""
    film, other = mean_film(Finding('pneumothorax', (side, ), None, 1.)), {'right': 'left', 'left': 'right'}[side]
    assert quarter(film, side, 'upper') < quarter(NORMAL, side, 'upper') - 4
    assert abs(quarter(film, other, 'upper') - quarter(NORMAL, other, 'upper')) < 2


@pytest.mark.parametrize('kind', ['effusion', 'cardiomegaly', 'pneumothorax', 'edema'])
def test_size_is_seen(kind):
    """A large finding changes the film more than a small one."""
    small, large = (np.abs(mean_film(Finding(kind, ('left', ), None, size)) - NORMAL).mean() for size in (0.15, 1.))
    assert large > 1.1 * small


@pytest.mark.parametrize('kind', sorted({kind for kind, _ in _KINDS.values()} | {
    'hypoinflation', 'elevated diaphragm', 'tortuous aorta'}))
def test_every_kind_is_drawn(kind):
    """No finding that codes can name is without a picture: the same film without it looks different."""
    def noiseless(*findings):
        return render_radiograph(MASK, findings, np.random.default_rng(5), 96).astype(int)

    changed = np.abs(noiseless(Finding(kind)) - noiseless()) > 24  # far beyond what noise alone does
    assert changed.sum() >= 4


def test_normal_films_differ():
    """Normal variation is wide: two normal films differ in far more than noise."""
    films = [render_radiograph(MASK, (), np.random.default_rng(seed), 64).astype(float) for seed in range(4)]
    assert min(np.abs(a - b).mean() for i, a in enumerate(films) for b in films[:i]) > 6


def test_same_bytes_on_every_machine():
    """The pixels for a seed are these, whatever the processor and the versions of the libraries."""
    findings = [Finding('cardiomegaly'), Finding('effusion', ('left', )), Finding('pacemaker'), Finding('nodule')]
    film = render_radiograph(MASK, findings, np.random.default_rng((3, 1)), 128, 'AP')
    lateral = render_lateral(np.random.default_rng(1), 128)
    assert film.shape == (128, 128) and film.dtype == np.uint8
    assert hashlib.sha256(film.tobytes()).hexdigest()[:16] == 'f606808390fef8e1'
    assert hashlib.sha256(lateral.tobytes()).hexdigest()[:16] == '606bf9af95a12762'
