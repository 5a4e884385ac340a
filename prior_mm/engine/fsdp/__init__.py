"""Training in shards: FSDP through MMEngine's FlexibleRunner."""
from .flexible_runner import PriorFlexibleRunner
from .fsdp_strategy import FSDPStrategy
from .sharded_optim_wrapper import ShardedOptimWrapper

__all__ = ['FSDPStrategy', 'PriorFlexibleRunner', 'ShardedOptimWrapper']
