"""What all supervised data sets have in common: a share of the labels, and visits that can be repeated."""
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import torch

from prior_mm.datasets.errors import AnnotationError, StudyError
from prior_mm.datasets.images import PixelRange, read_pixel_range
from prior_mm.datasets.visit import Visit
from prior_mm.files.text_files import no_text, open_text

_NAMED = 3  # so many ids stand in a message


class LabelShare:
    """Mixed in before a data set of MMEngine's kind: ``class RSNA(LabelShare, BaseDataset)``.

    The entries are cut down to those of a list of ids. A sample is read the same for the same :class:`Visit`, whatever
    generator its transforms draw from; for a bare index nothing is seeded. A sample that comes to nothing is an error:
    MMEngine would take another one at random, in silence. ``pixel_range`` of the annotation file's
    ``metainfo`` (or ``info``) reaches the pipeline, where ``LoadRadiographFile`` obeys it.

    Args:
        *args: What the data set takes.
        ids: A list file, an image id a line; a relative path counts from ``data_root``. None keeps all entries.
        **options: What the data set takes.

    Raises:
        AnnotationError: If the list is missing or empty, or names images that the annotation file lacks; or if its
            ``pixel_range`` is none.
    """

    data_list: list[dict]
    _metainfo: dict[str, Any]
    _pixel_range: PixelRange | None = None

    def __init__(self, *args: Any, ids: str | None = None, **options: Any) -> None:
        self.ids = ids  # before the entries are loaded, which the parent's constructor does
        super().__init__(*args, **options)

    def filter_data(self) -> list[dict]:
        """The entries of the listed images only, and of these what the parent keeps."""
        ann_file = getattr(self, 'ann_file', 'the annotation file')
        if self.ids is not None:
            path = Path(getattr(self, 'data_root', None) or '', self.ids)
            self.data_list = keep_listed(self.data_list, read_ids(path), path, ann_file)
        entries = super().filter_data()  # type: ignore[misc]
        if not entries:
            raise AnnotationError(f'{ann_file} holds no image that can be used')
        self._pixel_range = read_pixel_range(self._metainfo)
        return entries

    def get_data_info(self, idx: int) -> dict:
        """The annotation of one image, and how its file is to be read where that is not in it."""
        entry = super().get_data_info(idx)  # type: ignore[misc]  # loads the entries, if that was put off
        return entry if self._pixel_range is None else dict(entry, pixel_range=self._pixel_range)

    def prepare_data(self, idx: 'Visit | int') -> Any:
        """One sample through the pipeline.

        Raises:
            StudyError: If a transform gives nothing; the message names the image.
        """
        visit = idx if isinstance(idx, Visit) else None
        index = int(visit.index if visit else idx)  # type: ignore[arg-type]
        if visit is None:
            data = super().prepare_data(index)  # type: ignore[misc]
        else:
            with seeded(visit):
                data = super().prepare_data(index)  # type: ignore[misc]
        if data is None:
            path = self.get_data_info(index).get('img_path')
            raise StudyError(f'{path}: a transform of the pipeline gave nothing for it, and no other image is taken '
                             'in its place. Let the transforms keep every image (a crop: allow_negative_crop=True)')
        return data


def image_id(entry: dict) -> str:
    """Id of an entry's image: ``image_id``, else the name of its file without the ending."""
    return str(entry['image_id']) if 'image_id' in entry else PurePath(entry['img_path']).stem


def read_ids(path: Path) -> list[str]:
    """The ids of a list file, in its order, each once.

    Raises:
        AnnotationError: If the file is missing or empty.
    """
    if not path.is_file():
        raise AnnotationError(f'there is no list of ids {path}. The converters write those of 1 and 10 % '
                              '(--label-shares for others); a list of your own has an image id a line')
    try:
        with open_text(path) as file:
            ids = list(dict.fromkeys(line.strip() for line in file.read().splitlines()))
    except UnicodeError as error:
        raise AnnotationError(f'{path}: {no_text(error)}') from None
    ids = [name for name in ids if name]
    if not ids:
        raise AnnotationError(f'{path} names no image: an id a line is wanted')
    return ids


def keep_listed(entries: Sequence[dict], ids: Sequence[str], path: Path, ann_file: str) -> list[dict]:
    """The entries whose image is listed, in their order.

    Args:
        entries: Of the annotation file.
        ids: Of the list.
        path: The list, for messages.
        ann_file: The annotation file, for messages.

    Raises:
        AnnotationError: If an id is not in the annotation file.
    """
    wanted = set(ids)
    missing = wanted - {image_id(entry) for entry in entries}
    if missing:
        named = ', '.join([name for name in ids if name in missing][:_NAMED])
        raise AnnotationError(f'{len(missing):,} of the {len(wanted):,} ids in {path} are not in {ann_file}, which has '
                              f'{len(entries):,} images such as {image_id(entries[0]) if entries else "none"}; for '
                              f'example {named}. Do both belong to the same conversion, and were all images there?')
    return [entry for entry in entries if image_id(entry) in wanted]


@contextmanager
def seeded(visit: Visit) -> Iterator[None]:
    """Python's, NumPy's and PyTorch's generators seeded by a visit within, and as they were after."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    generator = visit.generator()
    random.seed(int(generator.integers(2**63)))
    np.random.seed(generator.integers(2**32, size=4, dtype=np.uint32))
    torch.manual_seed(int(generator.integers(2**63)))
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
