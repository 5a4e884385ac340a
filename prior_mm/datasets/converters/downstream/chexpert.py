"""CheXpert: its tables to multi-label annotation files."""
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..annotation_files import write_annotations
from ..csv_tables import TableError
from ..layout_error import LayoutError
from ..mimic_layout import is_said_to_be_synthetic
from .chexpert_labels import UNKNOWN, ChexpertRow, LabelPolicy, make_policy, read_chexpert
from .settings import DownstreamSettings
from .splits import Splits
from .tally import Dropped, Tally
from .written_files import progress_bar, source_hashes

MULTI_LABEL = 'prior_mm.multi_label/1'
_BAR = 256
OFFICIAL = 'valid'  # the split of valid.csv, labelled by three radiologists
_PAGE = 'stanfordmlgroup.github.io/competitions/chexpert'


@dataclass(frozen=True)
class ChexpertOptions:
    """Choices that only CheXpert has.

    Attributes:
        train_csv: ``train.csv`` in the data set's folder by default.
        valid_csv: ``valid.csv`` there, if there is one; it becomes the split ``valid``.
        policy: Classes and what becomes of uncertain labels.
        frontal_only: Whether lateral views are left out.
    """
    train_csv: Path | None = None
    valid_csv: Path | None = None
    policy: LabelPolicy = make_policy()
    frontal_only: bool = True


def missing_parts(settings: DownstreamSettings, train_csv: Path | None, valid_csv: Path | None = None,
                  need_table: bool = True) -> list[str]:
    """What is missing of CheXpert, a line each, with its mend.

    Args:
        settings: Folders, and whether the images are needed.
        train_csv: See :class:`ChexpertOptions`.
        valid_csv: See :class:`ChexpertOptions`.
        need_table: Whether train.csv must be there.
    """
    problems = settings.problems()
    if need_table and train_csv is None and find_table(settings, 'train') is None:
        problems.append(f'labels: {settings.root} holds no train.csv or train.csv.gz. It comes from {_PAGE}; give '
                        '--train-csv if it lies elsewhere')
    for option, given in (('--train-csv', train_csv), ('--valid-csv', valid_csv)):
        if given is not None and not given.is_file():
            problems.append(f'{option}: there is no file {given}. Check the path')
    images = settings.image_root
    if settings.check_images and images.is_dir() and not (images / 'train').is_dir():
        inner = next(iter(sorted(images.glob('*/train'))), None)
        hint = f'; there is one in {inner.parent}, give that' if inner else ''
        problems.append(f'images: {images} holds no folder train/ (with patient00001/study1/view1_frontal.jpg in it)'
                        f'{hint}. Give --image-root, or --no-images to convert the labels alone')
    return problems


def find_table(settings: DownstreamSettings, name: str) -> Path | None:
    """``<name>.csv`` or ``<name>.csv.gz`` in the data set's folder, if it is there."""
    paths = (settings.root / f'{name}.{ending}' for ending in ('csv', 'csv.gz'))
    return next((path for path in paths if path.is_file()), None)


