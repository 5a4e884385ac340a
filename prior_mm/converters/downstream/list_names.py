"""Published lists whose names are those of another copy of the data set, translated by that copy's own table."""
from collections.abc import Sequence
from pathlib import Path

from ..csv_tables import TableError, read_rows


def read_list_names(tables: Sequence[Path]) -> dict[str, str]:
    """The data set's id by a copy's name of the image, without its ending.

    Args:
        tables: With the columns ``new_filename`` and ``ImageId``, as the Kaggle PNG copy of SIIM has one for its
            training and one for its test images; none gives nothing.

    Raises:
        TableError: If a table is damaged, or gives a name twice; the message names file, line and mend.
    """
    names: dict[str, str] = {}
    for path in tables:
        for line, row in read_rows(path, ('new_filename', 'ImageId')):
            name = row['new_filename'].removesuffix('.png')
            if names.setdefault(name, row['ImageId']) != row['ImageId']:
                raise TableError(f'{path}, line {line}: {name} is {names[name]} above and {row["ImageId"]} here. '
                                 'Remove one of the two lines')
    return names
