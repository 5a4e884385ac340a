"""Image files of a data set: where they are, and how large, from their headers."""
import os
import re
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import SUFFIXES

_ID = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,127}')


def index_images(root: Path, folder: Path, without: Path) -> dict[str, str]:
    """Paths of the images below a folder, by name without ending.

    Args:
        root: What the paths are relative to; the folder is in it, or it.
        folder: Where to look, at any depth.
        without: A folder that is passed over: masks of an earlier conversion bear the names of the images.

    Raises:
        ValueError: If two images have one name, or they are of several formats.
    """
    found: dict[str, str] = {}
    endings: dict[str, str] = {}
    for path in image_paths(root, folder, (without, )):
        stem, ending = os.path.splitext(path.rpartition('/')[2])
        if found.setdefault(stem, path) != path:
            raise ValueError(f'{root}: two images are called {stem}, {found[stem]} and {path}. Remove one, or give '
                             'the folder of the images that are meant with --image-root')
        endings.setdefault(ending, path)
    if len(endings) > 1:
        raise ValueError(f'{folder}: images of several formats, such as {" and ".join(endings.values())}. Keep those '
                         'of one format there')
    return found


def image_paths(root: Path, folder: Path, without: Collection[Path] = ()) -> Iterator[str]:
    """Paths of the images below a folder, at any depth, in order.

    Args:
        root: What the paths are relative to; the folder is in it, or it.
        folder: Where to look.
        without: Folders that are passed over.
    """
    for directory, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if Path(directory, name) not in without)
        place = Path(directory).relative_to(root).as_posix()
        for file in sorted(files):
            if file.lower().endswith(SUFFIXES):
                yield file if place == '.' else f'{place}/{file}'


def is_image_id(text: str) -> bool:
    """Whether an id can be the name of a file, and of none elsewhere."""
    return bool(_ID.fullmatch(text)) and '..' not in text


def has_images(folder: Path) -> bool:
    """Whether there is any image below a folder."""
    return any(file.lower().endswith(SUFFIXES) for _, _, files in os.walk(folder, followlinks=True) for file in files)


def image_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of the image as it is read, upright, from the header: no pixel is decoded.

    Raises:
        ImageError: If it is no DICOM, PNG, JPEG or TIFF file, or its header is damaged; the message names the mend.
    """
    try:
        with path.open('rb') as file:
            is_dicom = file.read(132)[128:] == b'DICM'
        return _dicom_size(path) if is_dicom else _raster_size(path)
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ImageError(f'{path}: is no DICOM, PNG, JPEG or TIFF file ({error}). Fetch it again') from None
    except Exception as error:  # pydicom raises anything on damaged files
        raise ImageError(f'{path}: the header is damaged ({type(error).__name__}: {error}). Fetch it again') from error


def _dicom_size(path: Path) -> tuple[int, int]:
    import pydicom  # takes a quarter of a second, for nothing where no image is looked at
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # odd, but readable headers: a warning for each image drowns the rest
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=['Rows', 'Columns'])
        return int(header.Columns), int(header.Rows)


def _raster_size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        turned = 'exif' in image.info and image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return image.size[::-1] if turned else image.size
