"""The parts of the benchmark: each gives its tables by the names of their places on the page."""
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from . import page
from .cache import Cache
from .classify import STEPS, Scores, fine_tuned, frozen, of_view
from .differences import baselines, fairer, parts, put_on
from .figures import auroc, difference
from .films import Film, pixels
from .notes import PAIRS, SHUFFLED, pretrained
from .sheet import draw_sheet

RANDOM, NOTES = 'random weights', 'pre-training on the notes'
Tables = dict[str, str]


@dataclass
class Bench:
    """What all parts share.

    Attributes:
        films: All of them.
        images: Folder of the copies.
        cache: Of the results.
        starts: Files of weights by name; None for random ones.
        repeats: Of classification.
        seeds: Of segmentation and pre-training.
        labelled: The films with a label.
        labels: Of those, 1 for pneumonia.
    """
    films: list[Film]
    images: Path
    cache: Cache
    starts: dict[str, Path | None]
    repeats: int
    seeds: int
    labelled: list[Film] = field(init=False)
    labels: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.labelled = [film for film in self.films if film.label is not None]
        self.labels = {film.name: film.label for film in self.labelled if film.label is not None}
        pixels(self.films, self.images)  # writes the copies

    @property
    def start(self) -> Path | None:
        """Where the linear classifiers of the questions start: the demo's weights, where there are any."""
        return next((path for path in self.starts.values() if path), None)


def sheet(bench: Bench) -> Tables:
    """Every film read, normalised and drawn."""
    kinds = {'with labels (nih)': bench.labelled, 'with notes or masks': [
        film for film in bench.films if film.label is None]}
    rows = {}
    for name, films in kinds.items():
        if films:
            path = bench.cache.folder / f'sheet_{name.partition(" (")[0].replace(" ", "_")}.png'
            rows[name] = dict(draw_sheet(films, bench.images, path), patients=len({film.patient for film in films}))
            print(f'contact sheet: {path}')
    return dict(films=page.films_table(rows))


def classification(bench: Bench) -> Tables:
    """No finding or pneumonia, from each start, frozen and fine-tuned, with all labels and a tenth."""
    if not bench.labelled:
        return {}
    starts = dict(bench.starts)
    from_notes = _notes(bench, PAIRS, 1) if any(film.notes for film in bench.films) else []
    if from_notes and Path(from_notes[0]['checkpoint']).is_file():
        starts[NOTES] = Path(from_notes[0]['checkpoint'])
    rows: list[dict[str, Any]] = []
    for percent in STEPS:
        for how, ask in (('frozen', frozen), ('fine-tuned', fine_tuned)):
            found = {name: ask('pneumonia', bench.labelled, bench.labels, start, percent, bench.images, bench.cache,
                               bench.repeats) for name, start in starts.items()}
            rows += _compared(bench, found, percent, how)
    return dict(classification=page.classification_table(
        sorted(rows, key=lambda row: row['tested'] != page.OTHERS)))


def _compared(bench: Bench, found: dict[str, Scores], percent: int, how: str) -> list[dict[str, Any]]:
    """Rows of all starts, over the patients of the folds and over the films kept back."""
    rows = []
    for tested, back in ((page.OTHERS, False), (page.BACK, True)):
        films = [film for film in bench.labelled if film.kept_back is back]
        names = {film.name for film in films}
        if not films:
            continue
        here = {name: [{film: score for film, score in one.items() if film in names} for one in scores]
                for name, scores in found.items() if scores}
        for name, scores in here.items():
            row = {key: auroc(scores if key == 'all' else of_view(scores, films, key), films, bench.labels)
                   for key in ('all', 'AP', 'PA')}
            ahead = None
            if name != RANDOM and RANDOM in here:  # over the repeats that both have
                both = min(len(scores), len(here[RANDOM]))
                ahead = difference(auroc(scores[:both], films, bench.labels),
                                   auroc(here[RANDOM][:both], films, bench.labels))
            rows.append(dict(row, tested=tested, percent=percent, how=how, start=name, repeats=len(scores),
                             ahead=ahead))
    return rows


def segmentation(bench: Bench) -> Tables:
    """Lungs, from random weights and from the demo's."""
    films = [film for film in bench.films if film.mask]
    lungs = _lungs_module()
    if not films or lungs is None:
        return {}
    masks = lungs.write_masks(films, bench.images.parent / 'masks')
    return dict(segmentation=page.segmentation_table({
        name: lungs.dice(films, start, bench.seeds, bench.images, masks, bench.cache)
        for name, start in bench.starts.items()}))


def notes(bench: Bench) -> Tables:
    """Pre-training on films with notes, and with the notes of others."""
    if not any(film.notes for film in bench.films):
        return {}
    return dict(notes=page.notes_table({kind: _notes(bench, kind, bench.seeds) for kind in (PAIRS, SHUFFLED)}))


def differences(bench: Bench) -> Tables:
    """By what the classes differ."""
    films = [film for film in bench.labelled if not film.kept_back]
    if not films:
        return {}
    tables = dict(baselines=page.figures_table(baselines(films, bench.labels, bench.images), 'told by'))
    tables['parts'] = page.figures_table(parts(films, bench.labels, _masks(bench, films), bench.start, bench.images,
                                               bench.cache), 'what is left of the film')
    tables['fairer'] = page.figures_table(fairer(films, bench.labels, bench.start, bench.images, bench.cache),
                                          'question')

    def score(folder: Path) -> Scores:
        return frozen('put_on', films, bench.labels, bench.start, 100, bench.images, bench.cache, bench.repeats, folder)

    tables['put_on'] = page.figures_table(put_on(films, bench.images, score, bench.labels), 'films tested')
    return tables


def _notes(bench: Bench, kind: str, seeds: int) -> list[dict[str, Any]]:
    films = [film for film in bench.films if film.notes]
    found = [pretrained(films, kind, seed, bench.images, bench.cache) for seed in range(seeds)]
    return [one for one in found if one]


def _masks(bench: Bench, films: list[Film]) -> dict[str, np.ndarray] | None:
    """Masks of the lungs by a segmenter trained on all human ones; None where that cannot be."""
    human, lungs = [film for film in bench.films if film.mask and not film.kept_back], _lungs_module()
    if not human or lungs is None:
        return None
    return lungs.predicted_masks(human, films, bench.images,
                                 lungs.write_masks(human, bench.images.parent / 'masks'), bench.cache)


def _lungs_module() -> Any:
    """The module of the lung segmenter; None, with a message, where MMSegmentation cannot run."""
    try:
        from . import lungs
    except ImportError as error:
        print(f'the lungs are left out: {error}')
        return None
    return lungs


PARTS: dict[str, Callable[[Bench], Tables]] = dict(
    sheet=sheet, classification=classification, segmentation=segmentation, notes=notes, differences=differences)
