"""Radiographs with their reports, as a data set of MMEngine's kind."""
import copy
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import torch
from mmengine.dataset import Compose
from mmengine.dist import all_reduce
from mmengine.logging import print_log
from torch.utils.data import Dataset, get_worker_info

from prior_mm.registry import DATASETS, TRANSFORMS

from .errors import AnnotationError, StudyError
from .images import read_pixel_range
from .study_table import StudyTable, read_studies
from .visit import Visit

_LOOK_AT = 20  # studies whose images are looked for when the data set is opened


@DATASETS.register_module()
class StudyDataset(Dataset):
    """Studies of an annotation file (``prior_mm.studies/1``), one entry a study with all its frontal images.

    It is indexed with a :class:`Visit`, or with an integer for ``Visit(index, epoch=0, seed=0)``. The pipeline gets
    ``study_id``, ``images``, ``sentences``, ``labels`` and whatever else the entry holds, ``image_root``, ``rng`` (the
    visit's generator, from which every transform draws) and, with ``exclusive_labels``, ``label_index``. It must be
    the same arrays for the same visit in whichever process.

    Training takes a random view and a new order of the sentences at each visit (``LoadRadiograph``,
    ``ShuffleSentences``); evaluation takes the first view (``view='first'``), sentences as written, no augmentation.

    Args:
        ann_file: The annotation file; a relative path counts from ``data_root``.
        data_root: Folder of the data.
        pipeline: Transforms; built from this project's registry, whatever the default scope.
        image_prefix: Folder that image paths count from, itself from ``data_root``: for resized copies.
        exclusive_labels: Keep only studies that carry exactly one of these labels as 1; ``label_index`` (and
            ``metainfo['classes']``) then say which.
        indices: Keep only these of the studies that are left; an integer keeps the first so many.
        on_error: ``'raise'``, or ``'skip'``: a broken study gives ``None``, which :func:`collate_studies` leaves out,
            is warned of once, and is listed in :attr:`skipped` (and at the end of a run, by
            :class:`~prior_mm.engine.SkippedStudiesHook`). It is never replaced by another one. A batch of which
            nothing is left still is an error.

    Raises:
        FileNotFoundError: If the annotation file or the images are not there; the message says what makes them.
        AnnotationError: If the file does not follow the schema, or no study is left.
    """

    def __init__(self, ann_file: str, data_root: str = '', pipeline: Sequence[dict | Callable] = (),
                 image_prefix: str = '', exclusive_labels: Sequence[str] = (),
                 indices: int | Sequence[int] | None = None, on_error: str = 'raise') -> None:
        if on_error not in ('raise', 'skip'):
            raise ValueError(f"StudyDataset: on_error must be 'raise' or 'skip', got {on_error!r}")
        self.ann_file = Path(data_root) / ann_file
        self.image_root = Path(data_root) / image_prefix
        self.exclusive_labels = tuple(exclusive_labels)
        self.on_error = on_error
        self._studies = self._open(indices)
        self._pixel_range = read_pixel_range(self._studies.metainfo)
        self.pipeline = Compose([TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline])
        # In shared memory, so that what a worker skips is known to the main process.
        self._skipped = torch.zeros(len(self), dtype=torch.bool).share_memory_() if on_error == 'skip' else None

    @property
    def metainfo(self) -> dict:
        """``metainfo`` of the annotation file (dataset, synthetic, summary ...), and ``classes`` if asked for."""
        metainfo = copy.deepcopy(self._studies.metainfo)
        if self.exclusive_labels:
            metainfo['classes'] = list(self.exclusive_labels)
        return metainfo

    @property
    def skipped(self) -> list[str]:
        """Ids of the studies that were found broken so far by this process and its workers."""
        if self._skipped is None:
            return []
        return [self._studies[index]['study_id'] for index in self._skipped.nonzero().flatten().tolist()]

    def gather_skipped(self) -> list[int]:
        """Indices of the studies that any process of the run found broken so far; all processes must call it."""
        if self._skipped is None:
            return []
        found = self._skipped.to(torch.int32)
        all_reduce(found, 'max')
        return found.nonzero().flatten().tolist()

    def faults(self, index: int) -> list[str]:
        """What is wrong with a study, view by view: they are read again. Empty if nothing is, any longer."""
        found = []
        for image in self._studies[index]['images']:
            try:
                self._run_pipeline({**self._inputs(Visit(index)), 'images': [image]})
            except StudyError as error:
                found.append(str(error))
        return found

    def get_data_info(self, index: int) -> dict:
        """The annotation of one study, before the pipeline."""
        study = self._studies[index + len(self) if index < 0 else index]
        study.setdefault('labels', {})
        if self.exclusive_labels:
            study['label_index'] = self._positives(study)[0]
        return study

    def __len__(self) -> int:
        return len(self._studies)

    def __getitem__(self, visit: Visit | int) -> dict | None:
        if get_worker_info() is not None:
            cv2.setNumThreads(0)  # one process a core; and threads of the parent do not survive a fork
        visit = visit if isinstance(visit, Visit) else Visit(int(visit))
        try:
            return self._run_pipeline(self._inputs(visit))
        except StudyError as error:
            if self._skipped is None:
                raise type(error)(f"{error} (or pass over such studies: dataset.on_error='skip')") from error
            if not self._skipped[visit.index]:
                self._skipped[visit.index] = True
                print_log(f'left out: {error}', logger='current', level=logging.WARNING)
            return None

    def _inputs(self, visit: Visit) -> dict:
        """What the pipeline gets."""
        return {**self.get_data_info(visit.index), 'image_root': str(self.image_root), 'rng': visit.generator(),
                'pixel_range': self._pixel_range}

    def _run_pipeline(self, results: dict) -> dict:
        packed = self.pipeline(results)
        if packed is None:
            raise StudyError(f'study {results["study_id"]}: a transform of the pipeline returned nothing')
        return packed

    def _positives(self, study: dict) -> list[int]:
        labels = study.get('labels', {})
        return [index for index, name in enumerate(self.exclusive_labels) if labels.get(name) == 1]

    def _open(self, indices: int | Sequence[int] | None) -> StudyTable:
        if not self.ann_file.is_file():
            raise FileNotFoundError(f'There is no annotation file {self.ann_file}. {_how_to_make(self.ann_file)}')
        if not self.exclusive_labels:
            studies = read_studies(self.ann_file)
        else:
            seen: Counter[str] = Counter()

            def keep(study: dict) -> bool:
                seen.update(name for name, value in study.get('labels', {}).items() if value == 1)
                return len(self._positives(study)) == 1

            studies = read_studies(self.ann_file, keep)
            self._check_labels(seen)
        if indices is not None:
            studies = studies.subset(list(range(min(indices, len(studies)))) if isinstance(indices, int) else indices)
        if not len(studies):
            raise AnnotationError(f'{self.ann_file}: exclusive_labels and indices leave no study')
        self._check_images(studies)
        return studies

    def _check_labels(self, seen: 'Counter[str]') -> None:
        absent = [name for name in self.exclusive_labels if not seen[name]]
        if absent:
            raise AnnotationError(f'{self.ann_file}: no study carries {", ".join(absent)}, named in exclusive_labels. '
                                  f'There are {dict(seen.most_common()) or "no labels: convert with --labels"}')

    def _check_images(self, studies: StudyTable) -> None:
        paths = [self.image_root / study['images'][0] for study in map(studies.__getitem__,
                                                                       range(min(_LOOK_AT, len(studies))))]
        if not any(path.is_file() for path in paths):
            raise FileNotFoundError(f'The images are not there: none of the first {len(paths)}, such as {paths[0]}. '
                                    'Image paths count from data_root and image_prefix: check both')


def _how_to_make(ann_file: Path) -> str:
    return ('For the demo data, run\n'
            '    python tools/dataset_converters/demo.py data/demo\n'
            '    python tools/dataset_converters/mimic_cxr.py data/demo\n'
            'for MIMIC-CXR (ROOT: the folder with files/ and the CSV files), run\n'
            '    python tools/dataset_converters/mimic_cxr.py ROOT\n'
            'and check data_root and ann_file')
