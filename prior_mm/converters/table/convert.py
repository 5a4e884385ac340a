"""A table and its images to annotation files: read, looked at, split, and written for each task."""
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console

from prior_mm.files.whole_files import write_whole

from ..convert import DatasetSource, convert_dataset
from ..downstream.look import look_at_files, print_range
from ..downstream.protocol_repeats import Repeat, Written
from ..downstream.settings import DownstreamSettings
from ..downstream.written_files import source_hashes
from ..layout_error import LayoutError
from ..mimic_layout import is_said_to_be_synthetic
from ..study_conversion import ConversionOptions
from ..vocabulary import SPECIAL, learn_vocabulary
from .any_table import find_table, read_any_table
from .boxes import BoxOptions, guess_boxes, read_boxes
from .columns import Columns, choose_columns
from .find_images import find_images
from .labels import LabelOptions, label_reader
from .masks import MaskOptions, TableMasks, guess_masks
from .own_repeats import SplitOptions, own_repeats
from .studies import ReportReader, table_studies
from .table_images import read_images
from .task_files import A_MASK, TableDataset, draw_masks, write_tasks

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
        boxes: Where boxes are read from.
        masks: Where masks are read from.
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
    boxes: BoxOptions = BoxOptions()
    masks: MaskOptions = MaskOptions()
    splits: SplitOptions = SplitOptions()
    all_views: bool = False
    min_sentences: int = 4
    synthetic: bool = False
    fresh: bool = False


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
    boxes, masks = _places(header, options, columns)
    if not (labels.classes or columns.has_reports or boxes or masks):
        raise ValueError(f'{table}: nothing is known of the images: no report, label, box or mask. Name their columns '
                         'with --report, --labels, --names, --boxes or --mask')
    _say(f'Read: {table}, {len(rows):,} rows, {len(images):,} images. Its columns:', console, *columns.describe(),
         *(place.describe() for place in (boxes, masks) if place))
    if labels.classes:
        _say(f'Classes: {", ".join(labels.classes)}.'
             + (f' Names are separated by {labels.separator!r}.' if labels.separator else ''), console)
    taken = {name: image for name, image in images.items() if image.frontal or options.all_views}
    if not taken:
        raise ValueError(f'{table}: none of {len(images):,} images is a frontal view by {columns.view}. Keep others '
                         'with --all-views, or leave the column out with --view none')
    found_boxes = read_boxes(table, taken, columns, boxes, options.labels.classes, images) if boxes else None
    found_masks = TableMasks(settings.root, taken, masks, boxes.pixels, images) if masks else None
    shown = {name: frozenset(finding for finding, label in zip(labels.classes, image.labels, strict=True) if label == 1)
             for name, image in taken.items()}
    if not labels.classes:  # then boxes and masks are what splits are stratified by
        shown = {name: frozenset([*(finding for finding, _ in (found_boxes.of.get(name, ()) if found_boxes else ())),
                                  *([A_MASK] if found_masks and found_masks.has(name) else [])]) for name in taken}
    given = {name: image.split for name, image in taken.items()} if columns.split else None
    tasks = [task for task, there in ((PRETRAINING, columns.has_reports), ('classification', labels.classes),
                                      ('segmentation', masks), ('detection', boxes)) if there]
    repeats = own_repeats(settings, options.splits, shown, {name: image.patient for name, image in taken.items()},
                          given, table, tasks)
    wanted = {name for repeat in repeats for name in repeat.splits.of}
    paths = find_images((name for name in taken if name in wanted), settings, table,
                        found_masks.folders(settings.image_root) if found_masks else (), images)
    seen = look_at_files(paths, settings, console)
    print_range([(path, taken[name].view) for name, path in paths.items() if name in seen.paths], settings, console)
    data = TableDataset(
        options.name, table, columns, labels.classes, images, taken, seen,
        dict(dataset=options.name, synthetic=options.synthetic or is_said_to_be_synthetic(settings.root),
             images_checked=settings.check_images, resized_short_side=settings.short_side, **settings.range_said,
             sources=source_hashes([table, *([boxes.coco] if boxes.coco else [])])), found_boxes, found_masks)
    drawn = draw_masks(data, settings, console)
    written = []
    for repeat in repeats:
        tally = write_tasks(data, settings, repeat, drawn)
        if columns.has_reports:
            _write_studies(data, settings, options, repeat, console)
        written.append((repeat, tally))
    return written


def _places(header: list[str], options: TableOptions, columns: Columns) -> tuple[BoxOptions, MaskOptions]:
    """Where boxes and masks are, as the user said or by the names of columns."""
    boxes = guess_boxes(header, options.boxes)
    masks = replace(options.masks, column=guess_masks(header, options.masks))
    return boxes, masks if masks.column != columns.image else replace(masks, column=None)


def _write_studies(data: TableDataset, settings: DownstreamSettings, options: TableOptions, repeat: Repeat,
                   console: Console) -> None:
    studies = table_studies(data.taken.values(), data.seen.paths,
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
