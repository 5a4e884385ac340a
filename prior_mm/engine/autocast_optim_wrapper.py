"""Mixed precision on whatever machine there is."""
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import torch
from mmengine.optim import OptimWrapper

from prior_mm.registry import OPTIM_WRAPPERS

DTYPES = ('auto', 'float32', 'bfloat16', 'float16')


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """An optimizer wrapper whose forward runs under autocast; parameters stay float32.

    It works on the CPU as well, scales the loss where float16 needs it, and never takes a step along gradients that
    are not finite: the step is skipped and counted. What is judged are the gradients after all processes have shared
    them, so that all skip the same steps, without a word between them.

    Args:
        dtype: ``'float32'`` (no autocast), ``'bfloat16'``, ``'float16'``, or ``'auto'``: what is fastest without a
            loss of range, see :func:`fastest_dtype`.
        max_skipped: After so many skipped steps in a row the training stops; with float16, once its scale cannot go
            down any further.
        **options: What :class:`mmengine.optim.OptimWrapper` takes: optimizer, accumulative_counts, clip_grad.

    Attributes:
        skipped: Steps that were skipped so far; in checkpoints, too.
        skipped_in_row: The last of them that followed each other; 0 if the last step was taken.

    Raises:
        ValueError: For another dtype, float16 without a GPU, or ``max_skipped`` below 1.
    """

    #: Of float16's scale. PyTorch's first one, 65,536, is too large for gradients that reach 70, as the published
    #: model's do at first: it skipped 12 of 50 steps on a GPU.
    SCALE: ClassVar[dict[str, Any]] = dict(init_scale=2.**7, growth_interval=500)

    def __init__(self, dtype: str = 'auto', max_skipped: int = 10, **options) -> None:
        super().__init__(**options)
        if max_skipped < 1:
            raise ValueError(f'optim_wrapper.max_skipped must be at least 1, got {max_skipped}')
        self.max_skipped = max_skipped
        self.skipped = self.skipped_in_row = 0
        if dtype not in DTYPES:
            raise ValueError(f'optim_wrapper.dtype must be one of {DTYPES}, got {dtype!r}')
        self.device_type = self.param_groups[0]['params'][0].device.type
        self.dtype = getattr(torch, fastest_dtype(self.device_type) if dtype == 'auto' else dtype)
        if self.dtype == torch.float16 and self.device_type == 'cpu':
            raise ValueError("optim_wrapper.dtype='float16' needs a GPU; on a CPU take 'bfloat16' or 'auto'")
        scaler = getattr(torch.amp, 'GradScaler', torch.cuda.amp.GradScaler)  # the former from torch 2.3 on
        self.scaler = scaler(**self.SCALE, enabled=self.dtype == torch.float16)

    @contextmanager
    def optim_context(self, model: torch.nn.Module):
        """Autocast, and what MMEngine does while gradients accumulate."""
        # PyTorch 2.1 knows no autocast to float32 on a CPU, not even one that is off.
        autocast = nullcontext() if self.dtype == torch.float32 else torch.autocast(self.device_type, self.dtype)
        with super().optim_context(model), autocast:
            yield

    def initialize_count_status(self, model: torch.nn.Module, init_counts: int, max_counts: int) -> None:
        """Say how many of ``max_counts`` steps are done; the last of them updates, however many it closes.

        As MMEngine's, without a word: here it is called in each epoch, and checkpoints are written at updates only.
        """
        self._inner_count, self._max_counts = init_counts, max_counts
        self._remainder_counts = max_counts % self._accumulative_counts

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Backpropagate."""
        self.scaler.scale(loss).backward(**kwargs)
        self._inner_count += 1

    def step(self, **kwargs: Any) -> None:
        """Update the parameters, unless gradients are not finite.

        Raises:
            FloatingPointError: If that was so ``max_skipped`` times in a row.
        """
        self.scaler.unscale_(self.optimizer)
        finite = self._gradients_are_finite()
        if finite and self.clip_grad_kwargs:
            self._clip_grad()
        if finite or self.scaler.is_enabled():  # the scaler skips by itself, and lowers its scale
            self.scaler.step(self.optimizer, **kwargs)
            self.scaler.update()
        self.skipped += not finite
        self.skipped_in_row = 0 if finite else self.skipped_in_row + 1
        if self.skipped_in_row >= self.max_skipped and not self._scale_is_sought():
            raise FloatingPointError(f'the gradients of {self.skipped_in_row} steps in a row were not finite')

    def _gradients_are_finite(self) -> bool:
        gradients = [parameter.grad for group in self.param_groups
                     for parameter in group['params'] if parameter.grad is not None]
        return bool(torch.stack(torch._foreach_norm(gradients)).isfinite().all()) if gradients else True

    def _scale_is_sought(self) -> bool:
        """Whether float16's scale can still go down, which may be all that is wrong."""
        return self.scaler.is_enabled() and self.scaler.get_scale() > 1

    def state_dict(self) -> dict:
        """State of the optimizer, the skipped steps, and the scaler if it is in use."""
        state = super().state_dict()
        state['skipped'] = [self.skipped, self.skipped_in_row]
        if self.scaler.is_enabled():
            state['loss_scaler'] = self.scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Restore what :meth:`state_dict` gave."""
        state_dict = dict(state_dict)
        self.skipped, self.skipped_in_row = state_dict.pop('skipped', (0, 0))
        scaler = state_dict.pop('loss_scaler', None)
        if scaler and self.scaler.is_enabled():
            self.scaler.load_state_dict(scaler)
        super().load_state_dict(state_dict)


def fastest_dtype(device_type: str) -> str:
    """The dtype for autocast: bfloat16 where the hardware has it, float16 on older GPUs, else float32.

    It goes by what the hardware says of itself, not by a measurement, so that a machine always gives the same run.
    """
    if device_type == 'cuda':
        # Before compute capability 8 (T4, V100) PyTorch calls bfloat16 supported where it emulates it.
        return 'bfloat16' if torch.cuda.get_device_capability()[0] >= 8 else 'float16'
    return 'bfloat16' if device_type == 'cpu' and _cpu_has_bfloat16() else 'float32'


def _cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies matrices in bfloat16; emulated, it would be slower than float32."""
    flags = Path('/proc/cpuinfo')
    if not flags.is_file():
        return False
    text = flags.read_text(encoding='utf-8', errors='replace')
    return any(flag in text for flag in ('avx512_bf16', 'amx_bf16'))