def convert_chexpert(settings: DownstreamSettings, options: ChexpertOptions,
                     console: Console) -> tuple[Tally, Splits, tuple[str, ...]]:
    """Write the annotation files of CheXpert: the drawn or listed splits of train.csv, and ``valid`` of valid.csv.

    Returns:
        What became of the images, the splits of train.csv, and the names of all splits.

    Raises:
        LayoutError: If parts are missing; the message lists all.
        TableError: If a table or list is faulty, or a patient is in both tables.
        ValueError: If nothing can be kept, or a split of train.csv bears the name of valid.csv's.
        OSError: If files cannot be written.
    """
    policy = options.policy
    problems, train = missing_parts(settings, options.train_csv, options.valid_csv), options.train_csv
    train = train or find_table(settings, 'train')
    if problems or train is None:
        raise LayoutError(problems)
    valid = options.valid_csv or find_table(settings, OFFICIAL)
    with console.status('reading the tables'):
        rows = read_chexpert(train, policy.classes)
        official = read_chexpert(valid, policy.classes) if valid else []
    _check_patients(train, rows, valid, official)
    usable = [row for row in rows if row.frontal or not options.frontal_only]
    labels = {row.path: frozenset(_positive(policy, row)) for row in usable}
    splits = settings.splits(labels, {row.path: row.patient for row in usable}, train)
    if OFFICIAL in splits.names:
        raise ValueError(f'{OFFICIAL!r} is the split of valid.csv: give the one of train.csv another name, val say')
    tally = Tally(policy.classes)
    metainfo = dict(schema=MULTI_LABEL, dataset='chexpert', classes=list(policy.classes),
                    synthetic=is_said_to_be_synthetic(settings.root), images_checked=settings.check_images,
                    sources=source_hashes([path for path in (train, valid) if path] + list(splits.files)),
                    options=dict(splits.origin, uncertain=dict(policy.uncertain), missing=policy.missing,
                                 frontal_only=options.frontal_only))
    names = (*splits.names, *([OFFICIAL] if official else []))
    entries: dict[str, list[dict]] = {name: [] for name in names}
    with progress_bar(console, 'images') as progress:
        task = progress.add_task('labels', total=len(rows) + len(official))
        for table, fixed in ((rows, ''), (official, OFFICIAL)):
            for number, row in enumerate(table):
                if number % _BAR == 0:  # moving the bar costs more than converting a row
                    progress.advance(task, min(_BAR, len(table) - number))
                split = fixed or splits.of.get(row.path, '')
                entry = _entry(row, split, settings, options, tally)
                if entry is not None:
                    entries[split].append(entry)
    tally.check_not_empty()
    for name in names:
        path = settings.annotations / f'{name}.json'
        if entries[name]:
            described = dict(metainfo, split=name, images=len(entries[name]), ignored=_ignored(policy, entries[name]),
                             summary=tally.summary(name))
            write_annotations(path, described, (json.dumps(entry) for entry in entries[name]))
        else:
            path.unlink(missing_ok=True)
    splits.write(settings.annotations / 'splits')
    return tally, splits, names


def _entry(row: ChexpertRow, split: str, settings: DownstreamSettings, options: ChexpertOptions,
           tally: Tally) -> dict[str, Any] | None:
    """An entry of the annotation file; None if the image is dropped."""
    labels = options.policy.labels(row.values)
    reason = None
    if options.frontal_only and not row.frontal:
        reason = Dropped.LATERAL
    elif not split:
        reason = Dropped.NOT_IN_SPLIT
    elif all(label == UNKNOWN for label in labels):
        reason = Dropped.NO_LABEL
    elif settings.check_images and not _has_content(settings.image_root / row.path):
        reason = Dropped.MISSING
    if reason is not None:
        tally.drop(split, reason, row.path)
        return None
    positive = [number for number, label in enumerate(labels) if label == 1]
    tally.keep(split, [options.policy.classes[number] for number in positive])
    return dict(img_path=row.path, gt_label=positive, labels=labels, image_id=row.path, patient_id=row.patient)


def _positive(policy: LabelPolicy, row: ChexpertRow) -> list[str]:
    return [name for name, label in zip(policy.classes, policy.labels(row.values), strict=True) if label == 1]


def _ignored(policy: LabelPolicy, entries: Sequence[dict]) -> dict[str, int]:
    """Labels of each class that are to be left out of loss and metric."""
    return {name: sum(entry['labels'][number] == UNKNOWN for entry in entries)
            for number, name in enumerate(policy.classes)}


def _check_patients(train: Path, rows: Sequence[ChexpertRow], valid: Path | None,
                    official: Sequence[ChexpertRow]) -> None:
    patients = {row.patient for row in rows}
    for row in official:
        if row.patient in patients:
            raise TableError(f'{valid}, line {row.line}: {row.patient} is in {train}, too. A patient must be in one of '
                             'the two: fetch the tables again')


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
