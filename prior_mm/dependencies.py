"""Are the packages that the project stands on there, and fit? One line says what is needed and what is there.

Read from the packages' metadata, nothing is imported, so that it costs milliseconds and comes before the much
longer error of a package that was imported with the wrong version of another.
"""
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import NamedTuple

from packaging.specifiers import SpecifierSet


class Dependency(NamedTuple):
    """A package and the versions that serve.

    Attributes:
        versions: What pip calls a specifier, ``'>=2.1,<2.15'``.
        alternatives: Other distributions that bring the same package. The same versions hold for them, but for the
            ``onedl`` family, which numbers its releases in its own way and is taken as it is.
    """

    versions: str
    alternatives: tuple[str, ...] = ()


#: Needed for everything; the same bounds stand in requirements/ (tests/test_packaging.py compares them).
NEEDED = {
    'torch': Dependency('>=2.1,<2.15'),
    'mmengine': Dependency('>=0.10.0,<1.0.0', ('onedl-mmengine', )),
    'mmcv': Dependency('>=2.0.0,<2.2.0', ('mmcv-lite', 'onedl-mmcv')),
    'mmpretrain': Dependency('>=1.2.0,<1.3.0', ('onedl-mmpretrain', )),
    'transformers': Dependency('>=4.28,<5.25'),
}
#: Needed beside those for detection and segmentation, together with mmcv's compiled operators.
DETECTION = {'mmdet': Dependency('>=3.3.0,<3.4.0', ('onedl-mmdetection', ))}
SEGMENTATION = {'mmsegmentation': Dependency('>=1.2.2,<1.3.0', ('onedl-mmsegmentation', ))}


def installed_version(name: str, alternatives: Iterable[str] = ()) -> tuple[str, str] | None:
    """The distribution that is there under a name or one of its alternatives, with its version; None if none is."""
    for candidate in (name, *alternatives):
        try:
            return candidate, version(candidate)
        except PackageNotFoundError:
            continue
    return None


def unfit(dependencies: dict[str, Dependency]) -> list[str]:
    """One phrase for each dependency that is missing or has an unfit version; empty if all are fit."""
    phrases = []
    for name, (versions, alternatives) in dependencies.items():
        found = installed_version(name, alternatives)
        if found is None:
            others = f' (or {", ".join(alternatives)})' if alternatives else ''
            phrases.append(f'{name}{versions}{others} is needed and not installed')
        elif not found[0].startswith('onedl-') and not SpecifierSet(versions, prereleases=True).contains(found[1]):
            phrases.append(f'{name}{versions} is needed and {found[0]} {found[1]} is installed')
    return phrases


def unfit_numpy() -> list[str]:
    """One phrase if NumPy is too new for PyTorch, which then has no arrays at all and does not ask for another."""
    torch, numpy = installed_version('torch'), installed_version('numpy')
    if torch and numpy and torch[1] in SpecifierSet('<2.3') and numpy[1] in SpecifierSet('>=2'):
        return [f'torch {torch[1]} was compiled for NumPy 1 and numpy {numpy[1]} is installed: numpy<2 is needed, and '
                "pyarrow<26 with it (`pip install 'numpy<2' 'pyarrow<26'`), or torch>=2.3"]
    return []


def check_dependencies(dependencies: dict[str, Dependency] | None = None) -> None:
    """Check versions; called as ``prior_mm`` is imported.

    Args:
        dependencies: What to check; :data:`NEEDED` if None.

    Raises:
        ImportError: In one line, if a package is missing or has a version that does not serve.
    """
    if phrases := unfit(NEEDED) + unfit_numpy() if dependencies is None else unfit(dependencies):
        raise ImportError('prior_mm: ' + '; '.join(phrases) + ' (`make setup` installs versions that fit)')


def has_compiled_mmcv() -> bool:
    """Whether mmcv has its compiled operators; ``mmcv-lite`` has not."""
    return find_spec('mmcv') is not None and find_spec('mmcv._ext') is not None


def check_compiled_mmcv(task: str) -> None:
    """Check what detection and segmentation need beyond the rest.

    Args:
        task: ``'detection'`` or ``'segmentation'``; it stands in the message.

    Raises:
        ImportError: In one line, if mmcv's operators or the toolbox of the task are missing or unfit.
        ValueError: If there is no such task.
    """
    toolboxes = {'detection': DETECTION, 'segmentation': SEGMENTATION}
    if task not in toolboxes:
        raise ValueError(f"task must be 'detection' or 'segmentation', got '{task}'")
    if not has_compiled_mmcv():
        found = installed_version('mmcv', NEEDED['mmcv'].alternatives)
        there = f'{found[0]} {found[1]} without them is installed' if found else 'no mmcv is installed'
        raise ImportError(f'prior_mm: {task} needs mmcv{NEEDED["mmcv"].versions} with its compiled operators, and '
                          f'{there} (`make setup` builds it)')
    check_dependencies(toolboxes[task])


def check_toolboxes_of(message: str) -> None:
    """Say what is needed, where an error says only that a toolbox is not there.

    Args:
        message: Of the error; a config that takes one of MMDetection's as its base gives ``mmdet is not installed``.

    Raises:
        ImportError: As :func:`check_compiled_mmcv`, if the message names a toolbox that is missing.
    """
    for package, task in (('mmdet', 'detection'), ('mmseg', 'segmentation')):
        if f'{package} is not installed' in message:
            check_compiled_mmcv(task)
