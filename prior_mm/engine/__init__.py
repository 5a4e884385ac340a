"""The training engine: stages, mixed precision, and a runner whose checkpoints are data."""
from .autocast_optim_wrapper import AutocastOptimWrapper
from .hooks import ProgressBarHook, PrototypeTemperatureHook, StageCheckpointHook
from .runner import PriorRunner
from .stages import Stage, Stages
from .train_loop import StagedTrainLoop

__all__ = ['AutocastOptimWrapper', 'PriorRunner', 'ProgressBarHook', 'PrototypeTemperatureHook', 'Stage',
           'StageCheckpointHook', 'StagedTrainLoop', 'Stages']
