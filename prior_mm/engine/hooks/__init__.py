"""Hooks of pre-training."""
from .progress_bar_hook import ProgressBarHook
from .prototype_temperature_hook import PrototypeTemperatureHook
from .stage_checkpoint_hook import StageCheckpointHook

__all__ = ['ProgressBarHook', 'PrototypeTemperatureHook', 'StageCheckpointHook']
