"""PRIOR: prototype representation joint learning from medical images and reports, on the OpenMMLab stack."""
from .version import __version__

__all__ = ['__version__']
