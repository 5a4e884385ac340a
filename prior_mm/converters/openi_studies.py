"""The Open-i collection: its reports, which of their images are frontal, and a split."""
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prior_mm.datasets.reports import ReportSections

from .csv_tables import TableError, read_rows
from .openi import OpenIReport, read_openi_reports
from .openi_layout import OpenILayout, check_some_images
from .raw_study import FRONTAL_VIEWS, RawStudy
from .splits import SHARES, drawn_split, ordered_splits, read_splits

_PROBES = 64
_FILE_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,127}')
_UNSAID = 'frontal'


@dataclass
class OpenIStudies:
    """Reports and tables of the Open-i collection.

    Attributes:
        layout: Where the files are.
        reports: In the order of their numbers.
        damaged: Names of files that cannot be read, and why.
        views: View of each image in the table of views.
        seed: Of the split that is drawn where there is no table of it.
        known_views_only: Use only images that the table of views calls frontal.
    """
    layout: OpenILayout
    reports: list[OpenIReport]
    damaged: dict[str, str] = field(default_factory=dict)
    views: dict[str, str] = field(default_factory=dict)
    seed: int = 0
    known_views_only: bool = False
    _splits: dict[str, str] | None = None

    def __len__(self) -> int:
        return len(self.reports) + len(self.damaged)

    def splits(self) -> list[str]:
        """Names of the splits."""
        return ordered_splits(SHARES if self._splits is None else self._splits.values())

    def studies(self) -> Iterator[RawStudy]:
        """All studies, split by split, in the order of their numbers; then the files that cannot be read."""
        by_split: dict[str, list[RawStudy]] = {split: [] for split in [*self.splits(), '']}
        for study in [*map(self._study, self.reports), *map(self._damaged_study, self.damaged)]:
            by_split[study.split].append(study)
        for studies in by_split.values():
            yield from studies

    def frontal_images(self, report: OpenIReport) -> list[tuple[str, str]]:
        """View and id of each image that is taken for frontal.

        Most studies are one frontal and one lateral image, the frontal one first; in the DICOM headers one in three
        images has no view, and of 1,219 studies whose two images are both called PA or AP, 1,173 are by their
        captions a frontal and a lateral one. So PA and AP are believed of all images of a study only if another one
        is called lateral; else of the first only, and without any view the first image is taken.
        """
        views = [(self.views.get(image, ''), image) for image in report.images]
        frontal = [(view, image) for view, image in views if view in FRONTAL_VIEWS]
        unsaid = [(_UNSAID, image) for view, image in views if not view]
        if not frontal:
            return [] if self.known_views_only else unsaid[:1]
        return frontal if len(frontal) + len(unsaid) < len(views) else frontal[:1]

    def _study(self, report: OpenIReport) -> RawStudy:
        frontal = self.frontal_images(report)
        odd = next((image for _, image in frontal if not _FILE_NAME.fullmatch(image)), None)
        return RawStudy(report.report_id, report.report_id, self._split(report.report_id, _text(report)),
                        ReportSections(report.impression, report.findings),
                        tuple(self.layout.image(image) for _, image in frontal), tuple(view for view, _ in frontal),
                        fault=f'the image {odd!r} cannot be the name of a file' if odd is not None else '')

    def _damaged_study(self, name: str) -> RawStudy:
        return RawStudy(name, name, self._split(_report_id(Path(name).stem), name), ReportSections('', ''), (), (),
                        fault=self.damaged[name])

    def _split(self, report_id: str, text: str) -> str:
        return drawn_split(text, self.seed) if self._splits is None else self._splits.get(report_id, '')


def read_openi_studies(layout: OpenILayout, seed: int = 0, known_views_only: bool = False,
                       look_for_images: bool = True) -> OpenIStudies:
    """Read reports, views and split, and look whether the images they name are there.

    Args:
        layout: Where the files are.
        seed: See :class:`OpenIStudies`.
        known_views_only: See :class:`OpenIStudies`.
        look_for_images: Whether some of the images must be there.

    Raises:
        TableError: If a table is damaged, lacks a column, contradicts itself, or is of other data.
        LayoutError: If of the first images none is there.
        ValueError: If there are no reports, or two of one id.
    """
    damaged: dict[str, str] = {}
    reports = list(read_openi_reports(layout.reports, damaged))
    studies = OpenIStudies(layout, reports, damaged, seed=seed, known_views_only=known_views_only)
    if layout.views is not None:
        studies.views = _read_views(layout.views)
        if not any(image in studies.views for report in reports for image in report.images):
            raise TableError(f'{layout.views} names none of the images of {layout.reports}. Is it the right file?')
    if layout.split is not None:
        studies._splits = read_splits(layout.split, lambda line, text: _report_id(text))
        if not any(report.report_id in studies._splits for report in reports):
            raise TableError(f'{layout.split} names none of the reports of {layout.reports} in its column study_id, '
                             f'such as {reports[0].report_id if reports else "CXR1"}. Is it the right file?')
    if look_for_images:
        frontal = (image for report in reports for _, image in studies.frontal_images(report))
        check_some_images(layout, [image for image, _ in zip(frontal, range(_PROBES), strict=False)])
    return studies


def _read_views(path: Path) -> dict[str, str]:
    views: dict[str, str] = {}
    for line, row in read_rows(path, ('imageid', 'View Position')):
        image, view = row['imageid'].removesuffix('.png'), row['View Position'].upper()
        if views.setdefault(image, view) != view:
            raise TableError(f'{path}, line {line}: the image {image} is {view or "without a view"} here and '
                             f'{views[image] or "without a view"} above. Remove one of the two lines')
    return views


def _report_id(text: str) -> str:
    """``CXR12``; tables and file names may have the number alone."""
    return f'CXR{text}' if text.isdigit() else text


def _text(report: OpenIReport) -> str:
    return f'{report.impression} {report.findings}'
