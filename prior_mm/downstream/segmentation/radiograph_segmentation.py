"""Radiographs with masks of one finding, from the annotation files of the converters."""
from os import path

from mmseg.datasets import BaseSegDataset

from prior_mm.datasets.annotation_file import read_annotation_file
from prior_mm.datasets.downstream_schemas import SEGMENTATION
from prior_mm.datasets.errors import AnnotationError
from prior_mm.registry import DATASETS

from ..label_share import LabelShare


@DATASETS.register_module()
class RadiographSegmentation(LabelShare, BaseSegDataset):
    """MMSegmentation's data set for ``segmentation/*.json``, of schema ``prior_mm.segmentation/1``.

    The pipeline gets ``img_path``, ``seg_map_path``, ``gt_label`` (1 for an image with a lesion) and ``image_id``.
    Image paths count from ``data_prefix.img_path`` and masks from ``data_prefix.seg_map_path``, both from
    ``data_root``. Class 1 is the finding, class 0 all else; no class is left out, and nothing is ignored. ``metainfo``
    of the file (data set, split, protocol, hashes, whether the images are synthetic) becomes part of the data set's.

    Args:
        ids: List of the images to keep; see :class:`LabelShare`.
        **options: What :class:`mmseg.datasets.BaseSegDataset` takes.

    Raises:
        FileNotFoundError: If the annotation file is not there.
        AnnotationError: If it is of another schema, or has other than two classes.
    """

    METAINFO = dict(classes=('background', 'finding'), palette=[[0, 0, 0], [220, 20, 60]])

    def load_data_list(self) -> list[dict]:
        """Read the images and where their masks are."""
        metainfo, entries = read_annotation_file(self.ann_file, (SEGMENTATION, ), 'python tools/dataset_converters/'
                                                 'siim.py ROOT (or rsna.py, table.py)')
        if len(metainfo['classes']) != 2:
            raise AnnotationError(f'{self.ann_file} has the classes {metainfo["classes"]}; masks of one finding '
                                  'have two, the background and the finding. Convert again')
        self._metainfo.update(metainfo)
        images, masks = (self.data_prefix.get(key) or '' for key in ('img_path', 'seg_map_path'))
        return [dict(img_path=path.join(images, entry['img_path']), image_id=entry['image_id'],
                     seg_map_path=path.join(masks, entry['seg_map_path']), gt_label=entry['gt_label'],
                     reduce_zero_label=False, seg_fields=[]) for entry in entries]
