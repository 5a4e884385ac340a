"""The training engine: stages, mixed precision, and a runner whose checkpoints are data."""
from .autocast_optim_wrapper import AutocastOptimWrapper
from .fsdp import FSDPStrategy, PriorFlexibleRunner, ShardedOptimWrapper
from .hooks import (
    CheckpointHook,
    HeapTrimHook,
    PreemptionHook,
    ProgressBarHook,
    PrototypeTemperatureHook,
    PrototypeUsageHook,
    SkippedStudiesHook,
    StageCheckpointHook,
)
from .runner import PriorRunner
from .stages import Stage, Stages
from .train_loop import StagedTrainLoop
from .visit_train_loop import VisitTrainLoop

__all__ = ['AutocastOptimWrapper', 'CheckpointHook', 'FSDPStrategy', 'HeapTrimHook', 'PreemptionHook',
           'PriorFlexibleRunner', 'PriorRunner', 'ProgressBarHook', 'PrototypeTemperatureHook', 'PrototypeUsageHook',
           'ShardedOptimWrapper', 'SkippedStudiesHook', 'Stage', 'StageCheckpointHook', 'StagedTrainLoop', 'Stages',
           'VisitTrainLoop']
