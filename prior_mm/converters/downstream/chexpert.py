"""CheXpert: its tables to multi-label annotation files."""
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from prior_mm.datasets.downstream_schemas import MULTI_LABEL

from ..annotation_files import LEFT_OUT, write_annotations
from ..csv_tables import TableError, one_table
from ..layout_error import LayoutError
from ..mimic_layout import is_said_to_be_synthetic
from .chexpert_images import find_image, image_folders
from .chexpert_labels import UNKNOWN, ChexpertRow, LabelPolicy, make_policy, read_chexpert
from .look import print_range
from .protocol_repeats import Repeat, Written, missing_lists, protocol_repeats
from .settings import DownstreamSettings
from .splits import Splits
from .tally import Dropped, Tally
from .written_files import progress_bar, source_hashes

DATASET = 'chexpert'  # as protocols call it
_BAR = 256
OFFICIAL = 'valid'  # the split of valid.csv, labelled by three radiologists
TEST, OFFICIAL_TEST = 'test', 'official_test'  # of the table of test labels; the second where a split is called test
_NAMES = {OFFICIAL: (OFFICIAL, 'val_labels', 'valid_labels'), TEST: ('test_labels', 'test')}
_PAGE = 'stanfordmlgroup.github.io/competitions/chexpert'


@dataclass(frozen=True)
class ChexpertOptions:
    """Choices that only CheXpert has.

    Attributes:
        train_csv: ``train.csv`` in the data set's folder by default.
        valid_csv: ``valid.csv`` there, if there is one; it becomes the split ``valid``.
        test_csv: ``test_labels.csv`` or ``test.csv`` there, if there is one; it becomes a split of its own.
        policy: Classes and what becomes of uncertain labels.
        frontal_only: Whether lateral views are left out.
    """
    train_csv: Path | None = None
    valid_csv: Path | None = None
    policy: LabelPolicy = make_policy()
    frontal_only: bool = True
    test_csv: Path | None = None


def missing_parts(settings: DownstreamSettings, train_csv: Path | None, valid_csv: Path | None = None,
                  need_table: bool = True, test_csv: Path | None = None) -> list[str]:
    """What is missing of CheXpert, a line each, with its mend.

    Args:
        settings: Folders, and whether the images are needed.
        train_csv: See :class:`ChexpertOptions`.
        valid_csv: See :class:`ChexpertOptions`.
        need_table: Whether train.csv must be there.
        test_csv: See :class:`ChexpertOptions`.
    """
    problems = settings.problems()
    if need_table and train_csv is None and find_table(settings, 'train') is None:
        problems.append(f'labels: {settings.root} holds no train.csv or train.csv.gz. It comes from {_PAGE}; give '
                        '--train-csv if it lies elsewhere')
    for option, given in (('--train-csv', train_csv), ('--valid-csv', valid_csv), ('--test-csv', test_csv)):
        if given is not None and not given.is_file():
            problems.append(f'{option}: there is no file {given}. Check the path')
    images = settings.image_root
    if settings.check_images and images.is_dir() and not image_folders(images, 'train'):
        inner = next(iter(sorted(images.glob('*/train'))), None)
        hint = f'; there is one in {inner.parent}, give that' if inner else ''
        problems.append(f'images: {images} holds no folder train/ (with patient00001/study1/view1_frontal.jpg in it)'
                        f'{hint}. Give --image-root, or --no-images to convert the labels alone')
    return problems


def find_table(settings: DownstreamSettings, name: str) -> Path | None:
    """``<name>.csv`` or ``.csv.gz`` in the data set's folder, if it is there, else in a folder of it (a batch).

    Raises:
        TableError: If there are two that are not the same.
    """
    endings = [f'{known}.{ending}' for known in _NAMES.get(name, (name, )) for ending in ('csv', 'csv.gz')]
    for pattern in ('', '*/'):
        found = [path for ending in endings for path in settings.root.glob(pattern + ending) if path.is_file()]
        if found:
            return one_table(found, f'--{name}-csv')
    return None


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
    tables = _read(settings, options, console)
    splits = settings.splits(tables.labels, tables.patients, tables.train)
    (_, tally), = _write_repeats(tables, settings, options, [Repeat(splits, ('classification', ))], console)
    return tally, splits, (*splits.names, *tables.official_names(splits.names))


