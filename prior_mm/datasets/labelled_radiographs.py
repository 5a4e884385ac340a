"""Radiographs with a class and without a report, for zero-shot classification."""
import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
from mmengine.dataset import Compose
from torch.utils.data import Dataset, get_worker_info

from prior_mm.registry import DATASETS, TRANSFORMS

from .annotation_file import read_annotation_file
from .downstream_schemas import CLASSIFICATION
from .errors import AnnotationError
from .images import read_pixel_range
from .visit import Visit

_LOOK_AT = 20  # images that are looked for when the data set is opened
_CONVERTER = 'python tools/dataset_converters/chexpert_5x200.py ROOT --list LIST.json (or --seeds N, to draw one)'
_MEND = 'Make it anew with the converter (docs/downstream_data.md)'


@DATASETS.register_module()
class LabelledRadiographs(Dataset):
    """Images of an annotation file (``prior_mm.classification/1``), each with exactly one class, none with a report.

    It is indexed as :class:`StudyDataset` is, and its pipeline is that of studies without ``TokenizeReport``:
    ``LoadRadiograph``, ``ResizeRadiograph``, ``PackStudy``. The pipeline gets ``study_id`` (the entry's ``image_id``),
    ``images`` (the one path), ``label_index`` (its ``gt_label``), ``image_root`` and ``rng``.

    Args:
        ann_file: The annotation file; a relative path counts from ``data_root``.
        data_root: Folder of the data.
        pipeline: Transforms; built from this project's registry, whatever the default scope.
        image_prefix: Folder that image paths count from, itself from ``data_root``.
        classes: The classes that the config goes by; the file must number the same ones in the same order. None
            takes those of the file.
        indices: Keep only these of the images; an integer keeps the first so many.

    Raises:
        FileNotFoundError: If the annotation file or the images are not there; the message says what makes them.
        AnnotationError: If the file does not follow the schema, has other classes, or no image is left.
    """

    def __init__(self, ann_file: str, data_root: str = '', pipeline: Sequence[dict | Callable] = (),
                 image_prefix: str = '', classes: Sequence[str] | None = None,
                 indices: int | Sequence[int] | None = None) -> None:
        self.ann_file = Path(data_root) / ann_file
        self.image_root = Path(data_root) / image_prefix
        self._metainfo, self._entries = self._read(self.ann_file)
        self._pixel_range = read_pixel_range(self._metainfo)
        if classes is not None and list(classes) != self._metainfo['classes']:
            raise AnnotationError(f'{self.ann_file} is of the classes {self._metainfo["classes"]}, the config goes by '
                                  f'{list(classes)}: name the same classes in the same order')
        if indices is not None:
            chosen = range(min(indices, len(self._entries))) if isinstance(indices, int) else indices
            self._entries = [self._entries[index] for index in chosen]
        if not self._entries:
            raise AnnotationError(f'{self.ann_file}: indices leave no image')
        self._check_images()
        self.pipeline = Compose([TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline])

    @property
    def metainfo(self) -> dict:
        """``metainfo`` of the annotation file: dataset, split, synthetic, classes, summary ..."""
        return copy.deepcopy(self._metainfo)

    def get_data_info(self, index: int) -> dict:
        """The annotation of one image in the words of studies, before the pipeline."""
        entry = self._entries[index]
        return dict(study_id=entry['image_id'], images=[entry['img_path']], label_index=entry['gt_label'])

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, visit: Visit | int) -> dict:
        if get_worker_info() is not None:
            cv2.setNumThreads(0)  # one process a core; and threads of the parent do not survive a fork
        visit = visit if isinstance(visit, Visit) else Visit(int(visit))
        results = self.get_data_info(visit.index)
        results.update(image_root=str(self.image_root), rng=visit.generator(), pixel_range=self._pixel_range)
        return self.pipeline(results)

    @staticmethod
    def _read(path: Path) -> tuple[dict[str, Any], list[dict]]:
        """``metainfo`` and ``data_list`` of an annotation file, checked."""
        metainfo, entries = read_annotation_file(path, (CLASSIFICATION, ), _CONVERTER)
        if 'synthetic' not in metainfo:
            raise AnnotationError(f'{path}: metainfo must say whether the images are synthetic (true or false). '
                                  f'{_MEND}')
        for number, entry in enumerate(entries):
            if problem := _problem(entry, len(metainfo['classes'])):
                raise AnnotationError(f'{path}, data_list[{number}]: {problem}. {_MEND}')
        return metainfo, entries

    def _check_images(self) -> None:
        paths = [self.image_root / entry['img_path'] for entry in self._entries[:_LOOK_AT]]
        if not any(path.is_file() for path in paths):
            raise FileNotFoundError(f'The images are not there: none of the first {len(paths)}, such as {paths[0]}. '
                                    'Image paths count from data_root and image_prefix: check both')


def _problem(entry: dict, num_classes: int) -> str:
    """What is wrong with an entry; empty if nothing is."""
    path, label = entry['img_path'], entry.get('gt_label')
    if 'image_id' not in entry:
        return 'lacks image_id'
    if Path(path).is_absolute() or '..' in Path(path).parts:
        return f"the image {path!r} is not a path below the image root: it must be relative and without '..'"
    if type(label) is not int or not 0 <= label < num_classes:
        return f'gt_label must be the number of a class, 0 to {num_classes - 1}, it is {label!r}'
    return ''
