"""Figures that others published, as data: each with its source, its protocol, and whether it was read second hand."""
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Published(NamedTuple):
    """One figure.

    Attributes:
        source: Where it stands.
        second_hand: Whether it was read in a copy, not in the source itself.
        protocol: Name and version, as :mod:`prior_mm.protocols` has it; ``unknown`` where the source does not say.
        dataset: As protocols call it.
        task: As protocols call it.
        figure: As result files call it.
        labels: Percent of the training labels; None where nothing is trained.
        frozen: Whether the encoder rested.
        tricks: Those of the training in the words of a table's rows, or ``none``; '' where they are not one and the
            same for all models of the source (BenchX chooses them for each).
        model: As the source calls it.
        value: A share, or what the figure is counted in.
    """

    source: str
    second_hand: bool
    protocol: str
    dataset: str
    task: str
    figure: str
    labels: float | None
    frozen: bool
    tricks: str
    model: str
    value: float


def published_figures() -> Iterator[Published]:
    """All of them, file by file."""
    for path in sorted(Path(__file__).parent.glob('*.csv')):
        with path.open(encoding='utf-8', newline='') as file:
            for row in csv.DictReader(file):
                yield Published(row['source'], row['second_hand'] == 'yes', row['protocol'], row['dataset'],
                                row['task'], row['figure'], float(row['labels']) if row['labels'] else None,
                                row['frozen'] == 'yes', row['tricks'], row['model'],
                                float(row['value']) / (100 if row['unit'] == 'percent' else 1))
