"""By what no finding and pneumonia differ: numbers of the table, parts of the films, and questions that are fairer."""
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .cache import Cache
from .classify import Scores, baseline, frozen, of_view
from .figures import auroc
from .films import Film, pixels
from .variants import ANY, OF_LUNGS, PUT_ON, write_variant

#: Findings among the films with pneumonia, each within one view: the view where more films show it.
FINDINGS = (('Infiltration', 'AP'), ('Edema', 'AP'), ('Atelectasis', 'PA'), ('Effusion', 'PA'))
_ENOUGH = 15


def figure(found: Scores, films: Sequence[Film], labels: Mapping[str, int]) -> dict[str, Any]:
    """AUROC of all films, and of each view's."""
    return {name: auroc(found if name == 'all' else of_view(found, films, name), films, labels)
            for name in ('all', 'AP', 'PA')}


def baselines(films: Sequence[Film], labels: Mapping[str, int], images: Path) -> dict[str, Any]:
    """AUROC of what needs no training: the view, the patient's number, the size of the file, how dark the film is,
    bars along its edges."""
    small, numbers = pixels(films, images), _numbers(films)
    rows: dict[str, list[float]] = {
        'the view alone (PA)': [film.view == 'PA' for film in films],
        **({'the number of the patient': [float(number) for number in numbers.values()]} if numbers else {}),
        'bytes of the image file': [film.path.stat().st_size for film in films],
        'how dark the film is': [-float(image.mean()) for image in small],
        'bars along its edges (none)': [-float(bars(image)) for image in small],
        'how dark its border is': [-float(image[_outer(image.shape)].mean()) for image in small]}
    return {name: figure(baseline(films, dict(zip([film.name for film in films], map(float, values), strict=True))),
                         films, labels) for name, values in rows.items()}


def parts(films: Sequence[Film], labels: Mapping[str, int], lungs: Mapping[str, np.ndarray] | None, start: Path | None,
          images: Path, cache: Cache) -> dict[str, Any]:
    """AUROC of linear classifiers on frozen features of films of which a part was taken away.

    Args:
        films: The films.
        labels: By film.
        lungs: Masks of their lungs; None leaves out what needs them.
        start: Weights of the backbone.
        images: Folder of the copies.
        cache: Of the results.
    """
    changes = dict(ANY) if lungs is None else {**ANY, **OF_LUNGS}
    found = {'the whole film': figure(frozen('part', films, labels, start, 100, images, cache, 5), films, labels)}
    for name, change in changes.items():
        folder = write_variant(films, images, images.parent / change.__name__, change, lungs)
        if scores := frozen('part', films, labels, start, 100, folder, cache, 5):
            found[name] = figure(scores, films, labels)
    return found


def put_on(films: Sequence[Film], images: Path, score: Callable[[Path], Scores],
           labels: Mapping[str, int]) -> dict[str, Any]:
    """AUROC when the tested films, and they alone, get letters or a frame.

    Args:
        films: The films.
        images: Folder of the copies.
        score: Trains on the copies as they are and scores those of a folder.
        labels: By film.
    """
    found = {'as they are': figure(score(images), films, labels)}
    for name, change in PUT_ON.items():
        found[name] = figure(score(write_variant(films, images, images.parent / change.__name__, change)), films,
                             labels)
    return found


def fairer(films: Sequence[Film], labels: Mapping[str, int], start: Path | None, images: Path,
           cache: Cache) -> dict[str, Any]:
    """AUROC of questions that the view or the choice of the films cannot answer.

    - No finding or pneumonia among patients whose numbers lie in the range that all films without finding come from.
    - Of the films with pneumonia: is the patient's number in that range? There is nothing to be seen, if the years of
      the films leave no mark.
    - Of the films with pneumonia of one view: is a second finding named?

    The first two are left out where patients have no numbers, or too few films lie in the range.
    """
    ill, found, number = [film for film in films if labels[film.name]], {}, _numbers(films)
    clear = [number[film.name] for film in films if number and not labels[film.name]]
    near = [film for film in films if clear and min(clear) <= number[film.name] <= max(clear)]
    within = {film.name: int(film in near) for film in ill}
    if _ENOUGH <= sum(within.values()) <= len(within) - _ENOUGH:
        found[f'pneumonia, patients {min(clear)} to {max(clear)} only'] = _ask(near, labels, start, images, cache)
        found['pneumonia films: is the patient from that range?'] = _ask(ill, within, start, images, cache)
    for name, view in FINDINGS:
        some = [film for film in ill if film.view == view]
        there = {film.name: int(name.lower() in (film.findings or ())) for film in some}
        if _ENOUGH <= sum(there.values()) <= len(there) - _ENOUGH:
            found[f'pneumonia films, {view}: {name.lower()}?'] = _ask(some, there, start, images, cache)
    return found


def _ask(films: Sequence[Film], labels: Mapping[str, int], start: Path | None, images: Path,
         cache: Cache) -> dict[str, Any]:
    return figure(frozen('question', films, labels, start, 100, images, cache, 5), films, labels)


def _numbers(films: Sequence[Film]) -> dict[str, int]:
    """The patient's number of each film; empty where patients go by names."""
    numbers = {film.name: film.patient.rpartition('_')[2] for film in films}
    return {name: int(number) for name, number in numbers.items()} if all(map(str.isdigit, numbers.values())) else {}


def bars(image: np.ndarray) -> int:
    """Along how many of its four edges an image, uint8 (H, W), is black or white all over: what a collimator leaves."""
    edges = image[2], image[-3], image[:, 2], image[:, -3]  # the outermost pixels are blurred
    return sum(bool(((edge < 16).mean() > .9) or ((edge > 239).mean() > .9)) for edge in edges)


def _outer(shape: tuple[int, ...]) -> np.ndarray:
    outer = np.ones(shape, dtype=bool)
    outer[shape[0] // 8:-(shape[0] // 8), shape[1] // 8:-(shape[1] // 8)] = False
    return outer
