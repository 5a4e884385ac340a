"""What is drawn where a real annotation is: opacities in boxes, air in masks, and the chest around them."""
import numpy as np
import pytest
from demo_reports import made_up_mask
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.demo import render_radiograph
from prior_mm.demo.chest import Chest
from prior_mm.demo.placement import Placement, fit_chest, sample, soften
from prior_mm.demo.regions import boxes_to_region, draw_opacity, draw_pneumothorax

MASK = made_up_mask(200, 210)
SIZE, FILMS = 96, 8
PLACE = Placement(half_width=0.68, height=1.3, top=-0.72, shift=0., turn=0.)
BOXES = dict(right=(18., 26., 20., 22.), left=(58., 26., 20., 22.))


def mean_film(**options) -> np.ndarray:
    """The mean of some films with the chest in one place."""
    return np.mean([render_radiograph(MASK, (), np.random.default_rng(seed), SIZE, placement=PLACE, **options)
                    for seed in range(FILMS)], axis=0)


NORMAL = mean_film()


@pytest.mark.parametrize('side', ['right', 'left'])
def test_box_is_denser_than_its_mirror_place(side):
    """An opacity fills its own box and no other: it is brighter there than in the other lung, and without it."""
    film, box = mean_film(boxes=[BOXES[side]]), boxes_to_region([BOXES[side]], SIZE)
    here, there = (film - NORMAL)[box].mean(), (film - NORMAL)[:, ::-1][box].mean()
    assert here > 15 and here > there + 15 and film[box].mean() > film[:, ::-1][box].mean() + 8


def test_opacity_is_no_white_rectangle():
    """It fades towards the borders, is uneven, and stays far from white."""
    left, top, width, height = (int(value) for value in BOXES['right'])
    gain = mean_film(boxes=[BOXES['right']]) - NORMAL
    inside = gain[top:top + height, left:left + width]
    core = inside[height // 4:-height // 4, width // 4:-width // 4]
    corners = [inside[row, column] for row in (0, -1) for column in (0, -1)]
    assert core.mean() > 3 * np.mean(corners) and core.std() > 3
    assert (NORMAL + gain)[top:top + height, left:left + width].max() < 235


def lateral_air() -> np.ndarray:
    """A rim of the right lung, at the chest wall."""
    x, y = PLACE.coordinates(SIZE)
    return (sample(soften(MASK), x, y) > 0.5) & (x < -0.62) & (y < 0.7)


def flat_chest(seed: int = 0) -> Chest:
    """Lungs of even density with markings that can be told from it."""
    x, y = PLACE.coordinates(SIZE)
    lungs = sample(soften(MASK), x, y)
    markings = 0.1 * lungs * (np.arange(SIZE)[:, None] // 3 % 2)
    return Chest(x, y, 0.3 + markings, lungs, dict(right=lungs * (x < 0), left=lungs * (x >= 0)),
                 np.random.default_rng(seed), markings)


def test_air_is_dark_and_bordered_by_the_pleura():
    """Within the mask it is darker and without markings; at its inner border, and only there, is a bright line."""
    chest, air = flat_chest(), lateral_air()
    before = chest.density
    draw_pneumothorax(chest, air, 0.1)
    inner = air & np.roll(air, 2, 0) & np.roll(air, -2, 0) & np.roll(air, 3, 1) & np.roll(air, -3, 1)
    assert inner.sum() > 50 and np.ptp(chest.density[inner]) < 0.05 < np.ptp(before[inner])
    assert 0.16 < chest.density[inner].mean() < 0.24 and (chest.density - before)[air].mean() < -0.08
    rows = np.flatnonzero(air.any(axis=1))[8:-8]
    plain = chest.density - 0.3
    line = np.array([plain[row, np.flatnonzero(air[row])[-1] - 1:][:4].max() for row in rows])
    wall = np.array([plain[row, np.flatnonzero(air[row])[0] - 3:][:3].max() for row in rows])
    assert np.median(line) > 0.1 and wall.max() < 0.02
    assert np.array_equal(chest.density[:, SIZE // 2:], before[:, SIZE // 2:])  # the other lung stays as it is


def test_vessels_are_lost_in_an_opacity():
    """Markings fade where airspaces are full, and the rest of the film stays as it is."""
    with_them, without = flat_chest(), flat_chest()
    without.density, without.markings = without.density - without.markings, np.zeros((SIZE, SIZE))
    left, top, width, height = (int(value) for value in BOXES['right'])
    before = with_them.density
    for chest in (with_them, without):
        draw_opacity(chest, BOXES['right'], 0.2)
    core = np.s_[top + height // 3:top + 2 * height // 3, left + width // 3:left + 2 * width // 3]
    assert np.ptp((with_them.density - without.density)[core]) < 0.5 * np.ptp(before[core])
    changed = np.argwhere(with_them.density != before)
    assert changed.min(axis=0)[0] > top - 6 and changed.max(axis=0)[0] < top + height + 6
    assert changed.min(axis=0)[1] > left - 6 and changed.max(axis=0)[1] < left + width + 6


def test_air_beyond_the_lung_widens_it():
    """A mask of another chest that reaches beyond these lungs is dark there, too."""
    air = np.zeros((SIZE, SIZE), bool)
    air[30:60, 8:24] = True
    outside = air & (sample(soften(MASK), *PLACE.coordinates(SIZE)) < 0.01)
    assert outside.sum() > 20 and mean_film(air=air)[outside].mean() < NORMAL[outside].mean() - 40


@given(x=st.floats(0, 90), y=st.floats(0, 90), width=st.floats(1, 40), height=st.floats(1, 40), seed=st.integers(0, 99))
@settings(max_examples=25)
def test_boxes_anywhere(x, y, width, height, seed):
    """Any box within a film gives a film, also one that no lung can cover."""
    box = (x, y, min(width, SIZE - x), min(height, SIZE - y))
    region = boxes_to_region([box], SIZE)
    assert abs(int(region.sum()) - box[2] * box[3]) <= box[2] + box[3] + 1
    if region.any():
        number, place = fit_chest([soften(MASK)], region, np.random.default_rng(seed))
        film = render_radiograph(MASK, (), np.random.default_rng(seed), SIZE, placement=place, boxes=[box])
        assert number == 0 and film.shape == (SIZE, SIZE) and film.dtype == np.uint8


def test_chest_is_placed_for_the_region():
    """Of places tried, the lungs cover a region in the upper left well, wherever the average chest would be."""
    region = boxes_to_region([(10., 8., 22., 30.)], SIZE)
    outlines = [soften(MASK)]
    covered = []
    for seed in range(6):
        number, place = fit_chest(outlines, region, np.random.default_rng(seed))
        covered.append((sample(outlines[number], *place.coordinates(SIZE)) > 0.5)[region].mean())
    average = (sample(outlines[0], *PLACE.coordinates(SIZE)) > 0.5)[region].mean()
    assert min(covered) > 0.85 > average
    again = [fit_chest(outlines, region, np.random.default_rng(3)) for _ in range(2)]
    assert again[0] == again[1]


def test_air_lies_at_the_wall():
    """A pneumothorax is placed such that no lung is left between it and the chest wall."""
    region = boxes_to_region([(24., 30., 6., 34.)], SIZE)
    outlines, beside = [soften(MASK)], []
    for at_the_wall in (False, True):
        _, place = fit_chest(outlines, region, np.random.default_rng(1), at_the_wall)
        lungs = sample(outlines[0], *place.coordinates(SIZE)) > 0.5
        beside.append(int(lungs[30:64, :24].sum()))
    assert beside[1] < beside[0] / 2
