"""Where CheXpert's images lie: in train/ and valid/, or in the batches, validate and test folders of 2022."""
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

#: By the first folder of an image's path, what the folder may be called.
FOLDERS = {'train': ('train', ), 'valid': ('valid', 'validate', 'val'), 'test': ('test', )}
_PATIENT = 'patient*'
_SPELLINGS = ('.JPG', '.jpeg', '.JPEG')  # of .jpg


@lru_cache(maxsize=32)
def image_folders(root: Path, kind: str) -> tuple[str, ...]:
    """Folders with the patients of ``train``, ``valid`` or ``test``, from the root; '' is the root itself.

    They lie in the root or in a folder of it; a batch holds patients itself, whose split its name may not tell.
    """
    return tuple(dict.fromkeys(_folders(root, kind)))


def _folders(root: Path, kind: str) -> Iterator[str]:
    if not root.is_dir():
        return
    inner = sorted(path for path in root.iterdir() if path.is_dir() and path.name != 'annotations')
    for base in (root, *inner):
        for name in FOLDERS[kind]:
            if (base / name).is_dir():
                yield (base / name).relative_to(root).as_posix()
    for base in (root, *inner):
        if 'batch' in base.name.lower() and next(base.glob(_PATIENT), None):
            yield base.relative_to(root).as_posix()


def find_image(root: Path, path: str) -> str:
    """Path of an image from the root: the one given, or that in the first folder that has it, as its ending is there.

    Args:
        root: The image root.
        path: From ``train/``, ``valid/`` or ``test/`` on.
    """
    kind, _, image = path.partition('/')
    spellings = _SPELLINGS if image.endswith('.jpg') else ()
    for name in (image, *(image.removesuffix('.jpg') + ending for ending in spellings)):
        for folder in image_folders(root, kind):
            if (root / folder / name).is_file():
                return str(PurePosixPath(folder) / name)
    return path
