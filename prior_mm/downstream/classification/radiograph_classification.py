"""Radiographs with one finding or several, from the annotation files of the converters."""
import math
from pathlib import Path

import numpy as np
from mmpretrain.datasets import BaseDataset

from prior_mm.datasets.annotation_file import read_annotation_file
from prior_mm.datasets.downstream_schemas import CLASSIFICATION, MULTI_LABEL
from prior_mm.datasets.errors import AnnotationError
from prior_mm.registry import DATASETS

from ..label_share import LabelShare

UNKNOWN = -1


@DATASETS.register_module()
class RadiographClassification(LabelShare, BaseDataset):
    """MMPretrain's data set for ``classification/*.json``, every class a yes-or-no question of its own.

    Files with one finding (RSNA, SIIM: ``prior_mm.classification/1``) have that one class; files with several
    (CheXpert: ``prior_mm.multi_label/1``) theirs. The pipeline gets ``img_path``, ``image_id`` and ``gt_score``,
    float32 (C,): 1, 0, or -1 for a label that is not known, which loss and metric leave out. ``metainfo`` of the file
    (data set, split, protocol, hashes, whether the images are synthetic) becomes part of the data set's.

    Args:
        ids: List of the images to keep; see :class:`LabelShare`.
        **options: What :class:`mmpretrain.datasets.BaseDataset` takes. ``classes`` must be those of the file, in its
            order, if they are given.

    Raises:
        FileNotFoundError: If the annotation file is not there.
        AnnotationError: If the file is of another schema, has other classes than asked for, or labels that
            are none.
    """

    _metainfo: dict

    def load_data_list(self) -> list[dict]:
        """Read the images and their labels."""
        path = self.ann_file
        metainfo, entries = read_annotation_file(path, (CLASSIFICATION, MULTI_LABEL), 'python tools/dataset_converters/'
                                                 'rsna.py ROOT (or siim.py, chexpert.py, table.py)')
        classes = metainfo['classes']
        if metainfo['schema'] == CLASSIFICATION:
            if len(classes) != 2:
                raise AnnotationError(f'{path} has the schema {CLASSIFICATION!r} and the classes {classes}; wanted are '
                                      f'two of them, or the schema {MULTI_LABEL!r}')
            classes = classes[1:]  # the other one is its absence
        asked = self._metainfo.get('classes')
        if asked is not None and list(asked) != classes:
            raise AnnotationError(f'{path} is of the classes {classes}, the config goes by {list(asked)}: name the '
                                  'same ones in the same order')
        self._metainfo = {**metainfo, **self._metainfo, 'classes': tuple(classes)}
        prefix = self.data_prefix.get('img_path') or ''
        return [dict(img_path=str(Path(prefix, entry['img_path'])), image_id=str(entry.get('image_id', number)),
                     gt_score=_labels(entry, len(classes), f'{path}, data_list[{number}]'))
                for number, entry in enumerate(entries)]


def _labels(entry: dict, count: int, place: str) -> np.ndarray:
    """Labels of an entry, float32 (C,): 1, 0 or -1."""
    labels = entry.get('labels', [entry.get('gt_label')])
    values = [UNKNOWN if value is None or (isinstance(value, float) and math.isnan(value)) else value
              for value in labels]
    if len(values) != count or any(value not in (1, 0, UNKNOWN) for value in values):
        raise AnnotationError(f'{place}: the labels are {labels}; wanted are {count}, each 1, 0, or -1 for one that is '
                              'not known. Convert again')
    return np.array(values, dtype=np.float32)