def convert_chexpert_by_protocols(settings: DownstreamSettings, options: ChexpertOptions, protocols: Sequence[str],
                                  console: Console) -> list[Written]:
    """Write the annotation files of CheXpert for each repeat of some protocols; images are looked at once.

    Args:
        settings: Folders and lists; its shares and seed are not used.
        options: Tables and policies.
        protocols: Their names.
        console: For the progress bar.

    Raises:
        LayoutError: If parts are missing, lists among them; the message lists all.
        TableError: See :func:`convert_chexpert`.
        ValueError: See :func:`convert_chexpert`, or if a protocol says nothing of CheXpert.
        OSError: If files cannot be written.
    """
    tables = _read(settings, options, console, missing_lists(settings, protocols, DATASET))
    repeats = protocol_repeats(settings, protocols, DATASET, tables.labels, tables.patients, tables.train)
    return _write_repeats(tables, settings, options, repeats, console)


@dataclass(frozen=True)
class _Tables:
    """The two tables; ``labels`` (positive findings) and ``patients`` are of the images of train.csv that are used."""
    train: Path
    valid: Path | None
    test: Path | None
    rows: list[ChexpertRow]
    official: list[ChexpertRow]
    tested: list[ChexpertRow]
    labels: dict[str, frozenset[str]]
    patients: dict[str, str]

    def official_names(self, drawn: Sequence[str]) -> list[str]:
        """Names of the splits that have a table of their own."""
        return [*([OFFICIAL] if self.official else []),
                *([OFFICIAL_TEST if TEST in drawn else TEST] if self.tested else [])]


class _Looked(NamedTuple):
    """An image: its entry, and why it cannot be used whatever its split, if so."""
    entry: dict[str, Any]
    fault: Dropped | None
    positive: list[str]


def _read(settings: DownstreamSettings, options: ChexpertOptions, console: Console,
          missing: Sequence[str] = ()) -> _Tables:
    train = options.train_csv
    problems = [*missing_parts(settings, train, options.valid_csv, test_csv=options.test_csv), *missing]
    train = train or find_table(settings, 'train')
    if problems or train is None:
        raise LayoutError(problems)
    valid = options.valid_csv or find_table(settings, OFFICIAL)
    test = options.test_csv or find_table(settings, TEST)
    with console.status('reading the tables'):
        rows = read_chexpert(train, options.policy.classes)
        official = read_chexpert(valid, options.policy.classes) if valid else []
        tested = read_chexpert(test, options.policy.classes) if test else []
    for table in filter(None, (train, valid, test)):
        console.print(f'Read: {table}', markup=False, soft_wrap=True)
    _check_patients(train, rows, valid, official)
    _check_patients(train, rows, test, tested)
    usable = [row for row in rows if row.frontal or not options.frontal_only]
    return _Tables(train, valid, test, rows, official, tested,
                   {row.path: frozenset(_positive(options.policy, row)) for row in usable},
                   {row.path: row.patient for row in usable})


