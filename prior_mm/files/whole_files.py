"""Files that are whole or not there: written under another name first, and judged by their check sums when read."""
import logging
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mmengine.logging import print_log

#: Ending of a file that is being written; what is left of one after a crash is of no use.
PARTIAL = '.part'


@contextmanager
def whole_file(path: 'str | Path', mode: str = 'wb', sync: bool = False, **options: Any) -> Iterator[IO]:
    """Open a file that is written whole or not at all: to a temporary name, renamed once all is written.

    Args:
        path: The file; its folder is made, a file of that name is replaced.
        mode: ``'wb'`` or ``'w'``.
        sync: Whether it must outlive a power cut, as a checkpoint must; it costs milliseconds.
        **options: What ``open`` takes: encoding, errors, newline.

    Raises:
        OSError: If it cannot be written (a full disk, say); what stood there before is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + PARTIAL)  # ids have dots in them, so no with_suffix
    try:
        with temporary.open(mode, **options) as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        # torch.save on a full disk may complain of the place that its own last words came to, on top of the cause.
        if isinstance(error, RuntimeError) and isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise
    if sync:
        _sync_folder(path.parent)


def write_whole(path: 'str | Path', content: bytes, sync: bool = False) -> None:
    """Write bytes whole or not at all; see :func:`whole_file`."""
    with whole_file(path, sync=sync) as file:
        file.write(content)


def _sync_folder(folder: Path) -> None:
    """Make a new name outlive a power cut, where the system can."""
    if os.name != 'posix':
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def damage(path: 'str | Path') -> str | None:
    """What is wrong with the bytes of a .pth file, by the check sums of its parts, which PyTorch does not look at."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = archive.testzip()
            if part is None and min(entry.header_offset for entry in archive.filelist) > 0:
                return 'it does not begin as one'  # which zipfile would forgive, and PyTorch does not
    except Exception as error:  # damaged bytes make the reader fail in many ways
        return str(error) or type(error).__name__
    return None if part is None else f'the check sum of {part} is wrong'


def first_whole(paths: Iterable[Path]) -> Path | None:
    """The first .pth file that is not damaged, with a warning that names those before it; None if there is no file.

    Raises:
        ValueError: If all are damaged.
    """
    damaged: list[str] = []
    for path in paths:
        problem = damage(path)
        if problem is None:
            if damaged:
                print_log(f'passed over, for it is damaged: {"; ".join(damaged)}. Taken instead: {path}', 'current',
                          logging.WARNING)
            return path
        damaged.append(f'{path} ({problem})')
    if damaged:
        raise ValueError(f'all checkpoints are damaged: {"; ".join(damaged)}. To train from the beginning, leave out '
                         '--resume')
    return None
