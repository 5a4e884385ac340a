"""One visit to a study: all that decides what its random transforms do."""
from typing import NamedTuple

import numpy as np


class Visit(NamedTuple):
    """What the sampler hands to the data set in place of a bare index.

    A visit gives the same arrays in whichever worker it is made, so that a run does not depend on the number of
    workers and can go on in the middle of an epoch.

    Attributes:
        index: Position of the study in the data set.
        epoch: Epoch, 0-based.
        seed: The run's seed, not negative.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    epoch: int = 0
    seed: int = 0

    def generator(self) -> np.random.Generator:
        """The generator that every random transform of this visit draws from."""
        return np.random.default_rng((self.seed, self.epoch, self.index))
