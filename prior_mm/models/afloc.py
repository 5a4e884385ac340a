"""AFLoc: three levels of image and report, report, sentence and word, for localisation without annotations."""
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, StudyFeatures, WordStudy

from .encoders.patch_layout import map_to_patches
from .encoders.projection import projection_head
from .global_batch import GlobalBatch
from .method import build_part
from .smoothed_maps import smoothed
from .word_method import WordMethod, sentences_of_words


@MODELS.register_module()
class AFLoc(WordMethod):
    """GLoRIA's local loss twice: sentences against a map, words against a finer one; [CLS] is one of either.

    Args:
        local_channels: Channels of the map of the sentences, the last but one of the backbone's.
        word_channels: Channels of the map of the words, the one before that (``out_indices=(1, 2, 3)``).
        embed_dims: Width D of the joint space.
        global_alignment: Config of the global alignment.
        local_alignment: Config of the local alignment of both levels, or None.
        loss_weights: Weight of each loss.
        **words: What :class:`WordMethod` takes.
    """

    PUBLISHED_LOSSES = dict(global_alignment=1., sentence_alignment=1., word_alignment=1.)
    OWN_MAP, _LOCAL = 'attention', ('sentence_alignment', 'word_alignment')
    TRAINED_BY = {
        **WordMethod.TRAINED_BY, 'patch_projection': ['sentence_alignment'], 'fine_projection': ['word_alignment'],
        'word_projection': _LOCAL, 'local_alignment': _LOCAL}

    def __init__(self, local_channels: int = 1024, word_channels: int = 512, embed_dims: int = 768,
                 global_alignment: dict = dict(  # noqa: B006 (a config, never changed)
                     type='GlobalAlignment', temperature=0.1, learned=False, weights=(1., 1.)),
                 local_alignment: dict | None = dict(type='RegionAlignment'),  # noqa: B006
                 loss_weights: dict[str, float] | None = None, **words) -> None:
        super().__init__(global_alignment, embed_dims, local_channels=local_channels,
                         **{'text_pooling': 'mean', **words})
        self.local_alignment = build_part(local_alignment)
        self.fine_projection = projection_head(word_channels, embed_dims)
        self.set_losses(loss_weights)

    def compare(self, study: WordStudy, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """The three losses; see :meth:`Method.compare`."""
        losses = super().compare(study, features, images, batch)
        if self.needs('sentence_alignment'):
            sentences, mask = sentences_of_words(study)
            losses['sentence_alignment'] = self.local_alignment(study.patches, sentences, mask, batch)
        if self.needs('word_alignment'):
            patches = self.fine_projection(self.fine_patches(features.image))
            losses['word_alignment'] = self.local_alignment(patches, study.words, study.word_mask, batch)
        return losses

    def fine_patches(self, features: ImageFeatures) -> Tensor:
        """The places of the map of the words, (B, P, C).

        Raises:
            ValueError: If the backbone does not give it.
        """
        if len(features.earlier) < 2:
            raise ValueError('AFLoc needs three maps: set image_encoder.backbone.out_indices=(1, 2, 3)')
        return map_to_patches(features.earlier[-2])

    def attention(self, study: WordStudy) -> Tensor:
        """Inner product of each sentence with each patch, (B, N, P)."""
        sentences, _ = sentences_of_words(study)
        return sentences[:, 1:] @ study.patches.transpose(1, 2)

    def sentence_maps(self, study: WordStudy, features: ImageFeatures) -> Tensor:
        """The inner products laid out as maps, smoothed, (B, N, H', W')."""
        return smoothed(super().sentence_maps(study, features))
