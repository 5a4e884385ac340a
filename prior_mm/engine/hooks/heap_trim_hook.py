"""Memory that was freed, back to the system after each epoch."""
import ctypes
from typing import Any

from mmengine.hooks import Hook

from prior_mm.registry import HOOKS

_MALLOC_TRIM: Any = getattr(ctypes.CDLL(None), 'malloc_trim', None)  # of the C library of this process


@HOOKS.register_module()
class HeapTrimHook(Hook):
    """Has the C library give back what it keeps of freed memory after each epoch.

    Reports differ in length, and so do the tensors of each step: what was freed lies between what is in use, and the
    heap grows by gigabytes in an hour where large blocks come from it too (``MALLOC_MMAP_MAX_=0``, docs/speed.md). It
    takes a tenth of a second. Where the C library is not glibc, nothing happens.
    """

    priority = 'VERY_LOW'

    def after_train_epoch(self, runner: Any) -> None:
        """Give back whole free pages, also those in the midst of the heap."""
        if _MALLOC_TRIM is not None:
            _MALLOC_TRIM(0)
