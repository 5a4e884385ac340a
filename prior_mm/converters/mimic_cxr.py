"""MIMIC-CXR(-JPG): from its tables, images and reports to annotation files."""
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .csv_tables import TableError, read_rows
from .mimic_layout import MimicLayout, check_reports, find_image_suffix
from .raw_study import FRONTAL_VIEWS, RawStudy
from .splits import ordered_splits, read_splits

FULL_STUDIES = 227_827
FULL_IMAGES = 377_110
_PROBES = 64
_FILE_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,127}')
_CODE = 'ViewCodeSequence_CodeMeaning'
_CODED = {'antero-posterior': 'AP', 'postero-anterior': 'PA'}  # taken where ViewPosition is empty
_MISSING = 2  # a label that is not given


@dataclass
class MimicStudies:
    """The tables of MIMIC-CXR, packed: some 150 MB for all of it.

    Attributes:
        layout: Where the files are.
        suffix: Ending of the image files.
        images: Images listed, of all views.
        label_names: The labels' columns.
    """
    layout: MimicLayout
    suffix: str = '.jpg'
    images: int = 0
    label_names: tuple[str, ...] = ()
    _subjects: dict[str, str] = field(default_factory=dict)
    _frontal: dict[str, tuple[str, ...]] = field(default_factory=dict)  # view, image, view, image ... by study
    _splits: dict[str, str] | None = None
    _labels: dict[str, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._subjects)

    def splits(self) -> list[str]:
        """Names of the splits."""
        return ordered_splits(self._splits.values()) if self._splits is not None else ['train']

    def studies(self) -> Iterator[RawStudy]:
        """All studies, split by split, in the order of the metadata."""
        for split in [*self.splits(), '']:
            for study_id, subject_id in self._subjects.items():
                if self._split(study_id) == split:
                    yield self._study(study_id, subject_id, split)

    def _split(self, study_id: str) -> str:
        return 'train' if self._splits is None else self._splits.get(study_id, '')

    def _study(self, study_id: str, subject_id: str, split: str) -> RawStudy:
        frontal = self._frontal.get(study_id, ())
        folder = f'files/{subject_id[:3]}/{subject_id}/{study_id}'
        return RawStudy(study_id, subject_id, split, self.layout.report(subject_id, study_id),
                        tuple(f'{folder}/{image}{self.suffix}' for image in frontal[1::2]), frontal[::2],
                        decode_labels(self.label_names, self._labels.get(study_id, b'')))


def read_mimic_tables(layout: MimicLayout, check_images: bool = True) -> MimicStudies:
    """Read metadata, split and labels, and look whether the images and reports they name are there.

    Args:
        layout: Where the files are.
        check_images: Whether some of the images must be there.

    Raises:
        TableError: If a table is damaged, lacks a column, or contradicts itself; the message names the line.
        LayoutError: If of the first images, or reports, none is there.
    """
    studies = MimicStudies(layout)
    _read_metadata(studies)
    if layout.split is not None:
        split = layout.split
        studies._splits = read_splits(split, lambda line, text: number_with_letter(split, line, 'study_id', text, 's'))
    if layout.labels is not None:
        studies.label_names, studies._labels = read_mimic_labels(layout.labels)
    every = max(1, len(studies._frontal) // _PROBES)
    listed = list(studies._frontal)
    # Some of all first; of a download that is not complete, the others then.
    found = [studies._study(study_id, studies._subjects[study_id], '')
             for study_id in [*listed[::every], *(listed if every > 1 else [])]]
    if check_images:
        studies.suffix = find_image_suffix(layout, [image.removesuffix('.jpg') for study in found
                                                    for image in study.images])
    check_reports(layout, [layout.report(study.subject_id, study.study_id) for study in found])
    return studies


def _read_metadata(studies: MimicStudies) -> None:
    path, seen = studies.layout.metadata, set()
    for line, row in read_rows(path, ('dicom_id', 'subject_id', 'study_id', 'ViewPosition'), others=True):
        image, view = row['dicom_id'], row['ViewPosition'].upper()
        if not _FILE_NAME.fullmatch(image) or '..' in image:
            raise TableError(f'{path}, line {line}: dicom_id {image!r} cannot be the name of a file. Fetch it again')
        if image in seen:
            raise TableError(f'{path}, line {line}: the image {image} is there twice. Remove one of the two lines')
        seen.add(image)
        study_id = number_with_letter(path, line, 'study_id', row['study_id'], 's')
        subject_id = sys.intern(number_with_letter(path, line, 'subject_id', row['subject_id'], 'p'))
        if studies._subjects.setdefault(study_id, subject_id) != subject_id:
            raise TableError(f'{path}, line {line}: the study {study_id} is {subject_id}\'s here and '
                             f'{studies._subjects[study_id]}\'s above. Fetch the file again')
        view = view or _CODED.get(row.get(_CODE, '').lower(), '')
        if view in FRONTAL_VIEWS:
            studies._frontal[study_id] = (*studies._frontal.get(study_id, ()), sys.intern(view), image)
    studies.images = len(seen)
    if not studies._frontal:
        raise TableError(f'{path} lists no frontal image (ViewPosition {" or ".join(FRONTAL_VIEWS)}) among '
                         f'{studies.images:,}. Is it the right file?')


def decode_labels(names: Sequence[str], values: bytes) -> dict[str, int]:
    """1, 0 or -1 by finding, of a study's item of :func:`read_mimic_labels`; what is not given is left out."""
    return {name: value - 1 for name, value in zip(names, values, strict=False) if value - 1 != _MISSING}


def read_mimic_labels(path: Path) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """Read ``mimic-cxr-*-chexpert.csv.gz``.

    Returns:
        The findings, and by study a byte for each of them, for :func:`decode_labels`.

    Raises:
        TableError: If the table is damaged, a label is none, or a study is there twice with other labels.
    """
    names: tuple[str, ...] = ()
    labels: dict[str, bytes] = {}
    for line, row in read_rows(path, ('study_id',), others=True):
        names = names or tuple(name for name in row if name.lower() not in ('study_id', 'subject_id', 'dicom_id'))
        study_id = number_with_letter(path, line, 'study_id', row['study_id'], 's')
        try:
            values = bytes(_label(row[name]) + 1 for name in names)
        except ValueError as error:
            raise TableError(f'{path}, line {line}: {error}. Fetch the file again') from None
        if labels.setdefault(study_id, values) != values:
            raise TableError(f'{path}, line {line}: the study {study_id} is there twice, with other labels above. '
                             'Remove one of the two lines')
    if not names:
        raise TableError(f'{path} holds no labels: wanted is a column for each finding and a line for each study')
    return names, labels


def _label(text: str) -> int:
    if not text:
        return _MISSING
    try:
        value = float(text)
    except ValueError:
        value = _MISSING
    if value not in (0, 1, -1):
        raise ValueError(f'the label {text!r} is none of 1.0, 0.0, -1.0 and empty')
    return int(value)


def number_with_letter(path: Path, line: int, column: str, text: str, letter: str) -> str:
    """An id with its letter, ``s50414267``; it may come without, or as ``50414267.0`` from a spreadsheet.

    Raises:
        TableError: If it is no id.
    """
    digits = text.lower().removeprefix(letter).removesuffix('.0')
    if not (digits.isascii() and digits.isdigit() and 3 <= len(digits) <= 18):
        raise TableError(f'{path}, line {line}: {column} {text!r} is not such a number as {letter}50414267. '
                         'Fetch the file again')
    return letter + digits
