"""PRIOR: Prototype Representation Joint Learning from Medical Images and Reports (ICCV 2023, arXiv 2307.12577)."""
import torch
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, ReportEmbeddings, Reports, StudyEmbeddings, StudyFeatures

from .compiled import check_compiled
from .encoders.attention_pooling import AttentionPooling
from .encoders.in_chunks import in_chunks
from .encoders.patch_layout import patches_to_map
from .encoders.projection import projection
from .encoders.sentence_embedding import mean_of_word_pieces
from .global_batch import GlobalBatch
from .method import Method, build_part
from .reconstruction.matching import MatchingOrder, check_matching_order, match_reports

#: Weights of the last stage; a stage's config replaces them (paper section 4.1).
PUBLISHED_LOSSES = dict(global_alignment=10., local_image=1., local_text=1., image_reconstruction=1.,
                        sentence_prototype=10., kl=1., global_prediction=1., prototype=10.)
_OF_REPORT = ('sentence_prototype', 'kl', 'global_prediction')
_TO_IMAGE, _TO_TEXT = ('local_image', 'image_reconstruction'), ('local_text', )


@MODELS.register_module()
class PRIOR(Method):
    """The method: encode, align globally and locally through prototypes, reconstruct each side from the other.

    Without the loss ``prototype`` the sentences stand for themselves, without those of the reconstruction there is
    none. A part that is None is an ablation.

    Args:
        embed_dims: Width D of the joint space.
        global_alignment: Config of the global alignment.
        cross_attention: Config of the cross attention of patches and sentences.
        local_alignment: Config of the local alignment (LAM), or None.
        prototype_bank: Config of the sentence prototype bank (SPB), or None; sentences then stand for themselves.
        image_decoder: Config of the image decoder (CCR of the image), or None.
        sentence_decoder: Config of the sentence decoder (CCR of the report), or None.
        sentence_heads: Heads of the attention pooling over sentences.
        loss_weights: Weight of each loss.
        matching_order: See :func:`match`.
        **shared: What :class:`Method` takes, the encoders above all.

    Raises:
        ValueError: If a loss or the matching order is not one that there is.
    """

    PUBLISHED_LOSSES, MEANS_OVER_SENTENCES = PUBLISHED_LOSSES, ('prototype', 'kl')
    WITH_ONE_ENTRY = ('image_decoder', 'sentence_decoder')
    DRAWN_BY = dict(attention='local_alignment.logit_scale', cosine='local_image_projection')
    TRAINED_BY = {
        'image_encoder.backbone': PUBLISHED_LOSSES.keys() - {'prototype'},
        'image_encoder.pooling': ['global_alignment'], 'global_image_projection': ['global_alignment'],
        'local_image_projection': [*_TO_IMAGE, *_TO_TEXT, *_OF_REPORT],
        'sentence_pooling': ['global_alignment', 'global_prediction'],
        'global_alignment': ['global_alignment', 'global_prediction'],
        'cross_attention.image_query': _TO_IMAGE, 'cross_attention.text_key': _TO_IMAGE,
        'cross_attention.text_value': _TO_IMAGE, 'cross_attention.text_query': _TO_TEXT,
        'cross_attention.image_key': _TO_TEXT, 'cross_attention.image_value': _TO_TEXT,
        'local_alignment.predictor': ['local_image'], 'local_alignment.logit_scale': ['local_text'],
        'prototype_bank': ['prototype', 'kl'], 'image_decoder': ['image_reconstruction'],
        'sentence_decoder': _OF_REPORT}

    def __init__(self, embed_dims: int = 768,
                 global_alignment: dict = dict(type='GlobalAlignment'),  # noqa: B006 (a config, never changed)
                 cross_attention: dict = dict(type='CrossAttention'),  # noqa: B006
                 local_alignment: dict | None = None, prototype_bank: dict | None = None,
                 image_decoder: dict | None = None, sentence_decoder: dict | None = None, sentence_heads: int = 8,
                 loss_weights: dict[str, float] | None = None, matching_order: MatchingOrder = 'inverse',
                 **shared) -> None:
        super().__init__(**shared)
        check_compiled(self.compiled, self.chunk, image_decoder)
        self.local_image_projection = projection(self.image_encoder.patch_channels, embed_dims)
        self.global_image_projection = projection(self.image_encoder.out_channels, embed_dims)
        self.sentence_projection = projection(self.text_encoder.embed_dims, embed_dims)
        self.sentence_pooling = AttentionPooling(embed_dims, sentence_heads)
        self.global_alignment = build_part(global_alignment)
        self.cross_attention = build_part(cross_attention, embed_dims=embed_dims)
        self.local_alignment = build_part(local_alignment, embed_dims=embed_dims)
        self.prototype_bank = build_part(prototype_bank, embed_dims=embed_dims)
        self.image_decoder = build_part(image_decoder, embed_dims=embed_dims, stride=self.image_encoder.stride)
        self.sentence_decoder = build_part(sentence_decoder, embed_dims=embed_dims)
        self.matching_order = check_matching_order(matching_order)
        self.TRAINED_BY = self.TRAINED_BY | dict.fromkeys(getattr(self.local_alignment, 'LEAVES_ALONE', ()), ())
        self.set_losses(loss_weights)

    def unused_in_prediction(self) -> list[str]:
        """See :meth:`Method.unused_in_prediction`; whether the bank is needed, the losses of the stage decide."""
        return ['local_alignment.', 'image_decoder.', 'sentence_decoder.', 'cross_attention.', 'global_alignment.',
                *([] if self.needs('prototype') else ['prototype_bank.'])]

    def embed_images(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Features of B radiographs to the joint space: the patches, (B, P, D), and the images, (B, D)."""
        return self.local_image_projection(features.patches), self.global_image_projection(features.pooled)

    def embed_reports(self, word_pieces: Tensor, reports: Reports) -> ReportEmbeddings:
        """Features (B, L, W) of the word pieces of B reports to the joint space; sentences beyond Q are dropped."""
        mask = self.sentence_mask(reports)
        sentences = self.sentence_projection(mean_of_word_pieces(word_pieces, reports.sentence_index, mask.shape[1]))
        prototypes = self.to_prototypes(sentences, mask)
        return ReportEmbeddings(sentences, prototypes, mask, self.sentence_pooling(prototypes, mask))

    def to_prototypes(self, sentences: Tensor, mask: Tensor, counted: bool = True) -> Tensor:
        """Valid sentences of (B, N, D) replaced by prototypes; unchanged in a stage without them."""
        return self.prototype_bank.of_valid(sentences, mask, counted) if self.needs('prototype') else sentences

    def sentence_mask(self, reports: Reports) -> Tensor:
        """The sentences that count, bool, (B, N); the last stage drops those beyond Q."""
        dropped = self.sentence_decoder is not None and self.needs('sentence_prototype')
        return reports.sentence_mask[:, :self.sentence_decoder.num_queries if dropped else None]

    def compare(self, study: StudyEmbeddings, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """All losses of the stage; see :meth:`Method.compare`."""
        losses, to_align, mask = {}, dict(global_alignment=study.image), study.sentence_mask
        if self.needs(*_TO_IMAGE, *_TO_TEXT):
            attended = self.cross_attention(study.patches, study.prototypes, mask)
        if self.needs('local_image', 'local_text'):
            losses['local_image'], losses['local_text'] = self.local_alignment(
                study.patches, study.prototypes, mask, attended, batch.same_here)
        if self.needs('prototype'):
            losses['prototype'] = self.prototype_bank.loss(study.sentences, study.prototypes, mask)
        if self.needs('image_reconstruction'):
            reconstruction = self._reconstruct(study.patches, attended.patch_context, features.image.grid)
            losses['image_reconstruction'] = self.image_decoder.loss(reconstruction, images)
        if self.needs(*_OF_REPORT):
            predictions, losses['sentence_prototype'] = match_reports(
                self.sentence_decoder(study.patches), study.prototypes, mask, self.matching_order)
            if self.needs('kl'):
                losses['kl'] = self.prototype_bank.kl(predictions, study.sentences, mask)
            predictions = self.to_prototypes(predictions, mask, counted=False)
            to_align['global_prediction'] = self.sentence_pooling(predictions, mask)
        aligned = self.global_alignment(study.report, *to_align.values(), batch=batch)
        return losses | dict(zip(to_align, aligned, strict=True))

    def _reconstruct(self, patches: Tensor, context: Tensor, grid: tuple[int, int]) -> Tensor:
        maps = (patches_to_map(places, grid, self.image_encoder.patch_layout) for places in (patches, context))
        return in_chunks(self.chunk, self.image_decoder, self.image_decoder, *maps)

    @torch.no_grad()
    def reconstruct(self, inputs: Tensor, reports: Reports) -> Tensor:
        """The images, in [0, 1], reconstructed from their patches and reports, (B, 1, H, W)."""
        study = self.embed(features := self.encode(inputs, reports), reports)
        attended = self.cross_attention(study.patches, study.prototypes, study.sentence_mask)
        images = self._reconstruct(study.patches, attended.patch_context, features.image.grid)
        return self.data_preprocessor.restore(images.float())

    def attention(self, study: StudyEmbeddings) -> Tensor:
        """Attention of each sentence over the patches, in (0, 1), (B, N, P); a grounded one sums to 1 over them."""
        return self.local_alignment.attention(study.patches, study.prototypes, self.cross_attention)
