"""What RSNA and SIIM need to be there, told at once."""
from collections.abc import Sequence
from pathlib import Path

from ..csv_tables import one_table
from ..layout_error import LayoutError
from .image_files import has_images
from .settings import DownstreamSettings


def find_table(settings: DownstreamSettings, given: Path | None, names: tuple[str, ...], page: str,
               patients: Path | None = None, missing: Sequence[str] = ()) -> Path:
    """The table of labels, once everything that can be missing was looked for.

    Args:
        settings: Folders to look into, and whether images are needed.
        given: The table, if the user named it.
        names: Of the table, in the data set's folder.
        page: Where the data set comes from.
        patients: A table that must be there if it was given.
        missing: What else was found to be missing, a line each.

    Raises:
        LayoutError: Lists all that is missing.
    """
    problems = [*settings.problems(), *missing]
    table = given or one_table([path for name in names if (path := settings.root / name).is_file()], '--labels')
    if table is None:
        zipped = settings.root / f'{names[0]}.zip'
        mend = f'unpack {zipped}' if zipped.is_file() else f'it comes from {page}; give --labels if it lies elsewhere'
        problems.append(f'labels: {settings.root} holds no {names[0]}: {mend}')
    elif not table.is_file():
        problems.append(f'--labels: there is no file {table}. Check the path')
    if patients is not None and not patients.is_file():
        problems.append(f'--patients: there is no file {patients}. Check the path')
    if settings.check_images and settings.image_root.is_dir() and not has_images(settings.image_root):
        problems.append(f'images: no .dcm, .png or .jpg file is in {settings.image_root} or below. They come from '
                        f'{page}; give --image-root if they lie elsewhere, or --no-images to convert the labels alone')
    if problems or table is None:
        raise LayoutError(problems)
    return table
