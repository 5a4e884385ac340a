"""A synthetic frontal chest radiograph: a caricature of the anatomy around a real lung mask."""
from collections.abc import Sequence

import numpy as np

from .canvas import band, ellipse, polyline, step, value_noise
from .chest import Chest
from .findings import Finding
from .lesions import draw_finding
from .placement import Placement, sample, soften
from .regions import BoxPixels, draw_opacity, draw_pneumothorax

#: Least part of a finding's greatest change of density that counts as its place: a cloud has no border.
_SEEN = 0.35


def render_radiograph(mask: np.ndarray, findings: Sequence[Finding], rng: np.random.Generator, size: int = 256,
                      view: str = 'PA', placement: Placement | None = None, boxes: Sequence[BoxPixels] = (),
                      air: np.ndarray | None = None) -> np.ndarray:
    """Draw a film.

    Args:
        mask: A lung mask of two lungs as seen on a film, cut to its lungs, bool (h, w).
        findings: What is to be seen.
        rng: Decides all normal variation: habitus, position, exposure, noise.
        size: Height and width in pixels.
        view: ``'PA'`` or ``'AP'``, whose heart is larger and whose lungs are shorter.
        placement: Of the chest on the film; random by default.
        boxes: An airspace opacity is drawn in each.
        air: Mask of a pneumothorax, bool (size, size).

    Returns:
        uint8, (size, size), bone bright.
    """
    return _expose(draw_chest(mask, findings, rng, size, view, placement, boxes, air))


def draw_chest(mask: np.ndarray, findings: Sequence[Finding], rng: np.random.Generator, size: int = 256,
               view: str = 'PA', placement: Placement | None = None, boxes: Sequence[BoxPixels] = (),
               air: np.ndarray | None = None) -> Chest:
    """The chest of :func:`render_radiograph`, which takes the same, before it is exposed; it knows what lies where."""
    kinds = {finding.kind for finding in findings}
    chest = _position(mask, kinds, rng, size, view, placement)
    if air is not None:
        # The real masks are of other chests: where one reaches beyond this lung, the pleural space does, too.
        chest.lungs = np.maximum(chest.lungs, air)
    _draw_body(chest)
    _draw_lungs(chest, 'hyperinflation' in kinds)
    _draw_spine(chest, 'scoliosis' in kinds)
    heart = _draw_heart(chest, findings, view)
    _draw_ribs(chest)
    for finding in findings:
        before = chest.density
        draw_finding(chest, finding)
        chest.places.append(heart if finding.kind == 'cardiomegaly' else _changed(before, chest.density))
    for box in boxes:
        draw_opacity(chest, box, chest.between(0.17, 0.3))
    if air is not None:
        draw_pneumothorax(chest, air, chest.between(0.1, 0.2))
    return chest


def render_lateral(rng: np.random.Generator, size: int = 256) -> np.ndarray:
    """A lateral film, uint8 (size, size): only there so that the raw data hold a view that is not frontal."""
    y, x = np.mgrid[0:size, 0:size] / size * 2 - 1
    density = 0.55 * ellipse(x, y, (0, 0.1), (0.62, 1.1)) - 0.35 * ellipse(x, y, (0.02, 0.05), (0.46, 0.72), 0.3)
    density += 0.25 * ellipse(x, y, (-0.2, 0.35), (0.24, 0.26), 0.4) + 0.2 * band(x - 0.42 - 0.1 * y * y, 0.16, 0.1)
    return np.clip(np.floor(256 * (density + 0.05 + 0.02 * value_noise(rng, x.shape, 64))), 0, 255).astype(np.uint8)


def _position(mask: np.ndarray, kinds: set, rng: np.random.Generator, size: int, view: str,
              placement: Placement | None) -> Chest:
    """Place the thorax on the film and the real lungs in the thorax."""
    chest = Chest(*(np.empty(0), ) * 4, sides={}, rng=rng)
    chest.x, chest.y = (placement or _draw_placement(chest, kinds, view)).coordinates(size)
    soft = soften(mask)
    chest.lungs = sample(soft, chest.x, chest.y)
    middle = _midline(soft)
    chest.sides = dict(right=chest.lungs * (chest.x < middle), left=chest.lungs * (chest.x >= middle))
    return chest


