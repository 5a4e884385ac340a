"""The runner: MMEngine's, with checkpoints that are data."""
from typing import Any

import torch
from mmengine.dist import is_main_process
from mmengine.runner import Runner
from mmengine.runner.checkpoint import weights_to_cpu

from prior_mm.checkpoints.model_weights import Loaded, load_weights
from prior_mm.registry import RUNNERS

from .data_runner import DataRunner
from .fused_optimizer import fused_where_there
from .schedules import remember_scales
from .unwrapped import unwrapped


@RUNNERS.register_module()
class PriorRunner(DataRunner, Runner):
    """MMEngine's runner, on one process or with DDP on many; see :class:`DataRunner` for what is ours."""

    def build_model(self, model: Any) -> Any:
        """As MMEngine's; with ``channels_last`` in the config, convolutions have their channels last.

        That is faster on CPUs and on GPUs with tensor cores, and gives the same numbers but for rounding. It is not
        the default: operators of mmcv may take the memory for what it is not.
        """
        built = super().build_model(model)
        return built.to(memory_format=torch.channels_last) if self.cfg.get('channels_last') else built

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """As MMEngine's; see :func:`fused_where_there` and :func:`remember_scales`."""
        if isinstance(optim_wrapper, dict) and isinstance(optim_wrapper.get('optimizer'), dict):
            device = next(self.model.parameters()).device
            optim_wrapper = {**optim_wrapper, 'optimizer': fused_where_there(optim_wrapper['optimizer'], device)}
        return remember_scales(super().build_optim_wrapper(optim_wrapper))

    def state_of_training(self, with_optimizer: bool) -> dict[str, Any]:
        """Weights and optimizer, on the first process."""
        if not is_main_process():
            return {}
        state: dict[str, Any] = dict(state_dict=dict(weights_to_cpu(unwrapped(self.model).state_dict())))
        if with_optimizer:
            state['optimizer'] = self.optim_wrapper.state_dict()
        return state

    def take_weights(self, weights: dict[str, torch.Tensor], source: str, strict: bool,
                     fitting: bool = False) -> Loaded:
        """Load weights into the model."""
        return load_weights(unwrapped(self.model), weights, source, strict, fitting)

    def take_optimizer(self, state: dict) -> None:
        """Load the state of the optimizer."""
        self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        self.optim_wrapper.load_state_dict(state)

    def reseed(self, seed: int) -> None:
        """Go on with another seed than the config's."""
        self._randomness_cfg.update(seed=seed)
        self.set_randomness(**self._randomness_cfg)
