"""A table and its images to annotation files: pre-training, classification, zero-shot classification."""
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from prior_mm.files.whole_files import write_whole

from ..annotation_files import LEFT_OUT
from ..convert import DatasetSource, convert_dataset
from ..downstream.labelled_files import LabelledImage, write_classification, write_zero_shot
from ..downstream.look import LookedAt, look_at_files
from ..downstream.protocol_repeats import Repeat, Written
from ..downstream.settings import DownstreamSettings
from ..downstream.tally import Dropped, Tally
from ..downstream.written_files import source_hashes
from ..layout_error import LayoutError
from ..mimic_layout import is_said_to_be_synthetic
from ..study_conversion import ConversionOptions
from ..vocabulary import SPECIAL, learn_vocabulary
from .any_table import find_table, read_any_table
from .columns import Columns, choose_columns
from .find_images import find_images
from .labels import LabelOptions, label_reader
from .own_repeats import SplitOptions, own_repeats
from .studies import ReportReader, table_studies
from .table_images import TableImage, read_images

#: Folder of the annotation files of studies with reports, beside those of the tasks.
PRETRAINING = 'pretraining'
VOCABULARY = 'vocab.txt'


@dataclass(frozen=True)
class TableOptions:
    """What is read of a table, and how.

    Attributes:
        name: Of the data set, as configs call it.
        table: The table; the only one in the data set's folder by default.
        columns: Name by role, see :data:`.columns.OPTIONS`; what is missing is guessed.
        label_columns: See :func:`.columns.choose_columns`.
        labels: What becomes of labels.
        splits: How the splits come about.
        all_views: Whether lateral views are kept.
        min_sentences: Studies whose reports have fewer are left out of pre-training.
        synthetic: Whether the images are drawn; a README beside them may say so, too.
        fresh: Use nothing that a stopped run left.
    """
    name: str
    table: Path | None = None
    columns: dict[str, str | None] = field(default_factory=dict)
    label_columns: Sequence[str] | None = None
    labels: LabelOptions = LabelOptions()
    splits: SplitOptions = SplitOptions()
    all_views: bool = False
    min_sentences: int = 4
    synthetic: bool = False
    fresh: bool = False


@dataclass(frozen=True)
class TableDataset:
    """A table that was read, and what was seen of its images.

    Attributes:
        name: Of the data set.
        table: The file.
        columns: What its columns are.
        classes: The findings.
        images: By id, in the order of the table.
        seen: The files.
        metainfo: What each annotation file says of itself.
    """
    name: str
    table: Path
    columns: Columns
    classes: tuple[str, ...]
    images: dict[str, TableImage]
    seen: LookedAt
    metainfo: dict[str, Any]

    def labelled(self, image: TableImage) -> LabelledImage:
        """An image that can be used, as class lists take it."""
        patient = image.patient if self.columns.patient else ''
        return LabelledImage(image.image_id, self.seen.paths[image.image_id], image.labels, patient)


def convert_table(settings: DownstreamSettings, options: TableOptions, console: Console) -> list[Written]:
    """Write the annotation files of a table, for each set of splits in ``annotations/own/<repeat>/``.

    Args:
        settings: Folders, splits, and the size of copies.
        options: What is read of the table.
        console: For progress bars, and for what was guessed.

    Raises:
        LayoutError: If folders or all images are missing.
        TableError: If the table or splits are faulty.
        ValueError: If nothing can be kept, or nothing can be made of the table.
        OSError: If files cannot be written.
    """
    if problems := settings.problems():
        raise LayoutError(problems)
    table = options.table or find_table(settings.root)
    with console.status(f'reading {table.name}'):
        header, rows = read_any_table(table)
        columns = choose_columns(table, header, options.columns, options.label_columns)
        labels = label_reader(table, rows, columns, options.labels)
        images = read_images(table, rows, columns, labels)
    _say(f'{table}: {len(rows):,} rows, {len(images):,} images. Its columns:', console, *columns.describe())
    if labels.classes:
        _say(f'Classes: {", ".join(labels.classes)}.'
             + (f' Names are separated by {labels.separator!r}.' if labels.separator else ''), console)
    taken = {name: image for name, image in images.items() if image.frontal or options.all_views}
    if not taken:
        raise ValueError(f'{table}: none of {len(images):,} images is a frontal view by {columns.view}. Keep others '
                         'with --all-views, or leave the column out with --view none')
    found = {labelled: frozenset(name for name, label in zip(labels.classes, image.labels, strict=True) if label == 1)
             for labelled, image in taken.items()}
    given = {name: image.split for name, image in taken.items()} if columns.split else None
    repeats = own_repeats(settings, options.splits, found, {name: image.patient for name, image in taken.items()},
                          given, table, [task for task, there in ((PRETRAINING, columns.has_reports),
                                                                  ('classification', labels.classes)) if there])
    wanted = {name for repeat in repeats for name in repeat.splits.of}
    paths = find_images((name for name in taken if name in wanted), settings, table)
    data = TableDataset(
        options.name, table, columns, labels.classes, images, look_at_files(paths, settings, console), dict(
            dataset=options.name, synthetic=options.synthetic or is_said_to_be_synthetic(settings.root),
            images_checked=settings.check_images, resized_short_side=settings.short_side,
            sources=source_hashes([table])))
    if not labels.classes and not data.columns.has_reports:
        raise ValueError(f'{table}: nothing is known of the images: neither reports nor labels. Name their columns '
                         'with --report, --labels or --names')
    return [(repeat, _write_repeat(data, settings, options, repeat, taken, console)) for repeat in repeats]


