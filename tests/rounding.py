"""How far rounding alone may carry a number that float32 has to compute, whatever the machine.

A test that can compute in float64 should, and compare at 1e-9: then no machine matters, and no fault hides in the
tolerance. This is for what must be float32: a tool's own run, autocast, another library's numbers.
"""
import torch


def rounding(terms: int, condition: float = 1., dtype: torch.dtype = torch.float32) -> float:
    """The difference that two orders of summation may make, relative to the largest number.

    A sum of n numbers, each rounded by u = eps / 2 at most, is off by u sqrt(n), for the roundings point in either
    direction (Higham and Mary 2019; n u at worst, which is never seen). Two such sums differ by sqrt(2) of it, and the
    worst of a million numbers lies at 5 standard deviations: 7 u sqrt(n), here 4 eps sqrt(n).

    Args:
        terms: Numbers that are summed up. Of layers that follow each other, those of all of them together.
        condition: How much faster the result changes than what is rounded: 100 for logits of a temperature of 0.01.
        dtype: What is computed in.
    """
    return 4 * torch.finfo(dtype).eps * terms**0.5 * condition
