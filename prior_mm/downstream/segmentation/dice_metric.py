"""Dice of one finding, image by image; MMSegmentation's is over the pixels of all images together."""
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from prior_mm.evaluation.bootstrap import drawn_weights, interval
from prior_mm.evaluation.weighted_figures import PIXELS, weighted_figure
from prior_mm.registry import METRICS

#: The figures that have an interval.
_DRAWN = ('dice', 'dice_lesion', 'dice_pooled', 'mdice')


class PixelCounts(NamedTuple):
    """Pixels of one image that are predicted, are of the finding, or both, and all that there are."""

    predicted: int
    lesion: int
    both: int
    pixels: int = 0

    @property
    def dice(self) -> float:
        """``2 |P and L| / (|P| + |L|)``; 1 if both are empty, so that on an image without lesion any pixel gives 0."""
        total = self.predicted + self.lesion
        return 2 * self.both / total if total else 1.

    @property
    def background(self) -> 'PixelCounts':
        """The same of what is not the finding."""
        return PixelCounts(self.pixels - self.predicted, self.pixels - self.lesion,
                           self.pixels - self.predicted - self.lesion + self.both, self.pixels)


def count_pixels(predicted: Tensor, mask: Tensor) -> PixelCounts:
    """Count pixels.

    Args:
        predicted: Class numbers, (H, W) or (1, H, W); class 1 is the finding.
        mask: What is true, of the same shape, 0 and 1.

    Raises:
        ValueError: If the shapes differ, or the mask holds anything else.
    """
    if predicted.shape != mask.shape:
        raise ValueError(f'the prediction has the shape {tuple(predicted.shape)}, the mask {tuple(mask.shape)}: in the '
                         'pipelines of validation and test LoadMask stands after the resizing')
    if mask.numel() and not ((mask == 0) | (mask == 1)).all():
        raise ValueError(f'a mask with the values {mask.unique().tolist()[:8]} cannot be scored, wanted are 0 and 1: '
                         'load it with LoadMask, and do not pad it')
    found, lesion = predicted == 1, mask == 1
    predicted_pixels, lesion_pixels, both = (int(pixels.sum()) for pixels in (found, lesion, found & lesion))
    return PixelCounts(predicted_pixels, lesion_pixels, both, mask.numel())


@METRICS.register_module()
class DiceMetric(BaseMetric):
    """Dice of class 1 at the size of the image files, as fractions.

    ``dice``: mean over all images of each image's Dice, where an image without lesion counts 1 if nothing is predicted
    and 0 otherwise (the rule of the SIIM-ACR challenge, and of MGCA's evaluation). Where most images have no lesion a
    model that never predicts anything does well by it, so these stand beside it:

    - ``dice_chance``: what ``dice`` would then be, the share of images without lesion;
    - ``dice_lesion``: the mean over the images with a lesion;
    - ``dice_pooled``: the Dice of the pixels of all images taken together, which large lesions dominate;
    - ``mdice``: the mean of ``dice_pooled`` and the same of the background (BenchX's figure);
    - ``empty_left_empty``: of the images without lesion, the share in which nothing is predicted;
    - ``images``, ``images_with_lesion``, ``images_without_lesion``.

    A figure that has no image to be computed from is None. What is predicted is the model's decision: of two classes
    the more probable one, that is the finding from a probability of 0.5 on. Each Dice has a 95 % interval
    (``<name>_low``, ``<name>_high``): percentiles over images drawn with replacement.

    Args:
        samples: Draws of the bootstrap; 0 leaves the intervals out.
        seed: Of the draws.
        protocol: Name and version of the protocol that the config follows; it stands in the results. By default what
            the annotation file says.
        collect_device: See :class:`mmengine.evaluator.BaseMetric`.
        prefix: See there; ``'segmentation'`` by default.
    """

    default_prefix = 'segmentation'

    def __init__(self, protocol: str | None = None, samples: int = 1000, seed: int = 0, collect_device: str = 'cpu',
                 prefix: str | None = None) -> None:
        super().__init__(collect_device, prefix)
        self.protocol, self.samples, self.seed = protocol, samples, seed

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Count the pixels of a batch of predictions.

        Args:
            data_batch: Not used.
            data_samples: Predictions with ``pred_sem_seg`` and ``gt_sem_seg``, each with ``data`` of (1, H, W).

        Raises:
            ValueError: See :func:`count_pixels`; the message names the image.
        """
        for sample in data_samples:
            predicted = sample['pred_sem_seg']['data']
            try:
                counts = count_pixels(predicted, sample['gt_sem_seg']['data'].to(predicted.device))
            except ValueError as error:
                raise ValueError(f'{sample.get("img_path", "an image")}: {error}') from None
            self.results.append((sample.get('img_path', ''), counts))

    def compute_metrics(self, results: list) -> dict[str, Any]:
        """The metrics of all images, as plain numbers; ``per_image`` keeps what each image gave."""
        if not results:
            raise ValueError('there is no image to score: the data set of this evaluation is empty')
        paths, counts = zip(*results, strict=True)
        results = [PixelCounts(*each) for each in counts]  # MMEngine hands them over as bare tuples
        columns = dict(zip(PIXELS, zip(*results, strict=True), strict=True)) | dict(
            dice=[counts.dice for counts in results],
            dice_lesion=[counts.dice if counts.lesion else float('nan') for counts in results])
        self.per_image = dict(image=list(paths)) | {name: list(values) for name, values in columns.items()}
        with_lesion = [counts for counts in results if counts.lesion]
        without = [counts for counts in results if not counts.lesion]
        pooled = PixelCounts(*(sum(column) for column in zip(*results, strict=True)))
        return dict(
            protocol=self.protocol or (self.dataset_meta or {}).get('protocol') or 'unnamed',
            dice=_mean([counts.dice for counts in results]),
            dice_chance=len(without) / len(results),
            dice_lesion=_mean([counts.dice for counts in with_lesion]),
            dice_pooled=pooled.dice if with_lesion else None,
            mdice=(pooled.dice + pooled.background.dice) / 2 if with_lesion else None,
            empty_left_empty=_mean([counts.dice for counts in without]),
            images=len(results), images_with_lesion=len(with_lesion), images_without_lesion=len(without),
            **self._intervals({name: np.array(values, dtype=np.float64) for name, values in columns.items()}))

    def _intervals(self, columns: dict[str, np.ndarray]) -> dict[str, float | None]:
        draws = drawn_weights(np.arange(len(columns['dice'])), self.samples, np.random.default_rng(self.seed))
        figures = {name: weighted_figure(f'segmentation/{name}', columns) for name in _DRAWN}
        drawn = [{name: figure(weights) for name, figure in figures.items() if figure} for weights in draws]
        bounds: dict[str, float | None] = {}
        for name in figures if drawn else ():
            bounds[f'{name}_low'], bounds[f'{name}_high'] = interval(np.concatenate([part[name] for part in drawn]))
        return bounds


def _mean(values: Sequence[float]) -> float | None:
    return float(torch.tensor(values, dtype=torch.float64).mean()) if values else None
