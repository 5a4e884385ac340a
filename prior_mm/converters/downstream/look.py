"""Looking at the image files of a data set on all cores, each once: is it one, how large, and a small copy if asked."""
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import PixelRange

from ..conversion_run import available_cores, start_worker
from ..measured_range import SAMPLE, measure_range
from ..resized_copies import resized_path, write_resized
from .image_files import image_size
from .settings import DownstreamSettings
from .tally import Dropped
from .written_files import progress_bar

_CHUNK = 16


class Size(NamedTuple):
    """Width and height in pixels."""
    width: int
    height: int


@dataclass(frozen=True)
class LookedAt:
    """What was seen of the images of a data set.

    Attributes:
        paths: Of those that can be used, relative to :attr:`.DownstreamSettings.data_root`, by id.
        sizes: Of these files, by id; nothing where images were not looked at.
        original_sizes: Of the files that they were made of.
        faults: Why others cannot be used, with an example for the summary.
    """
    paths: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    original_sizes: dict[str, Size] = field(default_factory=dict)
    faults: dict[str, tuple[Dropped, str]] = field(default_factory=dict)


def look_at_files(paths: Mapping[str, str], settings: DownstreamSettings, console: Console) -> LookedAt:
    """Read the header of each image, or write its small copy; copies that are there from a stopped run are kept.

    Args:
        paths: By id, relative to the image root; '' for those that were not found.
        settings: Folders, whether images are looked for, size and gray values of the copies, and processes.
        console: For the progress bar.

    Raises:
        RuntimeError: If a worker was killed.
        OSError: If a copy cannot be written.
    """
    seen = LookedAt(faults={image: (Dropped.MISSING, image) for image, path in paths.items() if not path})
    there = {image: path for image, path in paths.items() if path}
    if not settings.check_images:
        seen.paths.update(there)
        return seen
    look = partial(_look, settings.image_root, settings.output, settings.short_side, settings.pixel_range)
    with progress_bar(console, 'images') as progress:
        name = 'looking at images' if settings.short_side is None else 'resizing images'
        found = progress.track(_all(look, there.values(), settings.workers), total=len(there), description=name)
        for (image, path), (copy, size, original, fault) in zip(there.items(), found, strict=True):
            if size is None or original is None:
                seen.faults[image] = (Dropped.UNREADABLE, fault) if fault else (Dropped.MISSING, path)
            else:
                seen.paths[image], seen.sizes[image], seen.original_sizes[image] = copy, size, original
    return seen


def print_range(images: Sequence[tuple[str, str]], settings: DownstreamSettings, console: Console) -> None:
    """Print what the gray values of some images are, and the mend where they leave most of the scale unused.

    Args:
        images: Path from the image root and view of each; some are read, from all over the data set.
        settings: Folders, whether images are looked at, and how they will be read.
        console: Where to.
    """
    if not settings.check_images:
        return
    some = ((settings.image_root / path, view) for path, view in images[::max(1, len(images) // SAMPLE)])
    for line in measure_range(some, settings.pixel_range):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


_Seen = tuple[str, Size | None, Size | None, str]


def _look(root: Path, output: Path, short_side: int | None, pixel_range: PixelRange | None, path: str) -> _Seen:
    try:
        if not (root / path).stat().st_size:
            return path, None, None, ''
        original = Size(*image_size(root / path))
        if short_side is None:
            return path, original, original, ''
        copy = resized_path(path, short_side, pixel_range)
        write_resized(root / path, output / copy, short_side, pixel_range)
        return copy, Size(*image_size(output / copy)), original, ''
    except ImageError as error:
        return path, None, None, str(error)
    except FileNotFoundError:
        return path, None, None, ''


def _all(look: 'partial[_Seen]', paths: Iterable[str], workers: int | None) -> Iterator[_Seen]:
    paths, count = list(paths), workers or available_cores()
    if count == 1 or len(paths) <= _CHUNK:
        yield from map(look, paths)
        return
    executor = ProcessPoolExecutor(count, initializer=start_worker)
    try:
        yield from executor.map(look, paths, chunksize=_CHUNK)
    except BrokenProcessPool:
        raise RuntimeError('A worker was killed, perhaps for lack of memory. Copies that are done are kept: run it '
                           'again, with fewer --workers') from None
    finally:
        executor.shutdown(cancel_futures=True)
