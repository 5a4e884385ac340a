"""Makes ``prior_mm::prior/pretrain_mimic.py`` a config that MMEngine finds, from any folder."""
from mmengine.config import utils

_SCOPE = 'prior_mm'


def register_config_scope() -> None:
    """Add the project to the packages whose configs MMEngine reaches by scope, and whose inferencers it knows.

    MMEngine's list names its own family only. It is given the module's name, under which no distribution is installed
    (see setup.py), so that it asks Python for the folder: right for editable installations as well.
    """
    packages = getattr(utils, 'MODULE2PACKAGE', None)  # a plain dict; without it only `prior_mm::` is lost
    if packages is not None:
        packages.setdefault(_SCOPE, _SCOPE)
