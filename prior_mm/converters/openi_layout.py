"""Where the parts of the Open-i collection lie, and what is missing, before any work is done."""
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from .layout_error import LayoutError
from .openi import find_openi_archive

_PAGE = 'openi.nlm.nih.gov/faq'
_IMAGE_FOLDERS = ('', 'NLMCXR_png', 'images')
_SUFFIXES = ('.png', '.jpg')


@dataclass(frozen=True)
class OpenILayout:
    """Files and folders of the Open-i collection.

    Attributes:
        reports: Folder of the ``*.xml`` files, or the archive of them.
        image_root: What image paths count from.
        image_folder: Folder of the images, from there; '' if they lie right in it.
        suffix: Ending of the image files.
        views: Table with imageid and View Position, or ``None``.
        split: Table with study_id and split, or ``None``.
    """
    reports: Path
    image_root: Path
    image_folder: str = ''
    suffix: str = '.png'
    views: Path | None = None
    split: Path | None = None

    def image(self, image_id: str) -> str:
        """Path of an image, from the image root."""
        return str(PurePosixPath(self.image_folder) / f'{image_id}{self.suffix}')


def find_openi_layout(root: Path, image_root: Path | None = None, reports: Path | None = None,
                      views: Path | None = None, split: Path | None = None,
                      check_images: bool = True) -> OpenILayout:
    """Find the parts of the collection below a folder.

    Args:
        root: Where everything is looked for that is not given: reports in ``ecgen-radiology/`` or
            ``NLMCXR_reports.tgz``, images in the folder itself, ``NLMCXR_png/`` or ``images/``.
        image_root: See :class:`OpenILayout`.
        reports: See :class:`OpenILayout`.
        views: See :class:`OpenILayout`; it is not looked for.
        split: See :class:`OpenILayout`; it is not looked for.
        check_images: Whether there must be images.

    Raises:
        LayoutError: If something is missing that is needed, or was given.
    """
    given = dict(image_root=image_root, reports=reports, views=views, split=split)
    problems = [f'{name}: there is no {path}. Check the path' for name, path in given.items()
                if path is not None and not path.exists()]
    if not root.is_dir():
        raise LayoutError([*problems, f'the folder {root} does not exist. Give the folder that holds ecgen-radiology/ '
                                      'and the images'])
    reports = reports or _reports(root)
    if reports is None:
        problems.append(f'reports: {root} holds neither ecgen-radiology/ with *.xml files nor NLMCXR_reports.tgz. They '
                        f'come from {_PAGE}; or give --reports{_packaged_reports()}')
    images = image_root or root
    folder, suffix = _images(images)
    if check_images and images.is_dir() and folder is None:
        archive = next(iter(sorted(images.glob('*png*.tgz'))), None)
        mend = f'unpack {archive}' if archive else f'NLMCXR_png.tgz comes from {_PAGE}: unpack it there'
        problems.append(f'images: there is no CXR1_1_IM-0001-3001.png or the like in {images}, nor in its NLMCXR_png/: '
                        f'{mend}, or give --image-root; reports alone are converted with --no-images')
    if problems or reports is None:
        raise LayoutError(problems)
    return OpenILayout(reports, images, folder or '', suffix, views, split)


def check_some_images(layout: OpenILayout, image_ids: list[str]) -> None:
    """Make sure that at least one of some images is there.

    Raises:
        LayoutError: If none is.
    """
    if image_ids and not any((layout.image_root / layout.image(image_id)).is_file() for image_id in image_ids):
        raise LayoutError([f'images: none of {len(image_ids)} that {layout.reports} names is there, such as '
                           f'{layout.image_root / layout.image(image_ids[0])}. Is --image-root the folder that holds '
                           'them?'])


def _reports(root: Path) -> Path | None:
    for folder in (root / 'ecgen-radiology', root / 'NLMCXR_reports' / 'ecgen-radiology', root):
        if next(folder.glob('*.xml'), None):
            return folder
    return next(iter(sorted(root.glob('NLMCXR_reports*.t*gz'))), None)


def _images(root: Path) -> tuple[str | None, str]:
    for folder in _IMAGE_FOLDERS:
        for suffix in _SUFFIXES:
            if next((root / folder).glob(f'CXR*{suffix}'), None):
                return folder, suffix
    return None, _SUFFIXES[0]


def _packaged_reports() -> str:
    try:
        return f': this environment has them in {find_openi_archive()}'
    except FileNotFoundError:
        return ', such as the archive that the package torchxrayvision carries'
