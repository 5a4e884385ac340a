"""One entry for all formats; what is in the file decides, not its name."""
import re
from os import PathLike
from pathlib import Path

import numpy as np

from prior_mm.datasets.errors import ImageError

from .pixel_range import PixelRange
from .raster import read_raster

#: How files of these formats are called, in folders that hold other files, too.
SUFFIXES = ('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.dcm', '.dicom')
_QUOTED = re.compile(r'\'[^\']*\'|"[^"]*"')  # decoders quote what stands in a header, a patient's name perhaps
# Without the preamble: the first element of the meta information, or of a data set that lacks this as well.
_BARE_DICOM = re.compile(rb'DICM\x02\x00|\x02\x00[\x00\x01\x02\x03\x10]\x00(?:UL|OB|UI)'
                         rb'|\x08\x00[\x00\x01\x05\x06\x08\x12\x13\x14\x16\x18]\x00(?:[A-Z]{2}|..\x00\x00)', re.S)
_SIGNATURES = {b'\xff\xd8\xff': 'JPEG', b'\x89PNG\r\n\x1a\n': 'PNG', b'II*\0': 'TIFF', b'MM\0*': 'TIFF'}


def read_radiograph(source: str | PathLike[str] | bytes, short_side: int | None = None,
                    pixel_range: PixelRange | None = None) -> np.ndarray:
    """Read a JPEG, PNG, TIFF or DICOM file as a gray image, bright where little radiation came through.

    Colours become luma, an alpha channel is dropped. DICOM: see :func:`.dicom.read_dicom`. A file that ends too early
    is refused; single flipped bits within a JPEG cannot be told from a picture.

    Args:
        source: The file, or what is in it; then the messages name no file.
        short_side: Pixels of the short side that are needed. If given, a JPEG is decoded at 1/2, 1/4 or 1/8 of its
            size as long as the short side keeps at least so many, which for a 2500 x 3000 px film and 224 px takes a
            third of the time. It does not resize to that size: :func:`.scaling.fit_short_side` does.
        pixel_range: What stands for white, where the file does not say so.

    Returns:
        uint8 or uint16, (H, W); the type's maximum stands for white.

    Raises:
        ImageError: If the file is missing, cannot be opened, is damaged, of another format, or of a size that is
            no radiograph's. The message names the file and the mend.
    """
    content = source if isinstance(source, bytes) else Path(source)
    path = 'the image' if isinstance(content, bytes) else content  # as messages have it
    try:
        head = _first_bytes(content)
    except OSError as error:
        raise ImageError(f'{path}: cannot be opened ({error.strerror or error}). Check data_root and image_prefix, '
                         'the rights of the file, and that the download is complete') from error
    if not head:
        raise ImageError(f'{path}: the file is empty. Fetch it again')
    kind = next((kind for signature, kind in _SIGNATURES.items() if head.startswith(signature)), None)
    if kind is None and not _is_dicom(head):
        raise ImageError(f'{path}: is no JPEG, PNG or DICOM file, whatever its name says. Convert it to one of these, '
                         'or fetch it again')
    try:
        if kind is None:
            from .dicom import read_dicom  # takes a quarter of a second, for nothing where all files are JPEG
            image = read_dicom(content)
        else:
            image = read_raster(content, kind, short_side)
        return image if pixel_range is None else pixel_range.scale(image, raster=kind is not None)
    except ImageError as error:
        raise ImageError(f'{path}: {error}') from error.__cause__
    except Exception as error:  # decoders raise anything on damaged files, from SyntaxError to zlib.error
        reason = _QUOTED.sub("'...'", str(error))
        raise ImageError(f'{path}: the file is damaged or cut short ({type(error).__name__}: {reason}). '
                         'Fetch it again') from None


def _first_bytes(content: Path | bytes) -> bytes:
    if isinstance(content, bytes):
        return content[:132]
    with content.open('rb') as file:
        return file.read(132)


def _is_dicom(head: bytes) -> bool:
    """Whether the first 132 bytes are those of a DICOM file, with its preamble or without."""
    return head[128:] == b'DICM' or _BARE_DICOM.match(head) is not None
