"""Reports to a table of labels, or to an annotation file that has them."""
import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from prior_mm.datasets.study_table import read_studies
from prior_mm.files.whole_files import write_whole

from ..annotation_files import write_annotations, write_left_out
from ..count_table import CountTable
from ..csv_tables import TableError
from ..downstream.chexpert_labels import FINDINGS
from ..downstream.written_files import progress_bar, source_hashes
from ..layout_error import LayoutError
from .labeller import NEGATIVE, POSITIVE, UNCERTAIN, ReportLabeller
from .sources import Report, TableReports, reports_of_folder, reports_of_studies

#: The columns of MIMIC-CXR-JPG's mimic-cxr-2.0.0-chexpert.csv, in its order.
COLUMNS = tuple(sorted(FINDINGS))
_NO_TEXT = 'it has neither findings nor impression'


@dataclass
class Labelled:
    """What became of the reports.

    Attributes:
        labels: By study; of those without any text there are none.
        subjects: The patient by study, '' where it is not known.
        left_out: Studies without labels, and why.
    """
    labels: dict[str, dict[str, int]] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def print(self, console: Console) -> None:
        """Print how often each finding is positive, negative, uncertain and not mentioned."""
        table = CountTable('Reports', ('positive', 'negative', 'uncertain', 'not mentioned'))
        for name in FINDINGS:
            counts = Counter(labels.get(name) for labels in self.labels.values())
            table.add(name, [counts[value] for value in (POSITIVE, NEGATIVE, UNCERTAIN, None)])
        table.print(console)


def label_reports(source: Path, output: Path, console: Console,
                  columns: Mapping[str, str | None] | None = None) -> Labelled:
    """Label the reports of a source, and write what was found.

    Args:
        source: An annotation file (``.json``), a folder of ``*.txt``, or a table.
        output: ``.csv`` or ``.csv.gz``: of a table, its rows with a column more for each finding; else ``subject_id``,
            ``study_id`` and the findings, as MIMIC-CXR-JPG has it. Or ``.json``: the annotation file with labels.
        console: For the progress bar.
        columns: Of a table, see :class:`.sources.TableReports`.

    Raises:
        LayoutError: If there is no such source, or no text file in the folder.
        TableError: If a table is faulty, or has a column of a finding already.
        AnnotationError: If an annotation file does not follow the schema.
        ValueError: If there is no report, or the endings do not go together.
        OSError: If it cannot be written.
    """
    ending = ''.join(output.suffixes[-2:]) if output.suffix == '.gz' else output.suffix
    if ending not in ('.csv', '.csv.gz', '.json'):
        raise ValueError(f'{output}: labels are written to a .csv, .csv.gz or .json file')
    if not source.exists():
        raise LayoutError([f'there is no {source}. Give an annotation file (.json), a folder of *.txt, or a table'])
    if ending == '.json' and source.suffix != '.json':
        raise ValueError(f'{output}: an annotation file is written of one; {source} is none. Name a .csv file')
    if source.suffix == '.json':
        studies = read_studies(source)
        found = _label(reports_of_studies(studies), len(studies), console)
        if ending == '.json':
            made = dict(sources=source_hashes([source]), classes=list(FINDINGS))
            metainfo = dict(studies.metainfo, report_labels=made)
            entries = (studies[number] for number in range(len(studies)))
            write_annotations(output, metainfo, (json.dumps(
                dict(entry, labels=found.labels.get(entry['study_id'], {})), ensure_ascii=False) for entry in entries))
        else:
            _write_table(output, ('subject_id', 'study_id'), _rows(found))
    elif source.is_dir():
        files = sorted(source.rglob('*.txt'))
        if not files:
            raise LayoutError([f'{source} holds no *.txt file, in no folder of it'])
        found = _label(reports_of_folder(source, files), len(files), console)
        _write_table(output, ('subject_id', 'study_id'), _rows(found))
    else:
        table = TableReports(source, columns or {})
        if there := [name for name in table.header if name in FINDINGS]:
            raise TableError(f'{source} has labels, in the column {there[0]}: remove it, or rename it')
        console.print(f'{source}: its columns:', *table.describe(), sep='\n', markup=False, highlight=False,
                      soft_wrap=True)
        found = _label(table, len(table.studies), console)
        _write_table(output, table.header, (
            ([row.values.get(name, '') for name in table.header], found.labels.get(table.study_of(row), {}))
            for row in table.rows))
    write_left_out(output.with_name(f'{output.name.split(".")[0]}_left_out.csv'), found.left_out.items(),
                   ('study_id', 'reason'))
    return found


def _label(reports: Iterable[Report], total: int, console: Console) -> Labelled:
    labeller, found = ReportLabeller(), Labelled()
    with progress_bar(console, 'reports') as progress:
        for report in progress.track(reports, total=total, description='labelling'):
            if report.fault or not report.sentences:
                found.left_out[report.study_id] = report.fault or _NO_TEXT
            else:
                found.labels[report.study_id] = labeller.labels(report.sentences)
                found.subjects[report.study_id] = report.subject_id
    if not found.labels:
        study, reason = next(iter(found.left_out.items()))
        raise ValueError(f'none of {total:,} reports can be labelled, such as {study}: {reason}')
    return found


def _rows(found: Labelled) -> Iterator[tuple[Sequence[str], dict[str, int]]]:
    for study, labels in found.labels.items():
        yield (found.subjects[study], study), labels


def _write_table(path: Path, header: Sequence[str], rows: Iterable[tuple[Sequence[str], dict[str, int]]]) -> None:
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow((*header, *COLUMNS))
    writer.writerows((*row, *(f'{labels[name]:.1f}' if name in labels else '' for name in COLUMNS))
                     for row, labels in rows)
    content = text.getvalue().encode()
    write_whole(path, gzip.compress(content, mtime=0) if path.suffix == '.gz' else content)
