"""The state of an optimizer whose parameters FSDP has cut: gathered whole, and cut again.

PyTorch's own ``FSDP.optim_state_dict`` fails where some parameters of a unit have a state and others have none, as the
prototypes in the first stage; and its ``optim_state_dict_to_load`` cuts a state row by row, also where the parameter
lies in memory, and was cut, with its channels last (NVIDIA/physicsnemo#1597 tells of the same).
"""
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from mmengine.dist import all_gather_object, get_rank, get_world_size
from torch import Tensor
from torch.optim import Optimizer


class Shard(NamedTuple):
    """A process's part of a parameter, in the order in which the parameter lies in memory.

    Attributes:
        shape: Shape of the whole parameter.
        stride: Its strides.
        start: Where the part begins.
        size: How many numbers it has.
    """

    shape: torch.Size
    stride: tuple[int, ...]
    start: int
    size: int

    def cut(self, whole: Tensor) -> Tensor:
        """The part (size,) of a tensor of the parameter's shape."""
        laid_out = torch.empty_strided(self.shape, self.stride, dtype=whole.dtype).copy_(whole)
        return laid_out.as_strided((laid_out.numel(), ), (1, ))[self.start:self.start + self.size].clone()

    def join(self, part: Tensor | None, like: Tensor) -> Tensor:
        """On the first process the whole tensor, of dtype and device of ``like``; all call it, None without a part."""
        whole = like.new_zeros(self.shape.numel())
        if part is not None:
            whole[self.start:self.start + self.size] = part
        dist.reduce(whole, 0)
        return whole.as_strided(self.shape, self.stride)


def shards_of(parameters: list[Tensor], layouts: list[tuple[torch.Size, tuple[int, ...]]]) -> list[Shard]:
    """The shards of parameters that FSDP has just cut: each process's part follows that of the process before it.

    Args:
        parameters: The parts, in the same order on all processes, which all call it.
        layouts: Shape and strides of each whole parameter.
    """
    sizes = torch.tensor([parameter.numel() for parameter in parameters], device=parameters[0].device)
    gathered = [torch.empty_like(sizes) for _ in range(get_world_size())]
    dist.all_gather(gathered, sizes)
    starts = torch.stack([torch.zeros_like(sizes), *gathered])[:get_rank() + 1].sum(dim=0)
    return [Shard(*layout, start, size)
            for layout, start, size in zip(layouts, starts.tolist(), sizes.tolist(), strict=True)]


def gather_state(optimizer: Optimizer, shards: dict[Tensor, Shard]) -> dict[int, dict[str, Any]]:
    """What the optimizer remembers of each parameter, by its number, whole and on the CPU; called by all processes.

    Returns:
        As in ``optimizer.state_dict()['state']`` without FSDP; empty on other processes than the first.
    """
    parameters = _parameters(optimizer)
    parts = [optimizer.state.get(parameter, {}) for parameter in parameters]
    # A process that has no part of a parameter does not know what is remembered of it.
    known = all_gather_object([{key: ... if _is_cut(key, value) else value for key, value in part.items()}
                               for part in parts])
    state: dict[int, dict[str, Any]] = {}
    for number, parameter in enumerate(parameters):
        values = {key: value for process in known for key, value in process[number].items()}
        for key, value in values.items():
            if value is ...:
                value = shards[parameter].join(parts[number].get(key), parameter)
            values[key] = value.cpu() if isinstance(value, Tensor) else value
        if values and get_rank() == 0:
            state[number] = values
    return state


def cut_state(state: dict[int, dict[str, Any]], optimizer: Optimizer,
              shards: dict[Tensor, Shard]) -> dict[int, dict[str, Any]]:
    """What :func:`gather_state` gave, for the parts of this process."""
    parameters = _parameters(optimizer)
    return {number: {key: shards[parameters[number]].cut(value) if _is_cut(key, value) else value
                     for key, value in values.items()}
            for number, values in state.items() if shards[parameters[number]].size}


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group['params']]


def _is_cut(key: str, value: Any) -> bool:
    """Whether a value has a number for each of its parameter's; ``step`` is a tensor, too, but one for all."""
    return isinstance(value, Tensor) and key != 'step'
