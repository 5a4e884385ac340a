"""The files of images that a table names: by their paths, or by their names with or without ending, at any depth."""
from collections.abc import Iterable
from os.path import commonprefix
from pathlib import Path, PurePosixPath

from ..downstream.image_files import image_paths
from ..downstream.settings import DownstreamSettings
from ..layout_error import LayoutError


def find_images(names: Iterable[str], settings: DownstreamSettings, table: Path,
                without: Iterable[Path] = (), others: Iterable[str] = ()) -> dict[str, str]:
    """Paths from the image root, by what the table has; '' for images that are not there.

    A name with folders is that of a file in these folders: the image root may have moved, up or down, but a file of the
    same name elsewhere is another image.

    Args:
        names: Paths, or names of files with or without ending.
        settings: Folders, and whether images are looked for; if not, the table's names are taken for paths.
        table: For messages.
        without: Folders that hold other images, such as masks.
        others: What else the table names, such as lateral views: their files are theirs.

    Raises:
        LayoutError: If none of them is there.
        ValueError: If a name stands for several files or for that of another name, or a small copy or a mask of one
            would replace that of another.
    """
    names = list(names)
    if not settings.check_images:
        return {name: str(PurePosixPath(name.replace('\\', '/'))) for name in names}
    root = settings.image_root
    copies = [path for path in settings.output.glob('resized_*') if path.is_dir()]
    by_name: dict[str, list[str]] = {}
    paths = set(image_paths(root, root, {settings.output / 'masks', *copies, *without}))
    for path in sorted(paths):
        file = path.rpartition('/')[2]
        for key in {file, file.rpartition('.')[0]}:
            by_name.setdefault(key, []).append(path)
    found = {name: _find(name, root, paths, by_name) for name in names}
    if not any(found.values()):
        raise LayoutError([f'images: none of {len(names):,} that {table} names is in {root} or below, such as '
                           f'{names[0]}; folders count, too. Give --image-root, or --no-images to convert the table '
                           'alone'])
    owners: dict[str, str] = {}
    for name, path in found.items():
        if path and (other := owners.setdefault(path.rpartition('.')[0], name)) != name:
            raise ValueError(f'{table} names {other} and {name}, which are one file, {path}, or differ in the ending '
                             'alone: their copies would bear one name. Rename or remove one')
    taken = {path: name for name, path in found.items() if path}
    for other in others:
        path, *more = _fitting(other, root, paths, by_name) or ['']
        if path in taken and not more and other not in found:
            raise ValueError(f'{table} names {taken[path]} and {other}, which are one file, {path}. Write paths into '
                             'the table, or remove one')
    return found


def _find(name: str, root: Path, paths: set[str], by_name: dict[str, list[str]]) -> str:
    fitting = _fitting(name, root, paths, by_name)
    if len(fitting) > 1:
        raise ValueError(f'{name} may be {fitting[0]} or {fitting[1]}, both in {root}. Give the folder that is meant '
                         'with --image-root, or write paths into the table')
    return fitting[0] if fitting else ''


def _fitting(name: str, root: Path, paths: set[str], by_name: dict[str, list[str]]) -> list[str]:
    path = Path(name.replace('\\', '/'))
    wanted = str(path.relative_to(root.absolute()) if path.is_relative_to(root.absolute()) else path)
    if wanted in paths:
        return [wanted]
    fitting = by_name.get(path.name, [])
    return [found for found in fitting if _agree(path, found, root)] if len(path.parts) > 1 else fitting


def _agree(path: Path, found: str, root: Path) -> bool:
    """Whether a path with folders is that of a file: all folders of the one or the other agree, and one at least."""
    file = Path(found) if Path(found).name == path.name else Path(found).with_suffix('')
    named = tuple(part for part in path.parts if part not in ('/', '..'))
    alike = len(commonprefix([named[::-1], (root.absolute() / file).parts[::-1]]))
    return alike >= min(len(named), max(len(file.parts), 2))
