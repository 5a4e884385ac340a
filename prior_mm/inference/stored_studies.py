"""An archive on the disk, to search in: of its files, what a search needs is read, and nothing else."""
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from .archive import STUDIES, check_comparison, check_model
from .results import Match
from .vector_tables import StoredTable

_COLUMNS = dict(image='vector', report='report')


class StoredStudies:
    """Studies that ``prior-mm index`` wrote, or images that ``prior-mm embed`` wrote.

    Args:
        path: The folder of an archive, or a table of images.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self._table = StoredTable(Path(path) if Path(path).is_file() else Path(path, STUDIES))

    def check(self, sha256: str) -> None:
        """Raise ValueError if it was made with another model."""
        check_model(self._table.meta, sha256)

    def vectors(self, by: Literal['image', 'report']) -> np.ndarray:
        """What studies are compared by; see :meth:`.Archive.vectors`."""
        check_comparison(by, 'report' in self._table.names)
        return self._table.vectors(_COLUMNS[by])

    def matches(self, places: Sequence[int], cosines: Sequence[float]) -> list[Match]:
        """Studies as the answer to a query."""
        return [Match(row['id'], float(cosine), row['path'], tuple(row.get('sentences', ())))
                for row, cosine in zip(self._table.rows(places), cosines, strict=True)]
