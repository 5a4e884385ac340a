"""How each finding looks on a synthetic film."""
from collections.abc import Callable

import numpy as np

from .canvas import band, ellipse, polyline, step, value_noise
from .chest import Chest
from .findings import Finding

_DRAW: dict[str, Callable[[Chest, Finding], None]] = {}


def draw_finding(chest: Chest, finding: Finding) -> None:
    """Draw a finding on a chest; kinds that change the anatomy itself (heart, spine, inflation) are drawn with it."""
    if draw := _DRAW.get(finding.kind):
        draw(chest, finding)


def _draws(*kinds: str):
    def register(function):
        for kind in kinds:
            _DRAW[kind] = function
        return function

    return register


def _sides(chest: Chest, finding: Finding) -> tuple[str, ...]:
    """Where the report puts it; else on one side at random."""
    return finding.sides or (('right', 'left')[int(chest.rng.integers(2))], )


def _sign(side: str) -> int:
    return -1 if side == 'right' else 1


def _size(chest: Chest, finding: Finding) -> float:
    return finding.size if finding.size is not None else chest.between(0.25, 0.6)


def _place(chest: Chest, finding: Finding, side: str, spread: float = 0.06) -> tuple[float, float]:
    height = finding.height if finding.height is not None else chest.between(0.2, 0.8)
    return _sign(side) * chest.between(0.42, 0.68), height + chest.between(-spread, spread)


def _add(chest: Chest, amount: np.ndarray) -> None:
    chest.density = chest.density + amount


@_draws('effusion')
def _effusion(chest: Chest, finding: Finding) -> None:
    """Fluid at the base, its surface rising towards the chest wall."""
    for side in _sides(chest, finding):
        s = _sign(side) * chest.x
        outward = np.clip(s, 0, 1.1)
        level = 0.86 - 0.36 * _size(chest, finding) - 0.22 * outward * outward * outward
        fluid = step(level - chest.y, 0.06) * step(-(s - 0.02), 0.1) * step(s - 1.03, 0.04) * step(chest.y - 1.12, 0.1)
        _add(chest, fluid * (0.3 * chest.sides[side] + 0.05))


@_draws('atelectasis')
def _atelectasis(chest: Chest, finding: Finding) -> None:
    """Plates of collapsed lung: long, thin, nearly level bands, mostly at the base."""
    height = finding.height if finding.height is not None else 0.8
    for side in _sides(chest, finding):
        for number in range(2 + int(chest.rng.integers(2))):
            tilt = chest.between(-0.12, 0.12)
            center = _sign(side) * chest.between(0.45, 0.6)
            level = height - 0.075 * number + chest.between(-0.02, 0.02)
            plate = band(chest.y - level - tilt * (chest.x - center), 0.02, 0.022)
            plate = plate * step(np.abs(chest.x - center) - chest.between(0.26, 0.4), 0.1)
            _add(chest, 0.34 * plate * np.maximum(chest.sides[side], 0.15))


@_draws('opacity')
def _opacity(chest: Chest, finding: Finding) -> None:
    _patch(chest, finding, chest.between(0.2, 0.3), 0.7)


@_draws('consolidation')
def _consolidation(chest: Chest, finding: Finding) -> None:
    _patch(chest, finding, chest.between(0.28, 0.36), 0.3)


def _patch(chest: Chest, finding: Finding, amount: float, mottle: float) -> None:
    """A cloud in the lung, without a sharp border."""
    for side in _sides(chest, finding):
        x, y = _place(chest, finding, side)
        extent = chest.between(0.2, 0.27) + 0.1 * (finding.size or 0)
        cloud = ellipse(chest.x, chest.y, (x, y), (extent, extent * chest.between(0.55, 0.8)), 0.9)
        texture = 1 - mottle * (0.5 + 0.5 * value_noise(chest.rng, chest.x.shape, 30))
        _add(chest, amount * cloud * texture * np.maximum(chest.sides[side], 0.05))


@_draws('nodule', 'mass')
def _nodule(chest: Chest, finding: Finding) -> None:
    """A ball with a sharp border."""
    for side in _sides(chest, finding):
        x, y = _place(chest, finding, side)
        radius = chest.between(0.065, 0.085) if finding.kind == 'nodule' else chest.between(0.12, 0.18)
        ball = ellipse(chest.x, chest.y, (x, y), (radius, radius * 0.5), 0.25)
        _add(chest, 0.36 * ball)


@_draws('granuloma')
def _granuloma(chest: Chest, finding: Finding) -> None:
    """A tiny ball of lime."""
    for side in _sides(chest, finding):
        x, y = _place(chest, finding, side)
        _add(chest, 0.45 * ellipse(chest.x, chest.y, (x, y), (0.022, 0.012), 0.4))


@_draws('edema', 'congestion')
def _edema(chest: Chest, finding: Finding) -> None:
    """Haze around both hila, in the form of wings, and short lines at the bases."""
    amount = (0.22 if finding.kind == 'edema' else 0.13) * (0.7 + 0.5 * _size(chest, finding))
    wings = sum(ellipse(chest.x, chest.y, (side * 0.42, 0.52), (0.42, 0.32), 1.2) for side in (-1, 1))
    texture = 0.75 + 0.25 * value_noise(chest.rng, chest.x.shape, 24)
    _add(chest, amount * wings * texture * chest.lungs)
    if finding.kind == 'edema':
        outer_base = step(0.72 - chest.y, 0.05) * step(0.75 - np.abs(chest.x), 0.05)
        _add(chest, 0.07 * band((chest.y * 40) % 1 - 0.5, 0.3, 0.2) * outer_base * chest.lungs)


