"""A study as the collate function takes it."""
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from prior_mm.registry import TRANSFORMS

_INFO = ('study_id', 'subject_id', 'image_path', 'labels', 'label_index', 'sentences', 'report_sign',
         'finding', 'patient', 'split', 'area', 'region')  # of a phrase
_REPORT = ('token_ids', 'sentence_index', 'word_index', 'pad_id')


@TRANSFORMS.register_module()
class PackStudy(BaseTransform):
    """Leaves what a model needs: ``image`` (float32 tensor, (1, H, W), full scale = 1), the tokens, and ``info``.

    ``info`` holds ``study_id``, ``subject_id``, ``image_path``, ``labels``, ``sentences`` (as shuffled and kept),
    ``report_sign`` if they were shuffled and, if the data set was asked for exclusive labels, ``label_index``; of a
    phrase also ``finding``, ``patient``, ``split``, ``region`` and, of a cropped image, ``area``.
    """

    def transform(self, results: dict) -> dict:
        """Pack one study."""
        image = results['image']
        scale = np.float32(1. / np.iinfo(image.dtype).max)
        packed = dict(image=torch.from_numpy(np.multiply(image, scale, dtype=np.float32))[None],
                      info={key: results[key] for key in _INFO if key in results})
        packed.update({key: results[key] for key in _REPORT if key in results})
        return packed
