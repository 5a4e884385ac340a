"""Mixed precision where each process holds a shard of each parameter and of its gradient."""
from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler

from prior_mm.registry import OPTIM_WRAPPERS

from ..autocast_optim_wrapper import AutocastOptimWrapper


@OPTIM_WRAPPERS.register_module()
class ShardedOptimWrapper(AutocastOptimWrapper):
    """:class:`AutocastOptimWrapper` under FSDP: gradients are judged, and clipped, by the norms over all shards.

    For that the processes add up one vector a step, with a number for each parameter. :class:`FSDPStrategy` takes this
    wrapper where a config names the other.

    Attributes:
        unused_parameters: Says what the present stage leaves alone. FSDP gives zeros for what was not used of a unit,
            along which AdamW would decay it; DDP gives no gradient.

    Raises:
        ValueError: If ``clip_grad`` asks for another norm than the Euclidean one.
    """

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.unused_parameters: Callable[[], Iterable[torch.nn.Parameter]] = tuple
        self.scaler = ShardedGradScaler(**self.SCALE, enabled=self.dtype == torch.float16)
        kind = self.clip_grad_kwargs.get('norm_type', 2) if self.clip_grad_kwargs else 2
        if kind != 2:
            raise ValueError(f'optim_wrapper.clip_grad.norm_type={kind} is not supported under FSDP; take 2')

    def _gradients_are_finite(self) -> bool:
        """Whether the gradients of all processes are; the answer is the same on all."""
        for parameter in self.unused_parameters():
            parameter.grad = None
        parameters = [parameter for group in self.param_groups for parameter in group['params']]
        squares = torch.stack([
            parameter.new_zeros(()) if parameter.grad is None else torch.linalg.vector_norm(parameter.grad).square()
            for parameter in parameters])
        dist.all_reduce(squares)
        self._norm = squares.sum().sqrt()
        return bool(self._norm.isfinite())

    def _clip_grad(self) -> None:
        if self.grad_name != 'grad_norm':  # by value, which every process can do by itself
            super()._clip_grad()
            return
        share = (self.clip_grad_kwargs['max_norm'] / (self._norm + 1e-6)).clamp(max=1)
        for group in self.param_groups:
            for parameter in group['params']:
                if parameter.grad is not None:
                    parameter.grad.mul_(share)
        self.message_hub.update_scalar(f'train/{self.grad_name}', float(self._norm))
