"""What tables say of films, read as ``tools/dataset_converters/table.py`` reads any table."""
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from prior_mm.converters.downstream.chexpert_labels import UNKNOWN
from prior_mm.converters.downstream.settings import DownstreamSettings
from prior_mm.converters.table.any_table import find_table, read_any_table
from prior_mm.converters.table.columns import choose_columns
from prior_mm.converters.table.find_images import find_images
from prior_mm.converters.table.labels import LabelOptions, label_reader
from prior_mm.converters.table.masks import MaskOptions, guess_masks
from prior_mm.converters.table.table_images import TableImage, read_images

from .films import Film

_VIEWS = dict(POSTEROANTERIOR='PA', ANTEROPOSTERIOR='AP')


def read_films(root: Path) -> list[Film]:
    """The films of the tables in ``nih/`` and ``notes/`` below a folder, as far as they are there."""
    films = [film for folder in ('nih', 'notes') if (root / folder).is_dir()
             for film in read_table(root / folder / 'images', find_table(root / folder), folder)]
    if not films:
        raise ValueError(f'{root} holds neither nih/ nor notes/, each with images/ and a table: check --root')
    return films


def read_table(images: Path, table: Path, prefix: str) -> list[Film]:
    """The frontal films of a table whose images are there; what is left out is said.

    Where a table has clinical notes, its findings are not asked: in a collection of many hospitals they go with the
    hospital, and are no labels beside NIH's.

    Args:
        images: Folder of the images; masks are beside it or beside the table.
        table: In any format and with any columns that the converter of tables takes.
        prefix: Of the films' and the patients' names, without ``_``.

    Raises:
        ValueError: If the table is faulty, names no column of images, or an image or a mask is not there.
    """
    header, rows = read_any_table(table)
    columns = choose_columns(table, header, {})
    labels = label_reader(table, rows, columns, LabelOptions(missing='ignore'))
    named = read_images(table, rows, columns, labels)
    taken = {name: image for name, image in named.items() if image.frontal}
    paths = find_images(taken, DownstreamSettings(images.parent, images, images), table, others=named)
    there = [image for name, image in taken.items() if paths[name]]
    if missing := len(taken) - len(there):
        print(f'{table}: {missing} of {len(taken)} images are not in {images}, and left out')
    masks = guess_masks(header, MaskOptions())
    notes = {image.image_id: _cell(image, columns.report) for image in there}
    asked = bool(labels.classes) and not any(notes.values())
    films = []
    for image in there:
        path = Path(paths[image.image_id])
        mask = _cell(image, masks)
        films.append(Film(
            f'{prefix}_{"_".join(path.with_suffix("").parts)}', images / path, f'{prefix}_{_patient(image.patient)}',
            _view(image.view), _findings(image, labels.classes) if asked else None, notes[image.image_id],
            _mask(mask, images, table) if mask else None, _cell(image, 'licence'), _cell(image, 'source')))
    return films


def read_others(images: Path, table: Path) -> list[Film]:
    """Films of one's own; films of two folders or tables never share the copies and results of a folder."""
    key = hashlib.sha256(f'{images.resolve()}'.encode() + table.read_bytes()).hexdigest()[:8]
    return read_table(images, table, f'other-{key}')


def keep_back(films: Sequence[Film], others: Iterable[Film]) -> list[Film]:
    """Others as films to be tested on; those of patients among the films are left out.

    NIH's patients go by their number, in whichever table they stand.
    """
    known = {film.patient.partition('_')[2] for film in films}
    return [replace(film, kept_back=True) for film in others if film.patient.partition('_')[2] not in known]


def _cell(image: TableImage, column: str | None) -> str:
    """What the first of an image's rows that says something has in a column."""
    return next((value for row in image.rows if column and (value := row.values.get(column, '').strip())), '')


def _patient(name: str) -> str:
    """Numbers without leading zeros: two tables may write them in two ways."""
    return str(int(name)) if name.isascii() and name.isdigit() else name


def _view(name: str) -> str:
    """``AP``, lying films too, ``PA``, or '' where it is neither."""
    first = name.replace('-', '').split()[0]
    view = _VIEWS.get(first, first)
    return view if view in _VIEWS.values() else ''


def _findings(image: TableImage, classes: Sequence[str]) -> frozenset[str] | None:
    """What is shown; None if nothing is and it is not known of some finding."""
    labels = dict(zip(map(str.lower, classes), image.labels, strict=True))
    nothing = labels.pop('no finding', 0) == 1
    shown = frozenset(name for name, label in labels.items() if label == 1)
    return None if UNKNOWN in labels.values() and not shown and not nothing else shown


def _mask(name: str, images: Path, table: Path) -> Path:
    found = [folder / name for folder in (images.parent, table.parent) if (folder / name).is_file()]
    if not found:
        raise ValueError(f'{table} names the mask {name}, which is neither in {images.parent} nor beside the table')
    return found[0]
