"""Which study goes to which annotation file: by a table, or drawn where a data set has no split of its own."""
import hashlib
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from .csv_tables import TableError, read_rows

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_-]{0,63}')
#: Shares of the studies where the split is drawn.
SHARES = {'train': 0.7, 'validate': 0.1, 'test': 0.2}


def read_splits(path: Path, study_id: Callable[[int, str], str]) -> dict[str, str]:
    """Read a table with the columns study_id and split; other columns, such as dicom_id, are passed over.

    Args:
        path: A ``.csv`` file, gzipped or not.
        study_id: Makes the study's id of a line's number and text, or raises :class:`TableError`.

    Returns:
        The split of each study.

    Raises:
        TableError: If the table is damaged, a study is in two splits, or a split's name cannot be a file's.
    """
    splits: dict[str, str] = {}
    for line, row in read_rows(path, ('study_id', 'split')):
        study, split = study_id(line, row['study_id']), sys.intern(row['split'])
        if not _NAME.fullmatch(split):
            raise TableError(f'{path}, line {line}: the split {split!r} cannot be the name of a file; wanted are '
                             'train, validate and test. Fetch the file again')
        if splits.setdefault(study, split) != split:
            raise TableError(f'{path}, line {line}: the study {study} is in {split} here and in {splits[study]} '
                             'above. A study must be in one split: remove one of the two lines')
    return splits


def drawn_split(text: str, seed: int) -> str:
    """A split by the hash of a report: the same for the same words, so that no test report was trained on.

    Args:
        text: The report.
        seed: Another one draws other splits.
    """
    words = ' '.join(text.lower().split())
    place = int.from_bytes(hashlib.sha256(f'{seed} {words}'.encode()).digest()[:8], 'big') / 2**64
    reached = 0.
    for name, share in SHARES.items():
        reached += share
        if place < reached:
            return name
    return name


def ordered_splits(names: Iterable[str]) -> list[str]:
    """Each name once: train, validate and test first, then the others by name."""
    known = list(SHARES)
    return sorted(set(names), key=lambda name: (known.index(name) if name in known else len(known), name))
