"""FSDP for FlexibleRunner: weights, gradients and optimizer in shards, the checkpoints whole."""
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from mmengine import _strategy as strategies
from mmengine.device import get_device
from mmengine.optim import DefaultOptimWrapperConstructor
from mmengine.runner.checkpoint import weights_to_cpu
from mmengine.utils import digit_version
from torch import Tensor, nn
from torch.distributed.fsdp import FullStateDictConfig, FullyShardedDataParallel, StateDictType
from torch.distributed.fsdp.wrap import lambda_auto_wrap_policy

from prior_mm.checkpoints.model_weights import Loaded, load_weights
from prior_mm.registry import OPTIM_WRAPPERS, STRATEGIES

from ..autocast_optim_wrapper import AutocastOptimWrapper
from ..schedules import remember_scales
from .optimizer_shards import Shard, cut_state, gather_state, shards_of
from .sharded_optim_wrapper import ShardedOptimWrapper


@STRATEGIES.register_module()
class FSDPStrategy(strategies.FSDPStrategy):
    """MMEngine's, which cuts a model where it says that it can be cut, and gives and takes its state whole.

    The state is that of the model without FSDP, names, shapes and optimizer: what one run writes, the other one reads.
    MMEngine's own ways to save, load and resume are not used: they run what a checkpoint holds as code.

    Args:
        model_wrapper: More for :class:`mmengine.model.MMFullyShardedDataParallel`, for example
            ``dict(sharding_strategy='SHARD_GRAD_OP')``.
        **options: What FlexibleRunner adds.

    Raises:
        ImportError: If PyTorch is older than 2.6, where FSDP began to keep convolutions with their channels last.
    """

    model_wrapper: dict[str, Any] | None

    def __init__(self, *, model_wrapper: dict | None = None, **options) -> None:
        if digit_version(torch.__version__) < digit_version('2.6'):
            raise ImportError(f"strategy.type='FSDPStrategy' needs PyTorch 2.6 or newer, this is {torch.__version__}. "
                              'Install a newer one, or leave runner_type and strategy out')
        super().__init__(model_wrapper=model_wrapper, state_dict_cfg='full', **options)
        # PyTorch would have newer functions used instead, and say so at each checkpoint.
        warnings.filterwarnings('ignore', r'FSDP\.state_dict_type\(\)', FutureWarning)
        self._scalars: list[str] = []
        self._shards: dict[Tensor, Shard] = {}

    def _wrap_model(self, model: Any) -> nn.Module:
        """Cut the model into shards, unit by unit.

        Raises:
            ValueError: If the model is compiled or does not say where it can be cut, or FSDP is not to cut it among
                all processes.
        """
        how = (self.model_wrapper or {}).get('sharding_strategy', 'FULL_SHARD')
        if how not in ('FULL_SHARD', 'SHARD_GRAD_OP'):
            raise ValueError(f"strategy.model_wrapper.sharding_strategy must be 'FULL_SHARD' or 'SHARD_GRAD_OP', got "
                             f'{how!r}')
        if not hasattr(model, 'parts_with_one_entry'):
            raise ValueError(f"strategy.type='FSDPStrategy': {type(model).__name__} does not say where it can be cut; "
                             "FSDP is there for pre-training, model.type='PRIOR'. Leave runner_type and strategy out")
        if getattr(model, 'compiled', False):
            raise ValueError("model.compiled=True does not go with strategy.type='FSDPStrategy', which cuts what would "
                             'be compiled. Leave one of them out')
        model = self.convert_model(model)
        layouts = {name: (parameter.shape, parameter.stride()) for name, parameter in model.named_parameters()}
        self._scalars += scalars_to_vectors(model)
        device = torch.device(get_device())
        if device.type == 'cuda':
            device = torch.device('cuda', torch.cuda.current_device())
        self.model_wrapper = dict(
            dict(type='MMFullyShardedDataParallel', device_id=device,
                 auto_wrap_policy=wrap_policy(model)),
            **self.model_wrapper or {})
        wrapped = super()._wrap_model(model)
        # Now, while all are cut: after a validation the root is not.
        parts = {name.replace('_fsdp_wrapped_module.', ''): part for name, part in wrapped.named_parameters()}
        shards = shards_of(list(parts.values()), [layouts[name] for name in parts])
        self._shards = dict(zip(parts.values(), shards, strict=True))
        return wrapped

    def build_optim_wrapper(self, optim_wrapper: Any, model: Any = None) -> Any:
        """Build the optimizer for shards.

        Raises:
            ValueError: If the config names another wrapper than :class:`AutocastOptimWrapper`.
        """
        kind = OPTIM_WRAPPERS.get(optim_wrapper.get('type', 'OptimWrapper'))
        if kind is not AutocastOptimWrapper:
            raise ValueError(f"strategy.type='FSDPStrategy': optim_wrapper.type must be 'AutocastOptimWrapper', got "
                             f"{optim_wrapper.get('type')!r}, which would judge each shard by itself")
        config = {'constructor': _Constructor, **optim_wrapper, 'type': ShardedOptimWrapper}
        wrapper = super().build_optim_wrapper(config, model)
        wrapper.unused_parameters = model.module.unused_parameters
        return remember_scales(wrapper)

    def model_state_dict(self) -> dict[str, Tensor]:
        """The whole weights on the CPU, on the first process; called by all."""
        with self._whole(rank0_only=True):
            weights = self.model.state_dict()
        for name in self._scalars:
            if name in weights:
                weights[name] = weights[name].squeeze(0)
        return dict(weights_to_cpu(weights))

    def optim_state_dict(self) -> dict[str, Any]:
        """The whole state of the optimizer as without FSDP, on the first process; called by all."""
        return {**self.optim_wrapper.state_dict(), 'state': gather_state(self.optim_wrapper.optimizer, self._shards)}

    def take_weights(self, weights: dict[str, Tensor], source: str, strict: bool, fitting: bool = False) -> Loaded:
        """Load whole weights, which every process has; see :func:`prior_mm.checkpoints.model_weights.load_weights`."""
        vectors = {name: weights[name].reshape(1) for name in self._scalars if name in weights}
        with self._whole(rank0_only=False):
            return load_weights(self.model, {**weights, **vectors}, source, strict, fitting)

    def load_optim_state_dict(self, state_dict: dict) -> None:
        """Load the whole state of an optimizer, which every process has."""
        parts = cut_state(state_dict['state'], self.optim_wrapper.optimizer, self._shards)
        self.optim_wrapper.load_state_dict({**state_dict, 'state': parts})

    @contextmanager
    def _whole(self, rank0_only: bool) -> Iterator[None]:
        """Have FSDP give and take weights whole, on the first process or on all."""
        # On the CPU already, "offloaded" weights would be freed while they are read: pytorch/pytorch#188989.
        offload = rank0_only and get_device() != 'cpu'
        with FullyShardedDataParallel.state_dict_type(
                self.model, StateDictType.FULL_STATE_DICT, FullStateDictConfig(offload, rank0_only)):
            yield


def scalars_to_vectors(model: nn.Module) -> list[str]:
    """Make vectors of one number, (1,), of the parameters without a dimension, which FSDP refuses; their names."""
    scalars = {name: parameter for name, parameter in model.named_parameters() if parameter.ndim == 0}
    for parameter in scalars.values():
        parameter.data = parameter.data[None]
    return list(scalars)


def wrap_policy(model: Any) -> Callable[..., bool]:
    """FSDP's ``auto_wrap_policy``: a unit of each part that the model says can be cut off."""
    return partial(lambda_auto_wrap_policy, lambda_fn=set(model.parts_with_one_entry()).__contains__)


class _Constructor(DefaultOptimWrapperConstructor):
    """MMEngine's, which sees the names that parameters have without FSDP, as ``paramwise_cfg`` names them."""

    def add_params(self, params: list[dict], module: nn.Module, *args: Any, **kwargs: Any) -> None:
        while isinstance(module, FullyShardedDataParallel):
            module = module.module
        super().add_params(params, module, *args, **kwargs)
