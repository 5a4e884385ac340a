"""What each test image gave, beside the result file: two models on the same images can then be compared in pairs."""
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prior_mm.files.whole_files import write_whole


def write_per_image(out: Path, metrics: Sequence[Any]) -> dict[str, str]:
    """Write ``<result>_images.csv`` with a row an image, of all metrics that have ``per_image``.

    Args:
        out: The result file.
        metrics: Of the evaluator. ``per_image`` of one is a list by column, ``image`` (the file) first.

    Returns:
        ``per_image``: the file's name, for the result file; nothing if no metric has any.
    """
    columns: dict[str, list] = {}
    for metric in metrics:
        columns.update(getattr(metric, 'per_image', {}))
    if not columns:
        return {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    path = out.with_name(f'{out.stem}_images.csv')
    write_whole(path, text.getvalue().encode())
    return dict(per_image=path.name)


def read_per_image(path: Path) -> dict[str, dict[str, float]]:
    """The values of each image by column.

    Raises:
        ValueError: If there is no such file, it is none, or an image is there twice.
    """
    try:
        with path.open(encoding='utf-8', newline='') as file:
            rows = list(csv.DictReader(file))
        if not rows:
            raise ValueError('no row')
        found = {row['image']: {name: float(value) for name, value in row.items() if name != 'image'} for row in rows}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path} does not hold what each image gave ({error}). Test again') from None
    if len(found) != len(rows):
        raise ValueError(f'{path}: an image is there twice. Test again')
    return found
