"""MGCA: Multi-Granularity Cross-modal Alignment for Generalized Medical Visual Representation (NeurIPS 2022)."""
import torch
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import Reports, StudyFeatures, WordEmbeddings, WordStudy

from .alignment.contrastive import unit
from .alignment.token_alignment import attention_weights
from .encoders.words import sum_of_word_pieces, word_places
from .global_batch import GlobalBatch
from .method import build_part
from .word_method import WordMethod


@MODELS.register_module()
class MGCA(WordMethod):
    """Three granularities: the study (ITA), its words and patches (CTA), and the prototypes of diseases (CPA).

    Args:
        global_alignment: Config of the instance-wise alignment (ITA).
        token_alignment: Config of the token-wise alignment (CTA), or None.
        prototypes: Config of the prototype alignment (CPA), or None.
        loss_weights: Weight of each loss.
        **words: What :class:`WordMethod` takes.
    """

    PUBLISHED_LOSSES = dict(global_alignment=1., token_alignment=1., prototype=1.)
    _GLOBAL = ('global_alignment', 'prototype')
    TRAINED_BY = {**WordMethod.TRAINED_BY, 'image_encoder.pooling': _GLOBAL, 'image_projection': _GLOBAL,
                  'report_projection': _GLOBAL, 'patch_projection': ['token_alignment'],
                  'word_projection': ['token_alignment'], 'token_alignment': ['token_alignment'],
                  'prototypes': ['prototype']}

    def __init__(self, global_alignment: dict = dict(  # noqa: B006 (a config, never changed)
                     type='GlobalAlignment', temperature=0.07, learned=False, weights=(1., 1.)),
                 token_alignment: dict | None = dict(type='TokenAlignment'),  # noqa: B006
                 prototypes: dict | None = dict(type='CrossModalPrototypes'),  # noqa: B006
                 embed_dims: int = 128, loss_weights: dict[str, float] | None = None, **words) -> None:
        super().__init__(global_alignment, embed_dims, **words)
        self.token_alignment = build_part(token_alignment)
        self.prototypes = build_part(prototypes, embed_dims=embed_dims)
        self.set_losses(loss_weights)

    def encode(self, images: Tensor, reports: Reports) -> StudyFeatures:
        """With what [CLS] pays each word, the sum of what it pays its pieces, (B, V), and each patch of a ViT."""
        word_pieces, attention = self.text_encoder(reports, start_attention=True)
        attention, _ = sum_of_word_pieces(attention[..., None], word_places(reports))
        image = self.image_encoder(images, start_attention=not self.from_earlier)
        return StudyFeatures(image, word_pieces, attention.squeeze(2))

    def embed_reports(self, word_pieces: Tensor, reports: Reports) -> WordEmbeddings:
        """See :meth:`WordMethod.embed_reports`; [CLS] stands for the report and is no word."""
        report = super().embed_reports(word_pieces, reports)
        return report._replace(word_mask=report.word_mask & (report.sentence_of_word >= 0))

    def compare(self, study: WordStudy, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """The three losses; see :meth:`Method.compare`."""
        losses = super().compare(study, features, images, batch)
        if self.needs('token_alignment'):
            losses['token_alignment'] = self.token_alignment(
                study.patches, study.words, study.word_mask, self.patch_weights(study, features),
                attention_weights(features.start_attention, study.word_mask)).total
        if self.needs('prototype'):
            losses['prototype'] = sum(self.prototypes(study.image, study.report, batch)) / 2
        return losses

    @staticmethod
    def patch_weights(study: WordStudy, features: StudyFeatures) -> Tensor:
        """What each patch counts, (B, P), summing to 1: by the attention of a ViT's class token, else all the same."""
        paid = features.image.start_attention
        if paid is None:
            return torch.full_like(study.patches[..., 0], 1 / study.patches.shape[1])
        return attention_weights(paid, torch.ones_like(paid, dtype=torch.bool))

    def word_attention(self, study: WordStudy) -> Tensor:
        """Attention of each word over the patches, (B, V, P)."""
        return self.token_alignment.attention(unit(study.patches), unit(study.words), study.word_mask)[0]