def _write_repeat(data: TableDataset, settings: DownstreamSettings, options: TableOptions, repeat: Repeat,
                  taken: dict[str, TableImage], console: Console) -> Tally:
    folder, tally = repeat.annotations(settings), Tally(data.classes)
    kept: dict[str, list[LabelledImage]] = {split: [] for split in repeat.splits.names}
    for name, image in data.images.items():
        split = repeat.splits.of.get(name, '')
        if name not in taken:
            tally.drop('', Dropped.LATERAL, name)
        elif not split:
            tally.drop('', Dropped.NOT_IN_SPLIT, name)
        elif name in data.seen.faults:
            tally.drop(split, *data.seen.faults[name])
        else:
            tally.keep(split, [found for found, label in zip(data.classes, image.labels, strict=True) if label == 1])
            kept[split].append(data.labelled(image))
    tally.check_not_empty()
    if data.columns.has_reports:
        _write_studies(data, settings, options, repeat, taken, console)
    for split, members in kept.items() if data.classes else ():
        metainfo = dict(data.metainfo, split=split, **repeat.metainfo, options=dict(repeat.splits.origin),
                        summary=tally.summary(split))
        write_classification(folder / f'classification/{split}.json', metainfo, data.classes, members)
        write_zero_shot(folder / f'zero_shot/{split}.json', metainfo, data.classes, members)
    repeat.splits.write(folder / 'splits')
    tally.write_faults(folder / LEFT_OUT)
    return tally


def _write_studies(data: TableDataset, settings: DownstreamSettings, options: TableOptions, repeat: Repeat,
                   taken: dict[str, TableImage], console: Console) -> None:
    studies = table_studies(taken.values(), data.seen.paths,
                            {name: fault[1] for name, fault in data.seen.faults.items()}, repeat.splits.of,
                            data.classes, ReportReader(data.table, data.columns, settings.root))
    source = DatasetSource(
        name=data.name, synthetic=data.metainfo['synthetic'], splits=list(repeat.splits.names), total=len(studies),
        studies=lambda: studies, image_root=settings.data_root, fingerprint=(data.table, *map(str, studies)),
        folder=f'{repeat.folder}/{PRETRAINING}', metainfo=dict(data.metainfo, **repeat.metainfo))
    folder = settings.annotations / source.folder
    summary = convert_dataset(source, settings.output, ConversionOptions(
        settings.data_root, options.min_sentences, check_images=False), settings.workers, options.fresh)
    write_whole(folder / VOCABULARY, '\n'.join([*_vocabulary(folder / 'train.json'), '']).encode())
    reasons = ', '.join(f'{reason}: {count:,}' for reason, count in summary.by_reason().most_common())
    _say(f'Pre-training, {repeat.metainfo["repeat"]}: '
         + ', '.join(f'{summary.kept[split]:,} {split}' for split in source.splits)
         + f' studies. Left out: {reasons or "none"}.', console)


def _vocabulary(annotations: Path) -> list[str]:
    """Word pieces of the training reports, for a text encoder that starts from random weights."""
    if not annotations.is_file():
        return list(SPECIAL)
    studies = json.loads(annotations.read_text(encoding='utf-8'))['data_list']
    return learn_vocabulary(' '.join(study['sentences']) for study in studies)


def _say(line: str, console: Console, *more: str) -> None:
    for text in (line, *more):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
