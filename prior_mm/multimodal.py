"""MMPretrain with a newer transformers: what of it cannot be imported there is left out, and nothing of that is ours.

MMPretrain 1.2's multi-modal models (BLIP, OFA and others) import names from ``transformers.modeling_utils`` that moved
in 4.50 to 4.57, or are gone in 5 (``find_pruneable_heads_and_indices``). It imports them wherever pycocotools is
installed, as it is with MMDetection, so that none of its models could be imported. Where they are left out, it puts
models in their place that say what is missing.
"""
from importlib.util import find_spec

from packaging.version import Version

from .dependencies import installed_version

#: The first transformers that lacks one of the names.
FIRST_WITHOUT = Version('4.50')


def leave_multimodal_out() -> None:
    """Tell MMPretrain not to import its multi-modal models, where transformers is too new for them.

    Called as the registries are made, before any model of MMPretrain is.
    """
    transformers = installed_version('transformers')
    if transformers is None or Version(transformers[1]) < FIRST_WITHOUT or find_spec('pycocotools') is None:
        return
    from mmpretrain.utils import dependency
    dependency.WITH_MULTIMODAL = False
