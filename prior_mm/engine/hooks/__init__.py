"""Hooks of pre-training."""
from .checkpoint_hook import CheckpointHook
from .heap_trim_hook import HeapTrimHook
from .preemption_hook import Preempted, PreemptionHook
from .progress_bar_hook import ProgressBarHook
from .prototype_temperature_hook import PrototypeTemperatureHook
from .prototype_usage_hook import PrototypeUsageHook
from .skipped_studies_hook import SkippedStudiesHook
from .stage_checkpoint_hook import StageCheckpointHook

__all__ = ['CheckpointHook', 'HeapTrimHook', 'Preempted', 'PreemptionHook', 'ProgressBarHook',
           'PrototypeTemperatureHook', 'PrototypeUsageHook', 'SkippedStudiesHook', 'StageCheckpointHook']
