"""PRIOR: prototype representation joint learning from medical images and reports, on the OpenMMLab stack.

``prior_mm.load('work_dirs/prior_demo_grounded')`` gives a trained model as people use it (docs/inference.md).
"""
from typing import TYPE_CHECKING, Any

from .dependencies import check_dependencies
from .version import __version__

if TYPE_CHECKING:
    from .inference.loading import load

check_dependencies()

__all__ = ['__version__', 'load']


def __getattr__(name: str) -> Any:
    """``load`` brings the whole toolbox with it, which ``import prior_mm`` alone should not wait for."""
    if name == 'load':
        from .inference.loading import load
        return load
    raise AttributeError(f"module 'prior_mm' has no attribute {name!r}")
