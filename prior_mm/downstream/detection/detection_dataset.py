"""Radiographs with boxes, from COCO files."""
import json
from typing import Any

from mmdet.datasets import CocoDataset

from prior_mm.datasets.errors import AnnotationError
from prior_mm.registry import DATASETS

from ..label_share import LabelShare


@DATASETS.register_module()
class DetectionDataset(LabelShare, CocoDataset):
    """MMDetection's COCO data set for the files that the converters write.

    Images without boxes stay, in training and in the test. ``info`` of the file (data set, split, protocol, hashes,
    whether the images are synthetic) becomes part of ``metainfo``.

    Args:
        ids: List of the images to keep; see :class:`LabelShare`. An image's id there is its ``image_id``, or else the
            name of its file.
        **options: What :class:`mmdet.CocoDataset` takes.

    Raises:
        AnnotationError: If the file has not the classes whose boxes are to be found, which MMDetection would take for
            images without boxes.
    """

    METAINFO = dict(classes=('pneumonia', ), palette=[(220, 20, 60)])
    _metainfo: dict[str, Any]

    def load_data_list(self) -> list[dict]:
        """The images with their boxes."""
        images = super().load_data_list()
        with open(self.ann_file, encoding='utf-8') as file:
            content = json.load(file)
        info = content.get('info') or {}
        named = {image['id']: image['image_id'] for image in content['images'] if 'image_id' in image}
        for image in images:
            if image['img_id'] in named:
                image['image_id'] = named[image['img_id']]
        wanted = self._metainfo['classes']
        if len(self.cat_ids) != len(wanted):
            raise AnnotationError(f'{self.ann_file} has not all of the classes {", ".join(wanted)}: those of the file '
                                  f'are {info.get("classes")}. Name them in metainfo.classes of the data set')
        self._metainfo = {**info, **self._metainfo}
        return images
