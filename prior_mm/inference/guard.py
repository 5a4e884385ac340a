"""A guard: does an image look like those that the model was trained on? (docs/inference.md has the figures.)"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from prior_mm.files.whole_files import whole_file
from prior_mm.structures import ImageFeatures

from .results import Verdict

#: Share of the training images that the threshold leaves above it.
REFUSED = 0.01
_AXES = 64
_QUANTILES = 1001


def looks(batch: Tensor, features: ImageFeatures) -> np.ndarray:
    """What images are judged by, float32 (B, F): the mean over the patches of the backbone's last map.

    Args:
        batch: Prepared images, (B, 1, H, W).
        features: What the image encoder made of them.
    """
    return features.patches.mean(dim=1).float().cpu().numpy()


@dataclass(frozen=True)
class Guard:
    """A Gaussian of what training images look like: full along its widest axes, even in all others.

    Attributes:
        mean: float32 (F,).
        axes: The widest, float32 (F, A).
        variances: Along them, float32 (A,).
        rest: Variance of each of the others.
        quantiles: Of the distances of the training images, 0 to 100 %, float32.
    """

    mean: np.ndarray
    axes: np.ndarray
    variances: np.ndarray
    rest: float
    quantiles: np.ndarray

    @classmethod
    def fit(cls, seen: np.ndarray) -> 'Guard | None':
        """A guard of what :func:`looks` gave of the training images, (N, F); None of fewer than two.

        The distances are of halves that were not fitted to, lest the training images look nearer than new ones.
        """
        if len(seen) < 2:
            return None
        halves = np.random.default_rng(0).permutation(len(seen)) % 2 == 0
        distances = [_gaussian(seen[half], 0.)._distances(seen[~half]) for half in (halves, ~halves)]
        return _gaussian(seen, np.quantile(np.concatenate(distances), np.linspace(0, 1, _QUANTILES)))

    def judge(self, seen: np.ndarray) -> list[Verdict]:
        """Verdicts on what :func:`looks` gave of B images."""
        threshold = float(np.interp(1 - REFUSED, np.linspace(0, 1, len(self.quantiles)), self.quantiles))
        shares = 1 - np.searchsorted(self.quantiles, distances := self._distances(seen)) / len(self.quantiles)
        return [Verdict(bool(distance > threshold), float(distance), threshold, float(share))
                for distance, share in zip(distances, shares, strict=True)]

    def _distances(self, seen: np.ndarray) -> np.ndarray:
        """Mahalanobis distances, float64 (B,), per number."""
        offset = seen.astype(np.float64) - self.mean
        along = offset @ self.axes
        rest = np.maximum((offset**2).sum(axis=1) - (along**2).sum(axis=1), 0)
        return np.sqrt(((along**2 / self.variances).sum(axis=1) + rest / self.rest) / len(self.mean))

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        with whole_file(path) as file:
            np.savez(file, **vars(self))

    @classmethod
    def read(cls, path: Path) -> 'Guard | None':
        """Read what :meth:`save` wrote; None if there is no such file.

        Raises:
            ValueError: If it is damaged.
        """
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as stored:
                return cls(stored['mean'], stored['axes'], stored['variances'], float(stored['rest']),
                           stored['quantiles'])
        except Exception as error:  # damaged archives make the reader fail in many ways
            raise ValueError(f'{path} is damaged ({str(error)[:100]}): make the archive anew with `prior-mm index`'
                             ) from None


def _gaussian(seen: np.ndarray, quantiles: np.ndarray | float) -> Guard:
    mean = seen.mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(np.cov(seen, rowvar=False, dtype=np.float64).reshape(len(mean), len(mean)))
    count = min(_AXES, len(mean), len(seen) - 1)
    floor = max(float(variances.max()) * 1e-6, 1e-12)
    others = variances[:-count]
    rest = max(float(others.mean()) if len(others) else 0., floor)
    return Guard(mean, axes[:, -count:], np.maximum(variances[-count:], floor), rest, np.atleast_1d(quantiles))
