"""Where reports come from: an annotation file of studies, a folder of text files, the rows of a table."""
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from prior_mm.datasets.reports import report_sentences, section_sentences
from prior_mm.datasets.study_table import StudyTable

from ..study_conversion import read_report
from ..table.any_table import Row, read_any_table
from ..table.columns import NOTHING, Columns, choose_columns
from ..table.studies import ReportReader

#: Columns of a table that are used.
ROLES = ('report', 'findings', 'impression', 'study')
_MIMIC = re.compile(r'(?:.*/)?p(\d+)/s(\d+)')  # of a path without its ending


class Report(NamedTuple):
    """A report.

    Attributes:
        study_id: Its own name; of MIMIC-CXR's files the number.
        subject_id: Of the patient, '' where it is not known.
        sentences: Impression and findings; none if there is no text.
        fault: Why it cannot be read, else ''.
    """
    study_id: str
    subject_id: str
    sentences: list[str]
    fault: str = ''


def reports_of_studies(studies: StudyTable) -> Iterator[Report]:
    """The reports of an annotation file, as its sentences."""
    for number in range(len(studies)):
        study = studies[number]
        yield Report(study['study_id'], str(study.get('subject_id', '')), study['sentences'])


def reports_of_folder(folder: Path, files: list[Path]) -> Iterator[Report]:
    """Reports that are a file each; their names are the paths in the folder, without ending."""
    for path in files:
        name = path.relative_to(folder).with_suffix('').as_posix()
        match = _MIMIC.fullmatch(path.with_suffix('').as_posix())
        study, subject = (match[2], match[1]) if match else (name, '')
        yield _read(study, subject, path)


class TableReports:
    """The reports of a table, and its rows.

    Args:
        path: The table, see :func:`..table.any_table.read_any_table`.
        columns: Names by role (report, findings, impression, study); what is missing is guessed.

    Raises:
        TableError: If the table is damaged, or has no such column, or none of reports.
    """

    def __init__(self, path: Path, columns: Mapping[str, str | None]) -> None:
        self.path = path
        self.header, self.rows = read_any_table(path)
        given = dict(columns, image=self.header[0], names=NOTHING)  # it need not have images
        self.columns: Columns = choose_columns(path, self.header, given, [NOTHING])
        if not self.columns.has_reports:
            raise ValueError(f'{path}: none of its columns ({", ".join(self.header[:20])}) is called as those of '
                             'reports are. Name it with --report, or --findings and --impression')
        self.studies: dict[str, list[Row]] = {}
        for row in self.rows:
            self.studies.setdefault(self.study_of(row), []).append(row)

    def describe(self) -> list[str]:
        """A line for each column that is used."""
        return [line for line in self.columns.describe() if line.split()[0] in ROLES]

    def study_of(self, row: Row) -> str:
        """What stands in the column of studies; without one each row is a study, called by its line."""
        return row.values.get(self.columns.study or '', '') or f'line {row.line}'

    def __iter__(self) -> Iterator[Report]:
        read = ReportReader(self.path, self.columns, self.path.parent)
        for study, rows in self.studies.items():
            report, fault = read.of_rows(rows)
            if isinstance(report, Path):
                yield _read(study, '', report)
            else:
                yield Report(study, '', section_sentences(report) if report else [], fault)


def _read(study: str, subject: str, path: Path) -> Report:
    try:
        return Report(study, subject, report_sentences(read_report(path)))
    except (OSError, ValueError) as error:
        return Report(study, subject, [], f'{path}: {error}')
