"""Files that are broken, odd or hostile, for the tests of what becomes of any input; and eyes that may not read all."""
import io
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from fuzz_targets import dicom_file
from PIL import Image
from pydicom.uid import JPEGLosslessSV1

SIDE = 48
PATIENT = 'Zyxwvut^Quincy'
_NOISE = np.random.default_rng(0).integers(0, 256, (6, 6), dtype=np.uint8)
GRAY = np.asarray(Image.fromarray(_NOISE).resize((SIDE, SIDE)))


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bomb(side: int = 20000) -> bytes:
    """A whole PNG of one bit a pixel: 50 kB that unpack to 400 million pixels."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    pack = zlib.compressobj(9)
    rows = b''.join(pack.compress(bytes(1 + side // 8)) for _ in range(side)) + pack.flush()
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0))
            + chunk(b'IDAT', rows) + chunk(b'IEND', b''))


def not_finite() -> bytes:
    pixels = np.ones((SIDE, SIDE), np.float32)
    pixels[3, 4] = np.nan
    return dicom_file(pixels, PatientName=PATIENT)


#: By name: the file's bytes (``None`` for no file), and whether it is an image that can be read.
IMAGES: dict[str, tuple[Callable[[], bytes | None], bool]] = {
    'missing': (lambda: None, False),
    'empty': (lambda: b'', False),
    'truncated': (lambda: saved(Image.fromarray(GRAY), 'JPEG', quality=95)[:-400], False),
    'not an image': (lambda: b'<html>403 Forbidden</html>', False),
    'wrong extension (a PNG)': (lambda: saved(Image.fromarray(GRAY), 'PNG'), True),
    '1 x 1 px': (lambda: saved(Image.fromarray(GRAY[:1, :1]), 'PNG'), False),
    '20000 x 20000 px in 50 kB': (bomb, False),
    '16 bits': (lambda: saved(Image.fromarray(GRAY.astype(np.uint16) * 257), 'PNG'), True),
    'CMYK': (lambda: saved(Image.fromarray(GRAY).convert('RGB').convert('CMYK'), 'JPEG'), True),
    'alpha channel': (lambda: saved(Image.fromarray(GRAY).convert('RGBA'), 'PNG'), True),
    'DICOM': (lambda: dicom_file(GRAY, PatientName=PATIENT), True),
    'NaN in a DICOM': (not_finite, False),
    'compressed DICOM, no decoder': (
        lambda: dicom_file(GRAY, JPEGLosslessSV1, b'\xff\xd8\xff\xc3' + bytes(99), PatientName=PATIENT), False),
    'truncated DICOM': (lambda: dicom_file(GRAY, PatientName=PATIENT)[:-1000], False),
}
NO_RIGHTS = 'unreadable permissions'


class CannotDropRights(Exception):
    """This user reads every file, and may not become another one."""


@contextmanager
def without_rights(*paths: Path) -> Iterator[None]:
    """Within, this process may not read these files; root becomes nobody for the while.

    The folders above them must let everybody in, as :func:`folder_for_all` does.

    Raises:
        CannotDropRights: If that cannot be done here.
    """
    modes, user = {path: path.stat().st_mode for path in paths}, os.geteuid()
    try:
        for path in paths:
            path.chmod(0)
        if user == 0:
            try:
                os.seteuid(65534)
            except OSError:
                raise CannotDropRights from None
        if any(os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids) for path in paths):
            raise CannotDropRights
        yield
    finally:
        if user == 0:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def folder_for_all() -> Iterator[Path]:
    """A folder that everybody may use; pytest's are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def open_to_all(folder: Path) -> None:
    """Let everybody use what is below a folder."""
    for path in [folder, *folder.rglob('*')]:
        path.chmod(0o777 if path.is_dir() else 0o666)
