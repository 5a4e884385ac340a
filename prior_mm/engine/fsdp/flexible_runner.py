"""MMEngine's FlexibleRunner, which trains with FSDP, with checkpoints that are data."""
from typing import Any

import torch
from mmengine.hooks import EMAHook
from mmengine.runner import FlexibleRunner

from prior_mm.checkpoints.model_weights import Loaded
from prior_mm.registry import RUNNERS

from ..data_runner import DataRunner
from .fsdp_strategy import FSDPStrategy


@RUNNERS.register_module()
class PriorFlexibleRunner(DataRunner, FlexibleRunner):
    """MMEngine's runner for strategies; here for training with :class:`FSDPStrategy`.

    Loops, hooks and checkpoints are those of :class:`PriorRunner`.
    """

    strategy: FSDPStrategy
    model: Any

    def build_strategy(self, strategy: Any = None, launcher: str = 'none', randomness: dict | None = None,
                       env_cfg: dict | None = None, experiment_name: str | None = None,
                       log_level: str | None = None) -> FSDPStrategy:
        """Build the strategy.

        Raises:
            ValueError: If it is not FSDP, or there is one process only.
        """
        kind = (strategy or {}).get('type')
        if kind not in ('FSDPStrategy', 'prior_mm.FSDPStrategy', FSDPStrategy):
            raise ValueError(f"runner_type='PriorFlexibleRunner' needs strategy.type='FSDPStrategy', got {kind!r}; to "
                             'train without FSDP, leave both out')
        strategy = dict(strategy, type=FSDPStrategy, sync_bn=self.cfg.get('sync_bn'))
        built = super().build_strategy(strategy, launcher, randomness, env_cfg or {}, experiment_name, log_level)
        if built.world_size < 2:
            raise ValueError("strategy.type='FSDPStrategy' shares a model out among processes: start two or more with "
                             'tools/dist_train.sh CONFIG GPUS (or --launcher slurm); to train on one, leave '
                             'runner_type and strategy out')
        return built

    def register_hook(self, hook: Any, priority: Any = None) -> None:
        """As MMEngine's.

        Raises:
            ValueError: If it is EMAHook, which would average shards as if they were the model.
        """
        if isinstance(hook, EMAHook):
            raise ValueError('EMAHook averages and saves whole weights, and with FSDPStrategy each process has a shard '
                             'of them: leave EMAHook out of custom_hooks, or leave runner_type and strategy out')
        super().register_hook(hook, priority)

    def train(self) -> torch.nn.Module:
        """Train as the config says; see :class:`DataRunner`."""
        self.model = self.strategy.build_model(self.model)
        if self.cfg.get('channels_last'):
            self.model.to(memory_format=torch.channels_last)
        return super().train()

    def state_of_training(self, with_optimizer: bool) -> dict[str, Any]:
        """Weights and optimizer, gathered on the first process."""
        state: dict[str, Any] = dict(state_dict=self.strategy.model_state_dict())
        if with_optimizer:
            state['optimizer'] = self.strategy.optim_state_dict()
        return state

    def take_weights(self, weights: dict[str, torch.Tensor], source: str, strict: bool,
                     fitting: bool = False) -> Loaded:
        """Load whole weights into the shards."""
        return self.strategy.take_weights(weights, source, strict, fitting)

    def take_optimizer(self, state: dict) -> None:
        """Load the whole state of an optimizer into the shards."""
        self.strategy.load_optim_state_dict(state)

    def reseed(self, seed: int) -> None:
        """Go on with another seed than the config's."""
        self.strategy.randomness.update(seed=seed)
        self.strategy._set_randomness(**self.strategy.randomness)
