"""Imported by a config (``custom_imports``), it makes the run's process compute in float64.

Two ways to the same numbers then differ by 1e-9 at most, on any machine, or not by rounding: in float32 what a
processor's kernels round, times the 100 of the contrastive losses' temperature, carries numbers over the kinks of ReLU
and of absolute differences, where a gradient jumps, by how much nobody can say.
"""
import torch

from prior_mm.models import StudyPreprocessor
from prior_mm.registry import MODELS

torch.set_default_dtype(torch.float64)


@MODELS.register_module()
class DoublePreprocessor(StudyPreprocessor):
    """Images in float64."""

    def forward(self, data: dict, training: bool = False) -> dict:
        data = super().forward(data, training)
        return {**data, 'inputs': data['inputs'].double()}