def _write_repeats(tables: _Tables, settings: DownstreamSettings, options: ChexpertOptions, repeats: Sequence[Repeat],
                   console: Console) -> list[Written]:
    if any(OFFICIAL in repeat.splits.names for repeat in repeats):
        raise ValueError(f'{OFFICIAL!r} is the split of valid.csv: give the one of train.csv another name, val say')
    wanted = {image for repeat in repeats for image in repeat.splits.of}
    wanted |= {row.path for row in (*tables.official, *tables.tested)}
    looked: dict[str, _Looked] = {}
    with progress_bar(console, 'images') as progress:
        task = progress.add_task('labels', total=len(tables.rows) + len(tables.official) + len(tables.tested))
        for table in (tables.rows, tables.official, tables.tested):
            for number, row in enumerate(table):
                if number % _BAR == 0:  # moving the bar costs more than converting a row
                    progress.advance(task, min(_BAR, len(table) - number))
                looked[row.path] = _look(row, row.path in wanted, settings, options)
    print_range([(looked[row.path].entry['img_path'], 'frontal' if row.frontal else 'lateral')
                 for table in (tables.rows, tables.official, tables.tested) for row in table
                 if row.path in wanted and looked[row.path].fault is None], settings, console)
    sources = source_hashes([path for path in (tables.train, tables.valid, tables.test) if path])
    return [(repeat, _write_repeat(tables, settings, options, repeat, looked, sources)) for repeat in repeats]


def _write_repeat(tables: _Tables, settings: DownstreamSettings, options: ChexpertOptions, repeat: Repeat,
                  looked: Mapping[str, _Looked], sources: Mapping[str, str]) -> Tally:
    tally = Tally(options.policy.classes)
    official = tables.official_names(repeat.splits.names)
    names = (*repeat.splits.names, *official)
    entries: dict[str, list[dict]] = {name: [] for name in names}
    last = official[-1] if official else ''
    for rows, fixed in ((tables.rows, ''), (tables.official, OFFICIAL), (tables.tested, last)):
        for row in rows:
            split, image = fixed or repeat.splits.of.get(row.path, ''), looked[row.path]
            fault = Dropped.NOT_IN_SPLIT if not split and image.fault is not Dropped.LATERAL else image.fault
            if fault is not None:
                tally.drop(split, fault, row.path)
                continue
            tally.keep(split, image.positive)
            entries[split].append(image.entry)
    tally.check_not_empty()
    folder = repeat.annotations(settings)
    metainfo = dict(schema=MULTI_LABEL, dataset='chexpert', **repeat.metainfo, classes=list(options.policy.classes),
                    synthetic=is_said_to_be_synthetic(settings.root), images_checked=settings.check_images,
                    **settings.range_said,
                    sources={**sources, **source_hashes(repeat.splits.files)},
                    options=dict(repeat.splits.origin, uncertain=dict(options.policy.uncertain),
                                 missing=options.policy.missing, frontal_only=options.frontal_only))
    for name in names:
        # Of a protocol, every data set's class lists lie in the folder of the task.
        path = folder / (f'classification/{name}.json' if repeat.folder else f'{name}.json')
        if entries[name]:
            described = dict(metainfo, split=name, images=len(entries[name]),
                             ignored=_ignored(options.policy, entries[name]), summary=tally.summary(name))
            write_annotations(path, described, (json.dumps(entry) for entry in entries[name]))
        else:
            path.unlink(missing_ok=True)
    repeat.splits.write(folder / 'splits')
    tally.write_faults(folder / LEFT_OUT)
    return tally


def _look(row: ChexpertRow, wanted: bool, settings: DownstreamSettings, options: ChexpertOptions) -> _Looked:
    """Look at an image; whether its file is there only if any split wants it."""
    labels = options.policy.labels(row.values)
    fault, image = None, row.path
    if wanted and (settings.check_images or not (settings.image_root / row.path.partition('/')[0]).is_dir()):
        image = find_image(settings.image_root, row.path)
    if options.frontal_only and not row.frontal:
        fault = Dropped.LATERAL
    elif all(label == UNKNOWN for label in labels):
        fault = Dropped.NO_LABEL
    elif wanted and settings.check_images and not _has_content(settings.image_root / image):
        fault = Dropped.MISSING
    positive = [number for number, label in enumerate(labels) if label == 1]
    return _Looked(dict(img_path=image, gt_label=positive, labels=labels, image_id=row.path, patient_id=row.patient),
                   fault, [options.policy.classes[number] for number in positive])


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
