"""Fused optimizers, where PyTorch has them."""
import logging
from typing import Any

import torch
from mmengine.logging import print_log
from mmengine.optim import OPTIMIZERS
from torch import nn


def fused_where_there(optimizer: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """An optimizer's config, without ``fused=True`` where PyTorch has no such kernel: on a CPU before its release 2.4.

    The steps are the same but for rounding, only slower; so it is said, and no error.

    Args:
        optimizer: With ``type`` and ``fused``, as in a config.
        device: Where the parameters are.
    """
    if not optimizer.get('fused') or 'type' not in optimizer:
        return optimizer
    parameter = nn.Parameter(torch.zeros(1, device=device))
    try:
        OPTIMIZERS.build(dict(type=optimizer['type'], params=[parameter], fused=True))
    except RuntimeError:
        print_log(f'PyTorch {torch.__version__} has no fused {optimizer["type"]} on {device.type}: it steps without, '
                  'to the same weights but for rounding', 'current', logging.WARNING)
        return {name: value for name, value in optimizer.items() if name != 'fused'}
    return optimizer
