"""PRIOR: prototype representation joint learning from medical images and reports, on the OpenMMLab stack."""
from .dependencies import check_dependencies
from .version import __version__

check_dependencies()

__all__ = ['__version__']
