"""Mixed precision on whatever machine there is."""
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.optim import OptimWrapper

from prior_mm.registry import OPTIM_WRAPPERS

DTYPES = ('auto', 'float32', 'bfloat16', 'float16')


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """An optimizer wrapper whose forward runs under autocast; parameters stay float32.

    It works on the CPU as well, refuses a loss that is not finite before any parameter is touched, and scales the
    loss where float16 needs it.

    Args:
        dtype: ``'float32'`` (no autocast), ``'bfloat16'``, ``'float16'``, or ``'auto'``: what is fastest without a
            loss of range, see :func:`fastest_dtype`.
        **options: What :class:`mmengine.optim.OptimWrapper` takes: optimizer, accumulative_counts, clip_grad.

    Raises:
        ValueError: For another dtype, or float16 without a GPU.
    """

    def __init__(self, dtype: str = 'auto', **options) -> None:
        super().__init__(**options)
        if dtype not in DTYPES:
            raise ValueError(f'optim_wrapper.dtype must be one of {DTYPES}, got {dtype!r}')
        self.device_type = self.param_groups[0]['params'][0].device.type
        self.dtype = getattr(torch, fastest_dtype(self.device_type) if dtype == 'auto' else dtype)
        if self.dtype == torch.float16 and self.device_type == 'cpu':
            raise ValueError("optim_wrapper.dtype='float16' needs a GPU; on a CPU take 'bfloat16' or 'auto'")
        scaler = getattr(torch.amp, 'GradScaler', torch.cuda.amp.GradScaler)  # the former from torch 2.3 on
        self.scaler = scaler(enabled=self.dtype == torch.float16)

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        """Autocast, and what MMEngine does while gradients accumulate."""
        with super().optim_context(model), \
                torch.autocast(self.device_type, self.dtype, enabled=self.dtype != torch.float32):
            yield

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Backpropagate.

        Raises:
            FloatingPointError: If the loss is not finite.
        """
        if not torch.isfinite(loss):
            raise FloatingPointError(f'the loss is {loss.item()}')
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Update the parameters, unless float16 gradients overflowed."""
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def state_dict(self) -> dict:
        """State of the optimizer, and of the scaler if it is in use."""
        state = super().state_dict()
        if self.scaler.is_enabled():
            state['loss_scaler'] = self.scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore what :meth:`state_dict` gave."""
        state_dict = dict(state_dict)
        scaler = state_dict.pop('loss_scaler', None)
        if scaler and self.scaler.is_enabled():
            self.scaler.load_state_dict(scaler)
        super().load_state_dict(state_dict)


def fastest_dtype(device_type: str) -> str:
    """The dtype for autocast: bfloat16 where the hardware has it, float16 on older GPUs, else float32.

    It goes by what the hardware says of itself, not by a measurement, so that a machine always gives the same run.
    """
    if device_type == 'cuda':
        return 'bfloat16' if torch.cuda.is_bf16_supported() else 'float16'
    return 'bfloat16' if device_type == 'cpu' and _cpu_has_bfloat16() else 'float32'


def _cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies matrices in bfloat16; emulated, it would be slower than float32."""
    flags = Path('/proc/cpuinfo')
    if not flags.is_file():
        return False
    text = flags.read_text(encoding='utf-8', errors='replace')
    return any(flag in text for flag in ('avx512_bf16', 'amx_bf16'))
