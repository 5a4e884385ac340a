"""The real films: which fold a patient is in, and copies of the size that models get."""
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from prior_mm.converters.downstream.splits import draw_folds
from prior_mm.converters.downstream.subsets import nested_subsets
from prior_mm.datasets.images import read_radiograph, resize
from prior_mm.files.whole_files import whole_file, write_whole

#: Height and width of what models get, in pixels: those of the demo's pre-training.
SIZE = 128
FOLDS = 5


@dataclass(frozen=True)
class Film:
    """A film, as its table has it.

    Attributes:
        name: Of its copies, unique: the table's folder and the image's name without ending.
        path: The image.
        patient: Unique over the tables.
        view: ``AP`` (lying films too), ``PA``, or '' where the table does not say.
        findings: Their names, in lower case; empty where nothing was found, None where the table is not asked.
        notes: The clinical notes; '' without.
        mask: The mask of the lungs.
        licence: As the table has it; '' where it says nothing, and then no picture may be shown.
        source: Where it is from.
        kept_back: Whether it is tested on only: no model sees it in training.
    """
    name: str
    path: Path
    patient: str
    view: str = ''
    findings: frozenset[str] | None = None
    notes: str = ''
    mask: Path | None = None
    licence: str = ''
    source: str = ''
    kept_back: bool = False

    @property
    def label(self) -> int | None:
        """1 for pneumonia, 0 for no finding, None for neither."""
        if self.findings is None:
            return None
        return 1 if 'pneumonia' in self.findings else None if self.findings else 0


@dataclass(frozen=True)
class Fold:
    """A repeat: the films that a model is trained on, and the fifth of the patients that it is tested on."""
    number: int
    train: tuple[Film, ...]
    test: tuple[Film, ...]

    def share(self, percent: int) -> tuple[Film, ...]:
        """So many percent of the training films, stratified; smaller shares lie within larger ones."""
        strata = {film.name: _stratum(film) for film in self.train}
        chosen = set(nested_subsets(strata, [percent], self.number)[percent])
        return tuple(film for film in self.train if film.name in chosen)


def folds(films: Sequence[Film]) -> list[Fold]:
    """Five folds with patients apart, each with its part of each label and view; kept-back films take no part."""
    ours = {film.name: film for film in films if not film.kept_back}
    drawn = draw_folds({name: _stratum(film) for name, film in ours.items()},
                       {name: film.patient for name, film in ours.items()}, FOLDS, [], seed=0)
    return [Fold(number, tuple(ours[name] for name, split in splits.of.items() if split != 'test'),
                 tuple(ours[name] for name, split in splits.of.items() if split == 'test'))
            for number, splits in enumerate(drawn)]


def _stratum(film: Film) -> frozenset[str]:
    return frozenset({film.view, str(film.label)})


def pixels(films: Sequence[Film], folder: Path) -> np.ndarray:
    """The films as models get them, uint8 (N, 128, 128); read once, then from the copies in a folder."""
    return np.stack([np.asarray(Image.open(_copy(film, folder))) for film in films])


def write_copies(films: Sequence[Film], images: Iterable[np.ndarray], folder: Path) -> Path:
    """Write images, uint8 (128, 128), under the films' names; those that are there stay."""
    for film, image in zip(films, images, strict=True):
        path = folder / f'{film.name}.png'
        if not path.is_file():
            with whole_file(path) as file:
                Image.fromarray(image).save(file, 'PNG')
    return folder


def read_small(path: Path) -> np.ndarray:
    """A radiograph as the project reads and shrinks it, uint8 (128, 128)."""
    image = resize(read_radiograph(path, SIZE), SIZE, SIZE)
    return (image >> 8).astype(np.uint8) if image.dtype == np.uint16 else image


def _copy(film: Film, folder: Path) -> Path:
    path = folder / f'{film.name}.png'
    if not path.is_file():
        write_copies([film], [read_small(film.path)], folder)
    return path


def write_annotations(path: Path, films: Sequence[Film], labels: Mapping[str, int]) -> Path:
    """An annotation file of one finding, ``prior_mm.classification/1``, of the copies of films."""
    entries = [dict(img_path=f'{film.name}.png', image_id=film.name, gt_label=labels[film.name]) for film in films]
    metainfo = dict(schema='prior_mm.classification/1', dataset='real', synthetic=False, protocol='real/1',
                    classes=['no finding', 'finding'])
    write_whole(path, json.dumps(dict(metainfo=metainfo, data_list=entries)).encode())
    return path
