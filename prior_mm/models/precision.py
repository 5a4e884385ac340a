"""Where autocast must not reach: similarities that a temperature multiplies by 100 are too coarse in half precision."""
import torch
from torch import Tensor


def full_precision(tensor: Tensor) -> torch.autocast:
    """A context without autocast on the device of the tensor."""
    return torch.autocast(tensor.device.type, enabled=False)


def at_least_float32(tensor: Tensor) -> Tensor:
    """The tensor in float32, or as it is if it is float64."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))
