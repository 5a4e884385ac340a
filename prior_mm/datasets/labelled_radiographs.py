"""Radiographs with a class and without a report, for zero-shot classification."""
import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
from mmengine.dataset import Compose
from torch.utils.data import Dataset, get_worker_info

from prior_mm.registry import DATASETS, TRANSFORMS

from .downstream_schemas import CLASSIFICATION
from .errors import AnnotationError
from .visit import Visit

_LOOK_AT = 20  # images that are looked for when the data set is opened
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
        self._metainfo, self._entries = _read(self.ann_file)
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
        results.update(image_root=str(self.image_root), rng=visit.generator())
        return self.pipeline(results)

    def _check_images(self) -> None:
        paths = [self.image_root / entry['img_path'] for entry in self._entries[:_LOOK_AT]]
        if not any(path.is_file() for path in paths):
            raise FileNotFoundError(f'The images are not there: none of the first {len(paths)}, such as {paths[0]}. '
                                    'Image paths count from data_root and image_prefix: check both')


def _read(path: Path) -> tuple[dict[str, Any], list[dict]]:
    """``metainfo`` and ``data_list`` of an annotation file, checked."""
    if not path.is_file():
        raise FileNotFoundError(f'There is no annotation file {path}. For CheXpert 5x200, run\n'
                                '    python tools/dataset_converters/chexpert_5x200.py ROOT --list LIST.json\n'
                                '(or --seeds N, to draw one) and check data_root and ann_file')
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (ValueError, RecursionError) as error:
        raise AnnotationError(f'{path}: not JSON in UTF-8, or cut short ({error}). {_MEND}') from None
    metainfo = content.get('metainfo') if isinstance(content, dict) else None
    entries = content.get('data_list') if isinstance(content, dict) else None
    if not isinstance(metainfo, dict) or metainfo.get('schema') != CLASSIFICATION or not isinstance(entries, list):
        raise AnnotationError(f'{path}: wanted are metainfo with schema {CLASSIFICATION!r} and a data_list. {_MEND}')
    classes, synthetic = metainfo.get('classes'), metainfo.get('synthetic')
    if not (isinstance(classes, list) and classes and all(isinstance(name, str) for name in classes)
            and isinstance(synthetic, bool)):
        raise AnnotationError(f'{path}: metainfo must name the classes (texts) and say whether the images are '
                              f'synthetic (true or false). {_MEND}')
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if problem := _problem(entry, len(classes), seen):
            raise AnnotationError(f'{path}, data_list[{number}]: {problem}. {_MEND}')
        seen.add(entry['image_id'])
    return metainfo, entries


def _problem(entry: object, num_classes: int, seen: set[str]) -> str:
    """What is wrong with an entry; empty if nothing is."""
    if not isinstance(entry, dict):
        return f'must be an object, it is {entry!r}'
    image_id, path, label = entry.get('image_id'), entry.get('img_path'), entry.get('gt_label')
    if not (isinstance(image_id, str) and image_id and isinstance(path, str) and path):
        return f'image_id and img_path must be texts, they are {image_id!r} and {path!r}'
    if Path(path).is_absolute() or '..' in Path(path).parts or '\0' in path:
        return f"the image {path!r} is not a path below the image root: it must be relative and without '..'"
    if type(label) is not int or not 0 <= label < num_classes:
        return f'gt_label must be the number of a class, 0 to {num_classes - 1}, it is {label!r}'
    return f'the image {image_id} is there twice' if image_id in seen else ''
