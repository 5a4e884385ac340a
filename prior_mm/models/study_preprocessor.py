"""From a loaded batch to what the model takes."""
import logging

import torch
from mmengine.logging import print_log
from mmengine.model import BaseDataPreprocessor

from prior_mm.registry import MODELS


@MODELS.register_module()
class StudyPreprocessor(BaseDataPreprocessor):
    """Moves a batch to the model's device and normalises its images (paper section 4.1).

    Args:
        mean: Mean of the pixels, in [0, 1].
        std: Their standard deviation.
        size: Height and width of the images, in pixels, only to be written into checkpoints.
    """

    def __init__(self, mean: float = 0.4755, std: float = 0.3011, size: tuple[int, int] | None = None,
                 non_blocking: bool = True) -> None:
        super().__init__(non_blocking)
        self.size = tuple(size) if size else None
        self._looked_at: set[bool] = set()
        self.register_buffer('mean', torch.tensor(mean), persistent=False)
        self.register_buffer('std', torch.tensor(std), persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Normalise ``data['inputs']``, float32 (B, 1, H, W) in [0, 1]; the rest is only moved.

        Raises:
            ValueError: If the images are not one-channel float images.
        """
        data = self.cast_data(data)
        images = data['inputs']
        if images.ndim != 4 or images.shape[1] != 1 or not images.is_floating_point():
            raise ValueError(f'images must be float (B, 1, H, W) in [0, 1], got {images.dtype} {tuple(images.shape)}; '
                             'end the pipeline with PackStudy and collate with collate_studies')
        if training not in self._looked_at:  # the first batch alone: to look is to wait for the device
            self._looked_at.add(training)
            self._compare(images)
        return {**data, 'inputs': self.normalise(images)}

    def _compare(self, images: torch.Tensor) -> None:
        """Warn if the gray values are far from those that the model was trained on."""
        mean, std = (float(value) for value in (images.mean(), images.std(unbiased=False)))
        if abs(mean - float(self.mean)) > float(self.std) or not 0.25 < std / float(self.std) < 4:
            print_log(f'The first batch is far from the gray values that the model expects: mean {mean:.3f} and '
                      f'standard deviation {std:.3f} of white, expected are {float(self.mean):.3f} and '
                      f'{float(self.std):.3f}. Are 16-bit files read that use 12, or inverted ones? Convert the data '
                      'again: the converter measures them, and has --bits and --percentile',
                      logger='current', level=logging.WARNING)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        """[0, 1] to zero mean and unit deviation."""
        return (images - self.mean) / self.std

    def restore(self, images: torch.Tensor) -> torch.Tensor:
        """The inverse of :meth:`normalise`, cut to [0, 1]."""
        return (images * self.std + self.mean).clamp(0, 1)

    def describe(self) -> dict:
        """What a checkpoint has to say of its preprocessing, as plain data."""
        return dict(size=list(self.size) if self.size else None, mean=round(float(self.mean), 6),
                    std=round(float(self.std), 6), pixel_range=[0.0, 1.0], channels=1)
