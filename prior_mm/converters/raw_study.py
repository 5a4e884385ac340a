"""A study as a data set brings it, and why one may not be used: what all converters hand to the conversion."""
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from prior_mm.datasets.reports import ReportSections

FRONTAL_VIEWS = ('AP', 'PA')


class Dropped(str, Enum):
    """Why a study is left out, in the order in which it is looked at."""
    NOT_IN_SPLIT = 'not in the split file'
    NO_FRONTAL_VIEW = 'no frontal view'
    NO_REPORT = 'no report'
    FOREIGN = 'foreign content'
    NO_SECTION = 'no section'
    TOO_FEW_SENTENCES = 'too few sentences'
    UNREADABLE = 'unreadable'


@dataclass(frozen=True)
class RawStudy:
    """One study, before its report and its images were looked at.

    Attributes:
        study_id: Such as ``s50414267``.
        subject_id: Such as ``p10000032``; studies of one patient share it.
        split: Name of the annotation file it goes to; '' if none is given for it.
        report: File of the report, or its sections where the data set keeps them apart; ``None`` if there is none.
        images: Paths of the frontal images, relative to the image root, with '/'.
        views: View of each image: ``AP``, ``PA``, or ``frontal`` where nothing says which.
        labels: 1, 0 or -1 by finding; empty if there are none.
        fault: Why the report cannot be read, where that is known already.
    """
    study_id: str
    subject_id: str
    split: str
    report: Path | ReportSections | None
    images: tuple[str, ...]
    views: tuple[str, ...]
    labels: dict[str, int] = field(default_factory=dict)
    fault: str = ''
