"""Images of a list or a folder, batch by batch: the next is read while the model is at work, bad ones are listed."""
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import SUFFIXES

from .images import Radiograph
from .results import Failure

#: What is taken from a folder: files of these names, and those without an ending, as DICOM files often have none.
ENDINGS = (*SUFFIXES, '')
_BAR_FROM = 16  # images; what takes a moment needs no bar


class Listed(NamedTuple):
    """Images and what they are called.

    Attributes:
        names: Path of each, or its place in the list.
        images: They, or where they are.
        alone: Whether one image was given, and not a list: then a bad one is an error.
    """

    names: list[str]
    images: list[Radiograph]
    alone: bool = False


def list_images(images: Radiograph | Sequence[Radiograph]) -> Listed:
    """What was given as one image, a list of images, or a folder, whose folders count.

    Raises:
        ImageError: If a folder holds no image.
    """
    if isinstance(images, (str, PathLike)) and Path(images).is_dir():
        paths = sorted(path for path in Path(images).rglob('*') if path.is_file()
                       and path.suffix.lower() in ENDINGS and not path.name.startswith('.'))
        if not paths:
            raise ImageError(f'{images}: the folder holds no image ({", ".join(filter(None, ENDINGS))})')
        return Listed([str(path) for path in paths], list(paths))
    if isinstance(images, (list, tuple)):
        return Listed([_name(image, place) for place, image in enumerate(images)], list(images))
    return Listed([_name(images, 0)], [images], alone=True)  # type: ignore[list-item]


def only_image(image: Radiograph | Sequence[Radiograph]) -> Radiograph:
    """The image that was given, by itself or as the only one of a list or a folder.

    Raises:
        ValueError: If there are several, or none.
    """
    images = list_images(image).images
    if len(images) != 1:
        raise ValueError(f'similar takes one image, here are {len(images)}: ask for each by itself')
    return images[0]


def batches(listed: Listed, prepare: Callable[[Radiograph], np.ndarray], batch_size: int, failed: list[Failure],
            console: Console | None = None) -> Iterator[tuple[list[int], Tensor]]:
    """Prepared images in batches.

    Args:
        listed: The images.
        prepare: Makes one ready, float32 (1, H, W), and raises ImageError if it cannot.
        batch_size: Images at a time.
        failed: Those that cannot be used are added here.
        console: Where the progress bar goes; None for none.

    Yields:
        The places of a batch in the list, as two may have one name, and its images, float32 (B, 1, H, W).

    Raises:
        ImageError: If the only image given cannot be used.
    """
    def ready(image: Radiograph) -> np.ndarray | ImageError:
        try:
            return prepare(image)
        except ImageError as error:
            return error

    starts = range(0, len(listed.images), batch_size)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as readers, _bar(console, len(listed.images)) as bar:
        task = bar.add_task('reading', total=len(listed.images))
        waiting = [readers.submit(ready, image) for image in listed.images[:batch_size]]
        for start in starts:
            following = listed.images[start + batch_size:start + 2 * batch_size]
            results = [future.result() for future in waiting]
            waiting = [readers.submit(ready, image) for image in following]
            places, images = [], []
            for place, result in enumerate(results, start):
                if isinstance(result, ImageError):
                    if listed.alone:
                        raise result
                    failed.append(Failure(listed.names[place], str(result)))
                else:
                    places.append(place)
                    images.append(result)
            if images:
                yield places, torch.from_numpy(np.stack(images))
            bar.advance(task, len(results))


def _bar(console: Console | None, total: int) -> Progress:
    return Progress(TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TextColumn('images'),
                    TimeRemainingColumn(), console=console, refresh_per_second=2,
                    disable=console is None or total < _BAR_FROM, transient=True)


def _name(image: object, place: int) -> str:
    return str(image) if isinstance(image, (str, PathLike)) else str(place)
