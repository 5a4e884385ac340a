"""Two rows of a table, tested against each other on the same images."""
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .gathered import Column, Gathered, paired_files
from .paired import Difference, Pair, delong, paired_bootstrap
from .per_image import read_per_image
from .weighted_figures import PATIENT, weighted_figure


def compare(table: Gathered, first: str, second: str, records: Mapping[Path, Mapping[str, Any]]) -> \
        dict[Column, Difference | str]:
    """The paired test of two rows, by each column that both have; where there is none, why.

    Args:
        table: Of both rows.
        first: A row.
        second: Another one, which the differences are of.
        records: The results by their files.

    Returns:
        Over all their runs that are of the same repeat and seed. Of one pair of runs and the AUROC of one finding it is
        DeLong's test, else the bootstrap.

    Raises:
        ValueError: If there is no such row, or runs of the same repeat and seed were tested on other images.
    """
    if unknown := [row for row in (first, second) if row not in table.cells]:
        raise ValueError(f'{table.protocol} has no row {unknown[0]!r}; it has: {"; ".join(table.cells)}')
    read = cache(read_per_image)
    found: dict[Column, Difference | str] = {}
    for column in table.columns:
        one, other = (table.cells[row].get(column) for row in (first, second))
        if one and other:
            try:
                found[column] = _test(column, _sides(paired_files(one.files, other.files, records), records, read))
            except _NoTest as reason:
                found[column] = str(reason)
    return found


class _NoTest(Exception):
    """Why a column has no test."""


def _sides(runs: Sequence[tuple[Path, Path]], records: Mapping[Path, Mapping[str, Any]], read: Any) -> \
        list[tuple[tuple[str, ...], list[dict[str, np.ndarray]]]]:
    """Of each pair of runs the names of the images, and of both what each image gave, by column."""
    if not runs:
        raise _NoTest('no two runs have the same repeat and seed')
    if lacking := [path for pair in runs for path in pair if not records[path].get('per_image')]:
        raise _NoTest(f'what each image gave is not kept with {lacking[0]}')
    sides = []
    for pair in runs:
        files = [path.with_name(records[path]['per_image']) for path in pair]
        one, other = map(read, files)
        if one.keys() != other.keys():
            raise ValueError(f'{files[0]} and {files[1]} are of other images: {len(one)} and {len(other)}, '
                             f'{len(one.keys() & other.keys())} of them the same')
        sides.append((tuple(one), [{name: np.array([of[image][name] for image in one])
                                    for name in next(iter(of.values()))} for of in (one, other)]))
    return sides


def _test(column: Column, sides: Sequence[tuple[tuple[str, ...], list[dict[str, np.ndarray]]]]) -> Difference:
    pairs = []
    for images, both in sides:
        figures = [weighted_figure(column.figure, columns) for columns in both]
        if None in figures:
            raise _NoTest('what each image gave does not tell this figure')
        patients = np.unique(both[0].get(PATIENT, np.arange(len(images))), return_inverse=True)[1]
        pairs.append(Pair(images, patients, *figures))  # type: ignore[arg-type]
    scores = [name for name in sides[0][1][0] if name.endswith(':score')]
    try:
        if column.figure == 'classification/auroc' and len(scores) == len(pairs) == 1:
            (_, both), = sides
            labels = both[0][scores[0].replace(':score', ':label')]
            known = labels >= 0
            return delong(both[0][scores[0]][known], both[1][scores[0]][known], labels[known])
        return paired_bootstrap(pairs)
    except ValueError as error:
        raise _NoTest(str(error)) from None
