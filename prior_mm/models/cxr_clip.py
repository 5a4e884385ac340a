"""CXR-CLIP: Toward Large Scale Chest X-ray Language-Image Pre-training (MICCAI 2023, arXiv 2310.13292)."""
import torch
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import Reports, StudyEmbeddings, StudyFeatures

from .alignment.contrastive import info_nce, log_scale
from .dual_encoder import DualEncoder
from .global_batch import GlobalBatch

_PAIRS = dict(image_to_text=[('image', 'text'), ('image', 'text2'), ('image2', 'text'), ('image2', 'text2')],
              text_to_image=[('text', 'image'), ('text', 'image2'), ('text2', 'image'), ('text2', 'image2')],
              image_to_image=[('image', 'image2'), ('image2', 'image')],
              text_to_text=[('text', 'text2'), ('text2', 'text')])


@MODELS.register_module()
class CXRCLIP(DualEncoder):
    """Two views and two texts of each study: each finds each of the others among those of the batch.

    In training a batch of B studies has 2 B images and reports, those of the first visits before those of the second
    (``TwoVisits``).

    Args:
        temperature: Where the learned temperature starts.
        label_smoothing: Of the losses between image and text, in training.
        **dual: What :class:`DualEncoder` takes.
    """

    PUBLISHED_LOSSES = dict(image_to_text=0.5, text_to_image=0.5, image_to_image=1., text_to_text=0.5)

    def __init__(self, temperature: float = 0.07, label_smoothing: float = 0., **dual) -> None:
        super().__init__(global_alignment=None, **dual)
        self.logit_scale = log_scale(temperature)
        self.label_smoothing = label_smoothing

    def forward(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict] | None = None,
                mode: str = 'tensor'):
        """See :meth:`Method.forward`.

        Raises:
            ValueError: If there are not two visits of each study to learn from.
        """
        if mode == 'loss' and len(inputs) != 2 * len(data_samples or inputs[::2]):
            raise ValueError(f'CXRCLIP needs two visits of each study, and the batch has {len(inputs)} images: put the '
                             "transforms of train_pipeline into dict(type='TwoVisits', transforms=[...])")
        return super().forward(inputs, reports, data_samples, mode)

    def global_batch(self, reports: Reports, data_samples: list[dict] | None = None) -> GlobalBatch:
        """Of studies, each of which is there twice; they say the same if both their texts together do."""
        first, second = ([*parts] for parts in zip(*(part.chunk(2) for part in reports), strict=True))
        index, mask = reports._fields.index('sentence_index'), reports._fields.index('sentence_mask')
        second[index] = torch.where(second[index] < 0, -1, second[index] + second[mask].shape[1])
        both = (torch.cat(pair, dim=1) for pair in zip(first, second, strict=True))
        return super().global_batch(type(reports)(*both), data_samples)

    def compare(self, study: StudyEmbeddings, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """The four losses; see :meth:`Method.compare`."""
        own = dict(zip(('image', 'image2', 'text', 'text2'), (*study.image.chunk(2), *study.report.chunk(2)),
                       strict=True))
        everyone, first = batch.gather(*own.values())
        columns = dict(zip(own, everyone, strict=True))
        losses = {}
        for name, pairs in _PAIRS.items():
            smoothing = self.label_smoothing if self.training and name in ('image_to_text', 'text_to_image') else 0.
            losses[name] = sum(info_nce(own[row], columns[column], self.logit_scale.exp(), first, batch.same, smoothing)
                               for row, column in pairs) / len(pairs)
        return losses
