"""The images that a table names: a row an image, or several rows of one where each has a finding or a box."""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..csv_tables import TableError
from ..raw_study import FRONTAL_VIEWS
from .any_table import Row
from .columns import Columns
from .labels import LabelReader, merge_labels

_FRONTAL = ('FRONTAL', 'POSTEROANTERIOR', 'ANTEROPOSTERIOR', *FRONTAL_VIEWS)


@dataclass(frozen=True)
class TableImage:
    """An image, with what its rows say.

    Attributes:
        image_id: What stands in the image's column.
        study: Its study; the image's id where there is no column of studies.
        patient: Its patient; the study's id where none is named.
        view: As the table says, in capitals; ``frontal`` where there is none.
        split: Its split, if the table gives one.
        labels: 1, 0 or -1 (not known) by class; 1 where any of the rows says so.
        rows: Its rows.
    """
    image_id: str
    study: str
    patient: str
    view: str
    split: str
    labels: tuple[int, ...]
    rows: tuple[Row, ...]

    @property
    def frontal(self) -> bool:
        """Whether it is a frontal view, or nothing is said of it."""
        return self.view == 'frontal' or self.view.replace('-', '').split()[0] in _FRONTAL


def read_images(table: Path, rows: Sequence[Row], columns: Columns, labels: LabelReader) -> dict[str, TableImage]:
    """The images of a table by id, in its order.

    Raises:
        TableError: If an image is not named, or two rows say different things of an image or of a study: whose it is,
            its view or its split, or a finding of it where each finding has a column.
    """
    by_image: dict[str, list[Row]] = {}
    for row in rows:
        if not (image := row.values.get(columns.image, '')):
            raise TableError(f'{table}, line {row.line}: no image, {columns.image} is empty. Remove the line')
        by_image.setdefault(image, []).append(row)
    images: dict[str, TableImage] = {}
    patient_of: dict[str, str] = {}
    for image, of_image in by_image.items():
        study, patient, view, split = (_agreed(table, of_image, image, name) if name else '' for name in
                                       (columns.study, columns.patient, columns.view, columns.split))
        study = study or image
        patient = patient or patient_of.get(study, study)
        if patient_of.setdefault(study, patient) != patient:
            raise TableError(f'{table}, line {of_image[0].line}: the study {study} is of the patient {patient} here '
                             f'and of {patient_of[study]} above. Correct one of the two lines')
        found = [labels.read(row) for row in of_image]
        if columns.labels and len(set(found)) > 1:
            raise TableError(f'{table}, line {of_image[1].line}: {image} has other labels than in line '
                             f'{of_image[0].line}. Correct one of the two lines')
        images[image] = TableImage(image, study, patient, view.upper() or 'frontal', split,
                                   merge_labels(found) if labels.classes else (), tuple(of_image))
    return images


def group_by(images: Iterable[TableImage], key: Callable[[TableImage], str]) -> dict[str, list[TableImage]]:
    """Images by study or patient, in order."""
    groups: dict[str, list[TableImage]] = {}
    for image in images:
        groups.setdefault(key(image), []).append(image)
    return groups


def _agreed(table: Path, rows: Sequence[Row], image: str, column: str) -> str:
    """What the rows of an image say; those that say nothing do not count."""
    first: Row | None = None
    for row in rows:
        value = row.values.get(column, '')
        if first is not None and value and value != first.values[column]:
            raise TableError(f'{table}, line {row.line}: {column} of {image} is {value!r} here and '
                             f'{first.values[column]!r} in line {first.line}. Correct one of the two lines')
        first = row if first is None and value else first
    return '' if first is None else first.values[column]
