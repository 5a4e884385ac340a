"""MIMIC 5x200: studies of MIMIC-CXR that show exactly one of five findings, for retrieval; drawn, or by published ids.

A study is taken for a finding if its labels say 1 of that one and neither 1 nor -1 (uncertain) of the other four.
"""
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prior_mm.datasets.images import COPIED
from prior_mm.datasets.study_table import read_studies
from prior_mm.files.whole_files import write_whole

from .annotation_files import LEFT_OUT, write_annotations
from .csv_tables import TableError, read_lines, read_rows
from .downstream.chexpert_labels import COMPETITION
from .downstream.subsets import stratified_order
from .downstream.tally import Dropped, Tally
from .downstream.written_files import source_hashes
from .layout_error import LayoutError
from .mimic_cxr import decode_labels, number_with_letter, read_mimic_labels

#: What the annotation files must agree in, for their studies to stand in one.
_COMMON = ('dataset', 'synthetic', 'min_sentences', 'sentence_splitter', 'resized_short_side', 'images_checked')
_RANGE = {'pixel_range', COPIED}  # carried over where the files have one


@dataclass(frozen=True)
class Mimic5x200Options:
    """What is drawn, from what.

    Attributes:
        annotation_files: Files of the schema ``prior_mm.studies/1``.
        output: Folder that ``annotations/`` is in.
        classes: The findings.
        per_class: Studies of each, for lists that are drawn.
        labels: ``mimic-cxr-*-chexpert.csv.gz``, for annotation files without labels; ``None`` takes theirs.
        from_reports: Take the labels from the sentences of the reports (docs/report_labels.md), whatever others there
            are.
        protocol: Which the lists are of, for ``metainfo``.
    """
    annotation_files: tuple[Path, ...]
    output: Path
    classes: tuple[str, ...] = COMPETITION
    per_class: int = 200
    labels: Path | None = None
    protocol: str | None = None
    from_reports: bool = False


def exclusive_finding(labels: Mapping[str, int], classes: Sequence[str]) -> str | None:
    """The only one of some findings that a study shows, the others being neither positive nor uncertain; else None."""
    shown = [name for name in classes if labels.get(name) in (1, -1)]
    return shown[0] if len(shown) == 1 and labels[shown[0]] == 1 else None


def read_id_list(path: Path) -> dict[str, list[str]]:
    """Read a published list: a table with study_id (and dicom_id, if single images are meant), or an id a line.

    Returns:
        By study, with its letter, the dicom_ids; none if the list does not name images.

    Raises:
        TableError: If it is none of both, or empty; the message names the line.
        OSError: If it cannot be opened.
    """
    listed: dict[str, list[str]] = {}
    lines = read_lines(path)
    columns = [name.strip().lower() for name in ''.join(lines[:1]).split(',')]
    if 'study_id' in columns:
        lines = []
        for line, row in read_rows(path, ('study_id', 'dicom_id') if 'dicom_id' in columns else ('study_id', )):
            study = listed.setdefault(number_with_letter(path, line, 'study_id', row['study_id'], 's'), [])
            study += [image] if (image := row.get('dicom_id')) else []
    for line, text in enumerate(lines, 1):
        if text.strip():
            listed[number_with_letter(path, line, 'the study id', text.strip(), 's')] = []
    if not listed:
        raise TableError(f'{path} names no study. Wanted is a table with the column study_id, or an id a line')
    return listed


def convert_mimic_5x200(lists: Mapping[str, Path | int], options: Mimic5x200Options) -> Tally:
    """Write an annotation file that StudyDataset reads, and a list of ids, for each list.

    Each entry is that of its annotation file with its ``labels``, and ``exclusive``, the finding it stands for.

    Args:
        lists: By the name of the annotation file, a published list of ids, or the seed to draw one with.
        options: What is drawn, from what.

    Returns:
        What became of the studies, by list.

    Raises:
        LayoutError: If files are missing; the message lists all.
        AnnotationError: If an annotation file does not follow the schema.
        TableError: If a list or table is faulty.
        ValueError: If a finding has too few studies, or the annotation files do not go together.
        OSError: If files cannot be written.
    """
    problems = [f'annotations: there is no {path}. Make it with tools/dataset_converters/mimic_cxr.py, or name another '
                'one with --ann-file' for path in options.annotation_files if not path.is_file()]
    given = [path for path in (options.labels, *lists.values()) if isinstance(path, Path)]
    problems += [f'there is no {path}. Check the path' for path in given if not path.is_file()]
    if problems:
        raise LayoutError(problems)
    published = {name: read_id_list(path) for name, path in lists.items() if isinstance(path, Path)}
    wanted = {study for ids in published.values() for study in ids}
    common, entries = _read_entries(options, wanted)
    tally, found = Tally(options.classes), {}
    for name, source in lists.items():
        if isinstance(source, int):
            found[name] = _draw(entries, source, options)
        else:
            found[name] = list(_listed(entries, published[name], name, tally))
        for entry in found[name]:
            tally.keep(name, [entry['exclusive']])
    tally.check_not_empty()
    for name, source in lists.items():
        if found[name]:
            _write(name, source, found[name], common, options, tally)
    tally.write_faults(options.output / 'annotations' / f'mimic_5x200_{LEFT_OUT}')
    return tally


