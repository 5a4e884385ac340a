"""Writes RSNA, SIIM and CheXpert in their raw layouts, with drawn images."""
import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from prior_mm.files.whole_files import write_whole

from ..files import claim_folder
from ..lung_masks import load_lung_masks
from ..placement import soften
from .annotations import RealAnnotations, load_real_annotations
from .chexpert import plan_chexpert
from .films import Film, film_file
from .planned import PlannedDataset
from .rsna import plan_rsna
from .siim import plan_siim

#: Images of each data set by default.
IMAGES = dict(rsna=1600, siim=1600, chexpert=2000)
_SCHEMA = 'prior_mm.demo_downstream/1'
_CLOSING = 'Nothing that is measured on these data says anything about real radiographs.\n'


def write_demo_downstream(root: 'str | Path', seed: int = 0, size: int = 256, images: int | None = None,
                          workers: int | None = None, real: RealAnnotations | None = None,
                          masks: Sequence[np.ndarray] | None = None,
                          progress: Callable[[int, int], None] = lambda done, total: None,
                          datasets: Sequence[str] = tuple(IMAGES)) -> list[PlannedDataset]:
    """Write data sets; images that are there already are kept, so that it goes on where it was stopped.

    Args:
        root: Where to; a folder for each data set is made in it.
        seed: The same seed gives the same bytes, however many workers there are.
        size: Height and width of the images in pixels.
        images: Images of each data set; by default :data:`IMAGES`.
        workers: Processes; all cores by default.
        real: Boxes and masks; by default those of the label files that the package torchxrayvision carries.
        masks: Lung masks, bool (h, w); by default the real ones.
        progress: Called with the images that are done and their number.
        datasets: Which ones, of :data:`IMAGES`.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: If the annotations or masks are not there; the message says what to install.
        ValueError: If the folder holds other data, or a number makes no sense.
    """
    if size < 32 or (images is not None and images < 1):
        raise ValueError('images are at least 32 pixels wide, and there is at least one of each data set')
    if not datasets or not IMAGES.keys() >= set(datasets):
        raise ValueError(f'data sets must be some of {list(IMAGES)}, got {list(datasets)}')
    root, counts = Path(root), {name: images or IMAGES[name] for name in IMAGES if name in datasets}
    description = dict(schema=_SCHEMA, synthetic=True, seed=seed, image_size=size, images=counts)
    claim_folder(root, description)
    real, masks = real or load_real_annotations(), load_lung_masks() if masks is None else masks
    plans = dict(rsna=lambda count: plan_rsna(real.boxes, count, seed, size),
                 siim=lambda count: plan_siim(real.run_lengths, count, seed, size),
                 chexpert=lambda count: plan_chexpert(count, seed))
    planned = [plans[name](count) for name, count in counts.items()]
    films = [film for dataset in planned for film in dataset.films]
    with ProcessPoolExecutor(workers or os.cpu_count(), initializer=_set_masks, initargs=(masks, )) as pool:
        written = pool.map(_write_film, films, [root] * len(films), [size] * len(films), chunksize=16)
        for done, _ in enumerate(written, start=1):
            progress(done, len(films))
    for dataset in planned:  # the tables come last: where they are, the images are
        folder = root / dataset.name
        for name, (header, rows) in dataset.tables.items():
            write_whole(folder / name, _to_csv(header, rows))
        write_whole(folder / 'README.txt', (dataset.readme + _CLOSING).encode())
        about = dict(description, dataset=dataset.name, images=len(dataset.films))
        write_whole(folder / 'dataset.json', (json.dumps(about, indent=1) + '\n').encode())
    return planned


_masks: Sequence[np.ndarray] = ()
_outlines: Sequence[np.ndarray] = ()


def _set_masks(masks: Sequence[np.ndarray]) -> None:
    global _masks, _outlines
    _masks, _outlines = masks, [soften(mask) for mask in masks]


def _write_film(film: Film, root: Path, size: int) -> None:
    path = root / film.path
    if not path.is_file():
        write_whole(path, film_file(film, size, _masks, _outlines))


def _to_csv(header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
