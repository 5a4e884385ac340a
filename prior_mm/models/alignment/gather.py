"""Gathering embeddings from all processes."""
import torch
import torch.distributed as dist
from torch import Tensor


def gather_with_gradient(*tensors: Tensor) -> tuple[list[Tensor], int]:
    """Gather tensors from all processes in one collective; gradients flow back to the process they came from.

    Args:
        tensors: Tensors (B, D_i) of one dtype, B the same on every process.

    Returns:
        The gathered tensors, (R x B, D_i) for R processes, rank by rank; and the place of this process's row 0.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return list(tensors), 0
    from torch.distributed.nn.functional import all_gather
    together = torch.cat(all_gather(torch.cat(tensors, dim=1)))
    return list(together.split([t.shape[1] for t in tensors], dim=1)), dist.get_rank() * len(tensors[0])
