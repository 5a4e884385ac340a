"""Comparing a fast path with a slow and obvious one: values, and gradients in a random direction."""
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def assert_same(fast: Callable, slow: Callable, tensors: Iterable[Tensor], tolerance: float = 1e-9) -> None:
    """Assert that two ways give the same outputs, and the same gradients with respect to the given tensors.

    Args:
        fast: Gives a tensor or several.
        slow: Likewise.
        tensors: What the gradients are taken for; what an output does not depend on has the gradient 0.
        tolerance: Relative and absolute, for numbers of the order of 1.
    """
    tensors = list(tensors)
    outputs, gradients = zip(*(_outputs_and_gradients(way, tensors) for way in (fast, slow)), strict=True)
    torch.testing.assert_close(*outputs, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(*gradients, rtol=tolerance, atol=tolerance)
    assert any(gradient.any() for gradient in gradients[1]), 'nothing depends on these tensors'


def _outputs_and_gradients(way: Callable, tensors: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    outputs = way()
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    generator = torch.Generator().manual_seed(0)
    total = sum((output * torch.randn(output.shape, generator=generator, dtype=output.dtype)).sum()
                for output in outputs)
    return outputs, list(torch.autograd.grad(total, tensors, materialize_grads=True))


def spread_out(module: nn.Module, std: float = 0.4, seed: int = 0) -> nn.Module:
    """The module in float64 and evaluation, with parameters that are far from 0: no attention is almost even."""
    generator = torch.Generator().manual_seed(seed)
    module.double().eval()
    for parameter in module.parameters():
        parameter.data.normal_(std=std, generator=generator)
    return module


def noise(*shape: int, seed: int = 0) -> Tensor:
    """Numbers from N(0, 1), float64, that gradients can be taken for."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
