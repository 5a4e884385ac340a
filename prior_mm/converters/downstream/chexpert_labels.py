"""CheXpert's labels: what is read of train.csv and valid.csv, and what becomes of "uncertain" and "not mentioned"."""
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..csv_tables import TableError, read_rows

FINDINGS = ('No Finding', 'Enlarged Cardiomediastinum', 'Cardiomegaly', 'Lung Opacity', 'Lung Lesion', 'Edema',
            'Consolidation', 'Pneumonia', 'Atelectasis', 'Pneumothorax', 'Pleural Effusion', 'Pleural Other',
            'Fracture', 'Support Devices')
#: The five of the CheXpert competition, in the order of the published 5x200 list.
COMPETITION = ('Atelectasis', 'Cardiomegaly', 'Consolidation', 'Edema', 'Pleural Effusion')
#: How the published 5x200 list, and the papers that use it, read "uncertain".
PUBLISHED = {'Atelectasis': 'ones', 'Cardiomegaly': 'zeros', 'Consolidation': 'zeros', 'Edema': 'ones',
             'Pleural Effusion': 'ones'}
POLICIES = ('ignore', 'ones', 'zeros')
UNKNOWN = -1
_PATH = re.compile(r'(?:.*/)?(?P<folder>train|valid|validate|val|test)/'
                   r'(?P<image>(?P<patient>patient\d+)/study\d+/[\w-]+)\.(?P<ending>(?i:jpe?g|png|dcm))')
_VIEW = re.compile(r'_(frontal|lateral)\.')
_VALUES = {'1.0': 1, '1': 1, '0.0': 0, '0': 0, '-1.0': -1, '-1': -1, '': None}


class ChexpertRow(NamedTuple):
    """A row of train.csv or valid.csv.

    Attributes:
        line: In the file, 1 for the header.
        path: Of the image, from ``train/`` or ``valid/`` on.
        patient: Such as ``patient00001``.
        frontal: Whether it is a frontal view.
        values: By finding, in the order asked for: 1, 0, -1 (uncertain), ``None`` (not mentioned).
    """
    line: int
    path: str
    patient: str
    frontal: bool
    values: tuple[int | None, ...]


@dataclass(frozen=True)
class LabelPolicy:
    """What labels are made of what stands in the table.

    Attributes:
        classes: The findings, in order.
        uncertain: For each of them one of ``ignore`` (the label is -1, for loss and metric to leave out), ``ones``,
            ``zeros``.
        missing: What an empty cell becomes: ``zeros`` as published, or ``ignore``.
    """
    classes: tuple[str, ...]
    uncertain: Mapping[str, str]
    missing: str = 'zeros'

    def labels(self, values: Sequence[int | None]) -> list[int]:
        """1, 0 or -1 (to be ignored) for each class, of :attr:`ChexpertRow.values`."""
        return [self._label(name, value) for name, value in zip(self.classes, values, strict=True)]

    def _label(self, name: str, value: int | None) -> int:
        if value is None or value == -1:
            return _MEANING[self.missing if value is None else self.uncertain[name]]
        return value


_MEANING = {'ignore': UNKNOWN, 'ones': 1, 'zeros': 0}


def make_policy(classes: Sequence[str] = COMPETITION, uncertain: str = 'published',
                exceptions: Mapping[str, str] | None = None, missing: str = 'zeros') -> LabelPolicy:
    """A policy, checked.

    Args:
        classes: Some of :data:`FINDINGS`.
        uncertain: One of :data:`POLICIES` for all classes, or ``published``: :data:`PUBLISHED`.
        exceptions: One of :data:`POLICIES` for single classes.
        missing: ``zeros`` or ``ignore``.

    Raises:
        ValueError: If a class or policy is unknown, a class is named twice, or nothing is published for one.
    """
    exceptions = dict(exceptions or {})
    for name in [*classes, *exceptions]:
        if name not in (FINDINGS if name in classes else classes):
            raise ValueError(f'{name!r} is none of the classes; they are '
                             f'{", ".join(FINDINGS if name in classes else classes)}')
    if not classes or len(set(classes)) != len(classes):
        raise ValueError('name each class once, and at least one')
    if uncertain not in (*POLICIES, 'published') or not set(exceptions.values()) <= set(POLICIES):
        raise ValueError(f'the policy for uncertain labels is published or one of {", ".join(POLICIES)}')
    if missing not in ('zeros', 'ignore'):
        raise ValueError('the policy for labels that are not mentioned is zeros or ignore')
    chosen = PUBLISHED if uncertain == 'published' else dict.fromkeys(classes, uncertain)
    if unknown := [name for name in classes if name not in chosen and name not in exceptions]:
        raise ValueError(f'nothing is published on uncertain labels of {", ".join(unknown)}. Say what becomes of them, '
                         f'such as --uncertain-of {unknown[0]!r}=ignore')
    return LabelPolicy(tuple(classes), {name: exceptions.get(name) or chosen[name] for name in classes}, missing)


def image_of(text: str) -> tuple[str, str] | None:
    """Path of an image from ``train/``, ``valid/`` or ``test/`` on, and its patient.

    What stands before differs between the small and the full version and from machine to machine, and so does how
    the ending is written (``.JPG``, ``.jpeg``), which becomes ``.jpg``.

    Args:
        text: As a table or a list has it.

    Returns:
        ``None`` if it is no such path.
    """
    match = _PATH.fullmatch(text.replace('\\', '/'))
    if match is None:
        return None
    folder = 'valid' if match['folder'].startswith('val') else match['folder']
    return f'{folder}/{match["image"]}.{match["ending"].lower().replace("jpeg", "jpg")}', match['patient']


def read_chexpert(path: Path, classes: Sequence[str]) -> list[ChexpertRow]:
    """Read train.csv, valid.csv or a table of test labels; without Frontal/Lateral, the path tells the view.

    Args:
        path: The table, gzipped or not.
        classes: Findings to read.

    Raises:
        TableError: If a column is missing, a path or label is none, or an image is there twice; the message names file,
            line and mend.
    """
    rows, seen = [], set()
    for line, row in read_rows(path, ('Path', *classes), others=True):
        image = image_of(row['Path'])
        if image is None:
            raise TableError(f'{path}, line {line}: the path {row["Path"]!r} is not such as '
                             'CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg. Fetch the table again')
        if image[0] in seen:
            raise TableError(f'{path}, line {line}: the image {image[0]} is there twice. Remove one of the two '
                             'lines')
        seen.add(image[0])
        named = _VIEW.search(image[0])
        view = row.get('Frontal/Lateral', named[1].capitalize() if named else '')
        if view not in ('Frontal', 'Lateral'):
            raise TableError(f'{path}, line {line}: the view is {view!r}, wanted is Frontal or Lateral in the column '
                             'Frontal/Lateral, or in the name of the image. Fetch the table again')
        wrong = next((name for name in classes if row[name] not in _VALUES), None)
        if wrong is not None:
            raise TableError(f'{path}, line {line}: {wrong} is {row[wrong]!r}, which is none of 1.0, 0.0, -1.0 and '
                             'empty. Fetch the table again')
        rows.append(ChexpertRow(line, *image, view == 'Frontal',
                                tuple(_VALUES[row[name]] for name in classes)))
    if not rows:
        raise TableError(f'{path} holds no row. Fetch it again')
    return rows