def _read_entries(options: Mimic5x200Options, wanted: set[str]) -> tuple[dict[str, Any], dict[str, dict]]:
    """What the files have in common, and the studies that show exactly one finding, or are wanted."""
    labels_of = _label_source(options)
    common: dict[str, Any] = {}
    entries: dict[str, dict] = {}
    for path in options.annotation_files:
        labelled = False

        def keep(study: dict) -> bool:
            nonlocal labelled
            labels = labels_of(study)
            labelled = labelled or bool(labels)
            return study['study_id'] in wanted or exclusive_finding(labels, options.classes) is not None

        studies = read_studies(path, keep)
        if not labelled:
            raise ValueError(f'{path}: no study has labels. Give the table mimic-cxr-2.0.0-chexpert.csv.gz as '
                             '--labels, or take them from the reports with --label-reports')
        described = {key: studies.metainfo.get(key) for key in (*_COMMON, *_RANGE & studies.metainfo.keys())}
        if common and described != common:
            raise ValueError(f'{path}: its metainfo is {described}, that of the files before {common}. Convert all of '
                             'them with the same options')
        common = described
        for index in range(len(studies)):
            entry = studies[index]
            if entry['study_id'] in entries:
                raise ValueError(f'{path}: the study {entry["study_id"]} is in two annotation files. Name each file '
                                 'once')
            if labels := labels_of(entry):
                entry['labels'] = labels
            entry['exclusive'] = exclusive_finding(labels, options.classes)
            entries[entry['study_id']] = entry
    return common, entries


def _label_source(options: Mimic5x200Options) -> Callable[[dict], dict[str, int]]:
    """What gives an entry its labels."""
    if options.from_reports:
        from .report_labels.labeller import ReportLabeller  # spaCy takes seconds to import
        labeller = ReportLabeller()
        return lambda entry: labeller.labels(entry['sentences'])
    if options.labels:
        names, table = read_mimic_labels(options.labels)
        return lambda entry: decode_labels(names, table.get(entry['study_id'], b''))
    return lambda entry: entry.get('labels', {})


def _draw(entries: Mapping[str, dict], seed: int, options: Mimic5x200Options) -> list[dict]:
    of_class = {name: [study for study, entry in entries.items() if entry['exclusive'] == name]
                for name in options.classes}
    few = [f'{name} {len(studies)}' for name, studies in of_class.items() if len(studies) < options.per_class]
    if few:
        raise ValueError(f'{options.per_class} studies a finding are asked for, and there are only: {", ".join(few)}. '
                         'Ask for fewer with --per-class, or name more files with --ann-file (what is drawn from '
                         'train.json must then be left out of the pre-training)')
    chosen = []
    for studies in of_class.values():
        chosen += stratified_order(dict.fromkeys(studies, 0), seed, '5x200')[:options.per_class]
    return [entries[study] for study in chosen]


def _listed(entries: Mapping[str, dict], ids: Mapping[str, list[str]], name: str, tally: Tally) -> Iterator[dict]:
    for study, images in ids.items():
        entry = entries.get(study)
        if entry is None:
            tally.drop(name, Dropped.NOT_ANNOTATED, study)
        elif entry['exclusive'] is None:
            tally.drop(name, Dropped.NOT_EXCLUSIVE, study)
        else:
            named = [place for place, path in enumerate(entry['images']) if not images or Path(path).stem in images]
            if not named:
                tally.drop(name, Dropped.MISSING, f'{study}: {images[0]}')
                continue
            views = entry.get('views')
            yield {**entry, 'images': [entry['images'][place] for place in named],
                   **(dict(views=[views[place] for place in named]) if views else {})}


def _write(name: str, source: Path | int, entries: list[dict], common: Mapping[str, Any], options: Mimic5x200Options,
           tally: Tally) -> None:
    origin: dict[str, Any]
    if isinstance(source, Path):
        repeat, origin, lists = 'official', dict(list=source.name), [source]
    else:
        repeat, origin, lists = f'seed{source}', dict(seed=source, per_class=options.per_class), []
    if options.from_reports:
        origin['labels'] = 'from the reports'
    metainfo = dict(schema='prior_mm.studies/1', split=name, **common, classes=list(options.classes),
                    **(dict(protocol=options.protocol, repeat=repeat) if options.protocol else {}),
                    sources=source_hashes([*options.annotation_files, *([options.labels] if options.labels else []),
                                           *lists]), options=origin,
                    summary=dict(tally.summary(name), images=sum(len(entry['images']) for entry in entries)))
    annotations = options.output / 'annotations'
    write_annotations(annotations / f'{name}.json', metainfo,
                      (json.dumps(entry, ensure_ascii=False) for entry in entries))
    write_whole(annotations / 'splits' / f'{name}.txt', ''.join(f'{entry["study_id"]}\n' for entry in entries).encode())
