"""What a data set of the supervised demo consists of, before it is drawn."""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .films import Film

#: Of RSNA's and SIIM's demo; more than of the real ones, so that a few hundred images hold enough of them.
POSITIVE_PERCENT = 35


@dataclass(frozen=True)
class PlannedDataset:
    """A data set that is to be written.

    Attributes:
        name: Of its folder.
        films: Its images.
        tables: Header and rows of each CSV file, by name.
        readme: What is real in it, and what is drawn.
    """

    name: str
    films: Sequence[Film]
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence]]]
    readme: str


def draw_person(rng: np.random.Generator) -> tuple[str, int, str]:
    """Sex (``'M'`` or ``'F'``), age in years and view of a made-up patient."""
    return ('M', 'F')[int(rng.integers(2))], 18 + int(rng.integers(73)), 'AP' if rng.integers(5) < 2 else 'PA'