@_draws('pneumothorax')
def _pneumothorax(chest: Chest, finding: Finding) -> None:
    """Air between lung and chest wall: a dark rim without vessels, bordered by the line of the pleura."""
    for side in _sides(chest, finding):
        s = _sign(side) * chest.x
        rim = 0.2 + 0.35 * _size(chest, finding)
        border = np.sqrt(((s - 0.4) / (0.6 - rim * 0.6))**2 + ((chest.y - 0.62) / (0.62 - rim * 0.6))**2) - 1
        _add(chest, (0.22 * band(border, 0.03, 0.03) - 0.16 * step(-border, 0.03)) * chest.sides[side])


@_draws('catheter')
def _catheter(chest: Chest, finding: Finding) -> None:
    """A line from the shoulder or the neck to the right atrium."""
    side = _sign(_sides(chest, finding)[0])
    start = (side * 1.05, 0.02) if chest.rng.integers(2) else (side * 0.3, -0.2)
    points = [start, (side * 0.55, 0.08), (side * 0.12, 0.2), (-0.1, 0.36), (-0.14, chest.between(0.5, 0.64))]
    _add(chest, 0.5 * polyline(chest.x, chest.y, np.array(points), 0.016, 0.02))
    if chest.rng.integers(2):  # a port under the skin
        _add(chest, 0.6 * ellipse(chest.x, chest.y, (side * 0.72, 0.16), (0.09, 0.045), 0.2))


@_draws('pacemaker')
def _pacemaker(chest: Chest, finding: Finding) -> None:
    """A box below the clavicle, and leads into the heart."""
    side = _sign(finding.sides[0]) if finding.sides else 1
    x, y = np.square((chest.x - side * 0.72) / 0.17), np.square((chest.y - 0.2) / 0.085)
    _add(chest, 0.7 * step(np.sqrt(np.sqrt(x * x + y * y)) - 1, 0.12))
    for tip in ((0.3, 0.86), (-0.1, 0.7)):
        points = [(side * 0.6, 0.26), (side * 0.3, 0.14), (-0.04, 0.3), ((tip[0] - 0.1) / 2, 0.6), tip]
        _add(chest, 0.5 * polyline(chest.x, chest.y, np.array(points), 0.014, 0.02))


@_draws('tube')
def _tube(chest: Chest, finding: Finding) -> None:
    """A tube down the midline, with wires of the monitor over the chest."""
    end = chest.between(0.3, 0.95)
    _add(chest, 0.45 * polyline(chest.x, chest.y, np.array([(0.0, -0.3), (0.02, 0.2), (0.06, end)]), 0.024, 0.02))
    for side in (-1, 1):
        lead = [(side * 1.0, -0.1), (side * 0.75, chest.between(0.3, 0.5))]
        _add(chest, 0.4 * polyline(chest.x, chest.y, np.array(lead), 0.012, 0.02))
        _add(chest, 0.5 * ellipse(chest.x, chest.y, lead[1], (0.05, 0.028), 0.3))


@_draws('clips')
def _clips(chest: Chest, finding: Finding) -> None:
    """Wires through the breastbone, as after an operation of the heart."""
    for level in np.linspace(0.28, 0.72, 5):
        _add(chest, 0.3 * ellipse(chest.x, chest.y, (chest.between(-0.015, 0.015), level), (0.045, 0.012), 0.3))


@_draws('fracture')
def _fracture(chest: Chest, finding: Finding) -> None:
    """A rib that has healed with a lump."""
    for side in _sides(chest, finding):
        place = (_sign(side) * chest.between(0.7, 0.95), chest.between(0.35, 0.7))
        _add(chest, 0.22 * ellipse(chest.x, chest.y, place, (0.07, 0.035), 0.3))
        _add(chest, -0.12 * ellipse(chest.x, chest.y, place, (0.012, 0.04), 0.3))


@_draws('hernia')
def _hernia(chest: Chest, finding: Finding) -> None:
    """The stomach behind the heart, with a bubble of air."""
    _add(chest, 0.16 * ellipse(chest.x, chest.y, (0.16, 0.86), (0.24, 0.12), 0.2))
    _add(chest, -0.16 * ellipse(chest.x, chest.y, (0.16, 0.84), (0.14, 0.05), 0.2))


@_draws('scar', 'thickening')
def _scar(chest: Chest, finding: Finding) -> None:
    """A short line, at the apex unless the report says where."""
    for side in _sides(chest, finding):
        x, y = _sign(side) * chest.between(0.4, 0.6), finding.height if finding.height is not None else 0.14
        points = np.array([(x - 0.06, y + chest.between(-0.03, 0.03)), (x + 0.06, y + chest.between(-0.03, 0.03))])
        _add(chest, 0.14 * polyline(chest.x, chest.y, points, 0.01, 0.025) * chest.lungs)


@_draws('elevated diaphragm')
def _elevated_diaphragm(chest: Chest, finding: Finding) -> None:
    """The dome of one side, higher than it should be."""
    for side in _sides(chest, finding):
        dome = ellipse(chest.x, chest.y, (_sign(side) * 0.5, 1.05), (0.7, 0.45), 0.08)
        _add(chest, 0.32 * dome * chest.sides[side])
