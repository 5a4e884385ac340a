"""From raw studies to the annotation files of a data set, with a table of what became of them."""
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from prior_mm.datasets.reports import SENTENCE_SPLITTER
from prior_mm.datasets.study_schema import SCHEMA

from .annotation_files import LEFT_OUT, write_annotations, write_left_out
from .conversion_run import Conversion, PartSummary
from .count_table import CountTable, print_examples
from .range_options import range_said
from .raw_study import Dropped, RawStudy
from .study_conversion import ConversionOptions


@dataclass(frozen=True)
class DatasetSource:
    """What is converted.

    Attributes:
        name: Of the data set, such as ``mimic-cxr``.
        synthetic: Whether the images are drawn.
        splits: Names of the annotation files.
        total: Number of studies.
        studies: Gives them, in the same order at each call.
        image_root: What the studies' image paths are relative to.
        fingerprint: Files and whatever else the studies come from; another one than last time makes all parts anew.
        remarks: Gives lines for the end of the conversion.
        folder: Of the annotation files, below ``annotations/``.
        metainfo: What else they say of themselves.
        tables: Files that were chosen among those found: they are printed, and stand in the annotation files.
    """
    name: str
    synthetic: bool
    splits: list[str]
    total: int
    studies: Callable[[], Iterable[RawStudy]]
    image_root: Path
    fingerprint: tuple[object, ...]
    remarks: Callable[[PartSummary], Iterable[str]] = lambda summary: ()
    folder: str = ''
    metainfo: Mapping[str, object] = field(default_factory=dict)
    tables: tuple[Path, ...] = ()


def convert_dataset(source: DatasetSource, output: Path, options: ConversionOptions, workers: int | None = None,
                    fresh: bool = False) -> PartSummary:
    """Write ``<output>/annotations/<split>.json`` for each split that keeps a study, and ``left_out.csv`` beside them.

    What was done before a stop (Ctrl-C, a crash) lies in ``<output>/annotations/.parts`` and is used again.

    Args:
        source: The data set.
        output: Folder of the annotations.
        options: What is done with every study.
        workers: Processes; one a core by default.
        fresh: Do everything anew.

    Raises:
        ValueError: If no study is kept. The message says why they were not.
    """
    annotations = output / 'annotations' / source.folder
    conversion = Conversion(annotations / '.parts', options, _fingerprint(source), workers,
                            part_size=256 if options.short_side is None else 32)
    if fresh:
        conversion.clean()
    summary = conversion.run(source.studies(), source.total)
    write_left_out(annotations / LEFT_OUT, conversion.left_out())
    if not summary.kept:
        reasons = ', '.join(f'{reason}: {count:,}' for reason, count in summary.by_reason().most_common())
        examples = '; '.join(examples[0] for examples in summary.examples.values())
        raise ValueError(f'No study of {source.total:,} can be kept ({reasons or "there is none"}). For example: '
                         f'{examples}')
    for split in source.splits:
        path = annotations / f'{split}.json'
        if summary.kept[split]:
            write_annotations(path, _metainfo(source, split, options, summary), conversion.entries(split))
        else:
            path.unlink(missing_ok=True)  # an older one would be taken for this conversion's
    conversion.clean()
    return summary


def print_summary(summary: PartSummary, splits: list[str], console: Console, examples: int = 0) -> None:
    """Print what became of the studies.

    Args:
        summary: The counts.
        splits: Columns of the table.
        console: Where to.
        examples: Number of dropped studies to name for each reason.
    """
    columns = [*splits, *([''] if '' in summary.dropped else [])]
    table = CountTable('Studies', columns)
    table.add('kept', [summary.kept[split] for split in columns], 'bold')
    table.add('  their frontal images', [summary.images[split] for split in columns])
    for reason in Dropped:
        shown = {Dropped.NOT_IN_SPLIT: '' in columns, Dropped.FOREIGN: summary.by_reason()[Dropped.FOREIGN.value]}
        if shown.get(reason, True):
            table.add(f'dropped: {reason.value}', [summary.dropped.get(split, Counter())[reason.value]
                                                   for split in columns])
    table.print(console)
    if summary.images_lost:
        console.print(f'{summary.images_lost:,} images of kept studies are missing or unreadable and were left out.')
    if summary.doubtful:
        console.print(f'{summary.doubtful:,} kept studies have a report without any word that reports of radiographs '
                      f'use. Look at them: annotations/{LEFT_OUT} names them.')
    print_examples(summary.examples, console, examples)


def _fingerprint(source: DatasetSource) -> Iterator[object]:
    yield source.name
    for item in source.fingerprint:
        yield item
        if isinstance(item, Path) and item.is_file():
            status = item.stat()
            yield from (status.st_size, status.st_mtime_ns)


def _metainfo(source: DatasetSource, split: str, options: ConversionOptions, summary: PartSummary) -> dict:
    dropped = {reason.value: count for reason in Dropped
               if (count := summary.dropped.get(split, Counter())[reason.value])}
    described = dict(schema=SCHEMA, dataset=source.name, split=split, synthetic=source.synthetic,
                     min_sentences=options.min_sentences, sentence_splitter=SENTENCE_SPLITTER,
                     resized_short_side=options.short_side, images_checked=options.check_images,
                     **range_said(options.pixel_range, options.short_side),
                     summary=dict(kept=summary.kept[split], images=summary.images[split], dropped=dropped))
    read = dict(tables=[table.name for table in source.tables]) if source.tables else {}
    return {**described, **read, **source.metainfo}
