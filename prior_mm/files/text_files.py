"""Text files as people save them: UTF-8, or what Windows calls Unicode, by their byte order mark; gzipped or not."""
import codecs
import gzip
from pathlib import Path
from typing import IO, TextIO, cast

#: Byte order marks of wide encodings; that of UTF-32 begins as that of UTF-16.
WIDE = {codecs.BOM_UTF32_LE: 'utf-32', codecs.BOM_UTF32_BE: 'utf-32', codecs.BOM_UTF16_LE: 'utf-16',
        codecs.BOM_UTF16_BE: 'utf-16'}
_BEGINNING = 64  # bytes that tell an encoding


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """Open a text file: UTF-8 with or without a byte order mark, UTF-16 or UTF-32 with one; gzipped whatever its name.

    Args:
        path: The file.
        newline: As of ``open``.

    Raises:
        OSError: If it cannot be opened.
        EOFError, zlib.error: If it is gzipped and damaged at its beginning.
        UnicodeError: If it is UTF-16 without a mark; what is no text otherwise shows when it is read.
    """
    with path.open('rb') as raw:
        zipped = raw.read(2) == b'\x1f\x8b'
    opened = gzip.open if zipped else open
    with cast(IO[bytes], opened(path, 'rb')) as file:
        encoding = encoding_of(file.read(_BEGINNING))
    return cast(TextIO, opened(path, 'rt', encoding=encoding, newline=newline))


def encoding_of(beginning: bytes) -> str:
    """The encoding that a text begins as.

    Raises:
        UnicodeError: If it looks like UTF-16 without a mark; the message names it.
    """
    for mark, encoding in WIDE.items():
        if beginning.startswith(mark):
            return encoding
    for order, upper in (('little endian', beginning[1::2]), ('big endian', beginning[::2])):
        if beginning.count(0) == len(upper) > 1 and not any(upper):
            raise UnicodeError(f'it looks like UTF-16, {order}, without a byte order mark')
    return 'utf-8-sig'


def no_text(error: UnicodeError) -> str:
    """In words, why a file could not be read as text, and the mend."""
    meant = error.encoding[:6].rstrip('-').upper() if isinstance(error, UnicodeDecodeError) else 'UTF-8'
    return f'not {meant} text ({error}). Fetch it again, or save it as UTF-8'
