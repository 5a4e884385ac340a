"""GLoRIA: A Multimodal Global-Local Representation Learning Framework (ICCV 2021)."""
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import StudyFeatures, WordStudy

from .global_batch import GlobalBatch
from .method import build_part
from .word_method import WordMethod


@MODELS.register_module()
class GLoRIA(WordMethod):
    """Global vectors, and every image against the words of every report, the words attending to the regions.

    Args:
        global_alignment: Config of the global alignment.
        local_alignment: Config of the local alignment, or None.
        loss_weights: Weight of each loss.
        **words: What :class:`WordMethod` takes.
    """

    PUBLISHED_LOSSES = dict(global_alignment=1., local_alignment=1.)
    OWN_MAP = 'attention'
    TRAINED_BY = {**WordMethod.TRAINED_BY, 'patch_projection': ['local_alignment'],
                  'word_projection': ['local_alignment'], 'local_alignment': ['local_alignment']}

    def __init__(self, global_alignment: dict = dict(  # noqa: B006 (a config, never changed)
                     type='GlobalAlignment', temperature=0.1, learned=False, weights=(1., 1.)),
                 local_alignment: dict | None = dict(type='RegionAlignment'),  # noqa: B006
                 loss_weights: dict[str, float] | None = None, **words) -> None:
        super().__init__(global_alignment, **{'text_pooling': 'mean', **words})
        self.local_alignment = build_part(local_alignment)
        self.set_losses(loss_weights)

    def compare(self, study: WordStudy, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """Both losses; see :meth:`Method.compare`."""
        losses = super().compare(study, features, images, batch)
        if self.needs('local_alignment'):
            losses['local_alignment'] = self.local_alignment(study.patches, study.words, study.word_mask, batch)
        return losses