def _draw_placement(chest: Chest, kinds: set, view: str) -> Placement:
    half_width = chest.between(0.58, 0.7)
    height = chest.between(1.12, 1.32) * (0.88 if view == 'AP' else 1.)
    height *= 1.13 if 'hyperinflation' in kinds else 0.8 if 'hypoinflation' in kinds else 1.
    top, shift = chest.between(-0.8, -0.64), chest.between(-0.06, 0.06)
    return Placement(half_width, height, top, shift, turn=chest.between(-0.06, 0.06))


def _midline(soft: np.ndarray) -> float:
    """x of the column between the lungs that holds least lung."""
    size = len(soft)
    middle = soft[:, size // 3:2 * size // 3].sum(axis=0)
    least = np.flatnonzero(middle == middle.min())
    return (size // 3 + int(least[len(least) // 2]) + 0.5) / size * 2 - 1


def _draw_body(chest: Chest) -> None:
    x, y = chest.x, chest.y
    habitus = chest.between(0.45, 0.6)
    trunk = step(np.abs(x) - chest.between(1.12, 1.25) + 0.12 * (y - 0.5)**2, 0.12) * step(-0.06 - y, 0.2)
    neck = step(np.abs(x) - 0.3, 0.1) * step(y - 0.1, 0.3)
    slope = step(-(y + 0.16 - 0.2 * np.abs(x)), 0.12) * step(np.abs(x) - 1.5, 0.1)
    abdomen = 0.14 * step(0.98 - y, 0.25)
    chest.density = habitus * np.maximum(np.maximum(trunk, neck), slope) + abdomen
    if chest.rng.integers(2):  # breast shadows
        for side in (-1, 1):
            chest.density = chest.density + 0.06 * ellipse(x, y, (side * 0.58, 0.78), (0.42, 0.26), 0.3)


def _draw_lungs(chest: Chest, hyperinflated: bool) -> None:
    """Air, and the vessels that branch from the hila."""
    x, y, rng = chest.x, chest.y, chest.rng
    chest.density = chest.density - (chest.between(0.34, 0.42) + 0.06 * hyperinflated) * chest.lungs
    vessels = np.zeros_like(x)
    for side in (-1, 1):
        hilum = (side * 0.3, 0.45)
        chest.density = chest.density + 0.1 * ellipse(x, y, hilum, (0.12, 0.14), 0.9) * chest.lungs
        for branch in np.linspace(-0.42, 0.5, 7):
            end = (hilum[0] + side * (0.5 - abs(branch) * 0.4), hilum[1] + branch + chest.between(-0.05, 0.05))
            bend = ((hilum[0] + end[0]) / 2, (hilum[1] + end[1]) / 2 + chest.between(-0.05, 0.05))
            vessels = np.maximum(vessels, polyline(x, y, np.array([hilum, bend, end]), 0.008, 0.03))
    fading = np.clip(1.1 - np.abs(x), 0, 1)
    chest.markings = chest.lungs * (0.12 * vessels * fading + 0.025 * value_noise(rng, x.shape, 40))
    chest.density = chest.density + chest.markings
    gas = ellipse(x, y, (0.42, 1.1), (0.16, 0.07), 0.3)  # in the stomach, under the left dome
    chest.density = chest.density - chest.between(0., 0.2) * gas * (1 - chest.lungs)


def _draw_spine(chest: Chest, scoliotic: bool) -> None:
    x, y = chest.x, chest.y
    bend = chest.between(0.12, 0.22) * (1 if chest.rng.integers(2) else -1) if scoliotic else chest.between(-0.01, 0.01)
    center = bend * 4 * y * (1 - y)
    phase = (y * 11) % 1
    discs = 0.75 + 0.25 * band(phase - 0.5, 0.7, 0.2)
    chest.density = chest.density + 0.13 * band(x - center, 0.2, 0.06) * discs
    chest.density = chest.density - 0.12 * band(x - center * 0.5, 0.09, 0.06) * step(y - 0.3, 0.1)  # trachea
    mediastinum = 0.2 + 0.1 * step(-(y - 0.25), 0.3)
    chest.density = chest.density + 0.17 * band(x, 2 * mediastinum, 0.12) * step(y - 1.1, 0.2) * step(-0.02 - y, 0.2)


def _changed(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Pixels whose density a finding has changed, bool (H, W)."""
    change = np.abs(after - before)
    return change > max(_SEEN * change.max(), 1e-6)


def _draw_heart(chest: Chest, findings: Sequence[Finding], view: str) -> np.ndarray:
    """Draw heart and aorta, and say where the heart lies, bool (H, W)."""
    x, y = chest.x, chest.y
    heart = next((finding for finding in findings if finding.kind == 'cardiomegaly'), None)
    # Half of the cardiothoracic ratio to either side: normally under one half, on an AP film a little more.
    half = chest.between(0.38, 0.46) + (0.03 if view == 'AP' else 0)
    if heart is not None:
        half = chest.between(0.56, 0.62) + 0.12 * (heart.size if heart.size is not None else 0.4)
    center = (0.26 * half / 0.42, 0.78 - 0.12 * (half - 0.42))
    silhouette = np.maximum(ellipse(x, y, center, (half * 0.95, 0.24 + 0.18 * (half - 0.42)), 0.12),
                            ellipse(x, y, (-0.1 * half / 0.42, 0.7), (half * 0.56, 0.3), 0.14))
    place = silhouette > 0.5
    knob = 1.5 if any(finding.kind == 'tortuous aorta' for finding in findings) else 1.
    silhouette = np.maximum(silhouette, 0.6 * ellipse(x, y, (0.1 * knob, 0.3), (0.16 * knob, 0.1 * knob), 0.4))
    chest.density = chest.density + chest.between(0.27, 0.33) * silhouette * np.maximum(chest.lungs, 0.35)
    chest.lungs = chest.lungs * (1 - 0.7 * silhouette)
    chest.sides = {side: lung * (1 - 0.7 * silhouette) for side, lung in chest.sides.items()}
    return place


def _draw_ribs(chest: Chest) -> None:
    x, y = chest.x, chest.y
    reach = step(np.abs(x) - 1.06, 0.06)
    strength = chest.between(0.045, 0.075)
    across = np.abs(x)
    beside_the_spine = step(0.14 - across, 0.06)
    chest.density = chest.density.copy()
    for rib in range(9):
        level = -0.04 + 0.125 * rib
        distance = y - level - 0.03 * rib / 8 - (0.16 + 0.02 * rib) * (across - 0.12) * (across - 0.4) * 2
        near = np.abs(distance) < 0.03  # beyond there is nothing of it
        distance = distance[near]
        shaft = band(distance, 0.034, 0.02) + 0.6 * band(distance - 0.018, 0.008, 0.01)
        chest.density[near] += strength * shaft * reach[near] * beside_the_spine[near]
    for side in (-1, 1):  # clavicles
        s = side * x
        distance = y - 0.09 + 0.16 * (s - 0.2) - 0.1 * (s - 0.55)**2
        chest.density = chest.density + 0.15 * band(distance, 0.04, 0.025) * step(0.1 - s, 0.05) * step(s - 1.0, 0.1)


def _expose(chest: Chest) -> np.ndarray:
    """Film: exposure, contrast and noise, which differ from film to film."""
    shape = chest.x.shape
    density = np.clip(chest.density, 0, 1.2)
    noise = (chest.rng.integers(-1000, 1001, shape) + chest.rng.integers(-1000, 1001, shape)) / 2000
    density = density + 0.02 * noise + 0.02 * value_noise(chest.rng, shape, 5)
    curve = chest.between(0.55, 0.85)  # brightness rises fast, then levels out
    bright = density * (1 + curve) / (np.maximum(density, 0) + curve)
    gain, offset = chest.between(0.86, 1.05), chest.between(-0.03, 0.06)
    return np.clip(np.floor(256 * (gain * bright + offset)), 0, 255).astype(np.uint8)
