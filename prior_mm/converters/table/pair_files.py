"""Files that are called as a table's images, such as masks: each is of one image, by its name and its folders."""
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from prior_mm.datasets.images import SUFFIXES

_Parts = tuple[str, ...]


def pair_files(images: Collection[str], files: Iterable[str], others: Iterable[str], where: Path) -> dict[str, str]:
    """The file of each image that has one.

    The folders of the one or the other may go on above the other's, and a bare name may lie anywhere; a file of the
    same name in another folder is of another image. A file with the very folders of an image is that one's alone.

    Args:
        images: Names, with or without folders and ending, that files are wanted for.
        files: Names or paths, whatever the ending.
        others: What else the table names, such as lateral views: their files are theirs.
        where: The folder or file that names the files, for messages.

    Raises:
        ValueError: If a file may be of two images, or two files are of one.
    """
    whole: dict[_Parts, list[str]] = {}
    ends: dict[_Parts, list[str]] = {}
    for image in dict.fromkeys([*images, *others]):
        parts = _parts(image)
        whole.setdefault(parts, []).append(image)
        for count in range(1, len(parts)):
            ends.setdefault(parts[:count], []).append(image)
    found: dict[str, str] = {}
    for file in files:
        parts = _parts(file)
        fitting = whole.get(parts) or [*ends.get(parts, ()), *(
            image for count in range(1, len(parts)) for image in whole.get(parts[:count], ()))]
        wanted = next((image for image in fitting if image in images), None)
        if wanted is None:
            continue
        if len(fitting) > 1:
            raise ValueError(f'{where}: {file} may be of {fitting[0]} or of {fitting[1]}. Give it the folders of the '
                             'image that is meant')
        if wanted in found:
            raise ValueError(f'{where}: {found[wanted]} and {file} may both be of {wanted}. Keep one, or give each the '
                             'folders of its image')
        found[wanted] = file
    return found


def _parts(name: str) -> _Parts:
    """The name without ending, and its folders from the innermost."""
    *folders, file = [part for part in PurePosixPath(name.replace('\\', '/')).parts if part not in ('/', '..')] or ['']
    while file.lower().endswith(SUFFIXES):
        file = file.rpartition('.')[0]
    return file, *reversed(folders)
