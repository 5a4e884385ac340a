"""Gathering embeddings from all processes."""
import torch
import torch.distributed as dist
from torch import Tensor


def gather_with_gradient(rows: Tensor, counts: list[int]) -> Tensor:
    """Gather rows from all processes in one collective; gradients flow back, in one more, to where a row came from.

    Args:
        rows: The rows of this process, (B, D).
        counts: The number of rows of each process; they may differ.

    Returns:
        All rows, rank by rank, (sum of ``counts``, D).
    """
    longest = max(counts)
    gathered = _Gather.apply(torch.nn.functional.pad(rows, (0, 0, 0, longest - len(rows))))
    if min(counts) == longest:
        return gathered
    return torch.cat([share[:count] for share, count in zip(gathered.split(longest), counts, strict=True)])


class _Gather(torch.autograd.Function):
    """Rows (B, D) of each of R processes to (R x B, D); the gradients of all processes add up.

    PyTorch's own, ``torch.distributed.nn.functional.all_gather``, takes R collectives to go back without NCCL.
    """

    @staticmethod
    def forward(ctx, rows: Tensor) -> Tensor:
        ctx.rows = len(rows)
        gathered = rows.new_empty(dist.get_world_size() * len(rows), *rows.shape[1:])
        dist.all_gather(list(gathered.split(len(rows))), rows.contiguous())
        return gathered

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        if dist.get_backend() == 'nccl':
            own = gradient.new_empty(ctx.rows, *gradient.shape[1:])
            dist.reduce_scatter_tensor(own, gradient.contiguous())
            return own
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient.split(ctx.rows)[dist.get_rank()]
