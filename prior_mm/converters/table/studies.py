"""Studies with reports, out of a table, for pre-training."""
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prior_mm.datasets.reports import ReportSections, find_sections

from ..raw_study import RawStudy
from .any_table import Row
from .columns import Columns
from .labels import merge_labels
from .table_images import TableImage, group_by

_TEXT_FILE = re.compile(r'[^\n]{1,1000}\.(?:txt|text)', re.I)


@dataclass(frozen=True)
class ReportReader:
    """Finds the report of a study in the rows of its images.

    Attributes:
        table: For messages.
        columns: Those of reports.
        folder: What paths of text files count from.
    """
    table: Path
    columns: Columns
    folder: Path

    def __call__(self, images: Sequence[TableImage]) -> tuple[Path | ReportSections | None, str]:
        """The report, and what is wrong with it, if anything.

        A study of which several rows hold a report has the same in each; text that differs is a fault.
        """
        return self.of_rows([row for image in images for row in image.rows])

    def of_rows(self, rows: Sequence[Row]) -> tuple[Path | ReportSections | None, str]:
        """The same, of the rows of a study."""
        names = [self.columns.report, self.columns.findings, self.columns.impression]
        texts = {tuple(row.values.get(name, '') if name else '' for name in names) for row in rows} - {('', '', '')}
        if len(texts) > 1:
            lines = ', '.join(str(row.line) for row in rows[:5])
            return None, f'its rows (line {lines}) hold different reports'
        if not texts:
            return None, ''
        report, findings, impression = texts.pop()
        if findings or impression:
            return ReportSections(impression, findings), ''
        if _TEXT_FILE.fullmatch(report):
            return self.folder / report.replace('\\', '/'), ''
        return find_sections(report, whole=True), ''


def table_studies(images: Iterable[TableImage], paths: Mapping[str, str], faults: Mapping[str, str],
                  split_of: Mapping[str, str], classes: Sequence[str], report_of: ReportReader) -> list[RawStudy]:
    """The studies of a table, in its order.

    Args:
        images: The frontal ones.
        paths: Of those that can be used, by id.
        faults: Why others cannot, by id.
        split_of: Split of each image.
        classes: What their labels stand for.
        report_of: Finds the reports.
    """
    studies = []
    for study, members in group_by(images, lambda image: image.study).items():
        used = [image for image in members if image.image_id in paths]
        report, fault = report_of(members)
        if not used:
            fault = '; '.join(faults.get(image.image_id, 'its image is not there') for image in members)
        labels = merge_labels(image.labels for image in members) if classes else ()
        split = next((split_of[image.image_id] for image in members if image.image_id in split_of), '')
        studies.append(RawStudy(study, members[0].patient, split, report,
                                tuple(paths[image.image_id] for image in used), tuple(image.view for image in used),
                                dict(zip(classes, labels, strict=True)), fault))
    return studies
