"""PRIOR: Prototype Representation Joint Learning from Medical Images and Reports (ICCV 2023, arXiv 2307.12577)."""
from typing import get_args

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, ReportEmbeddings, Reports, StudyEmbeddings, StudyFeatures

from .alignment.contrastive import unit
from .encoders.attention_pooling import AttentionPooling
from .encoders.patch_layout import patches_to_map
from .encoders.sentence_embedding import mean_of_word_pieces
from .global_batch import GlobalBatch
from .precision import at_least_float32
from .reconstruction.matching import MatchingOrder, match

#: Weights of the last stage; a stage's config replaces them (paper section 4.1).
PUBLISHED_LOSSES = dict(global_alignment=10., local_image=1., local_text=1., image_reconstruction=1.,
                        sentence_prototype=10., kl=1., global_prediction=1., prototype=10.)
#: Losses that are means over the sentences of the batch; the others are means over its studies.
MEANS_OVER_SENTENCES = ('prototype', 'kl')


@MODELS.register_module()
class PRIOR(BaseModel):
    """The method: encode, align globally and locally through prototypes, reconstruct each side from the other.

    Which losses have a weight decides what runs: without ``prototype`` the sentences stand for themselves, without
    the losses of the reconstruction there is none. A part that is None is an ablation: its losses are left out.

    Args:
        image_encoder: Config of the image encoder.
        text_encoder: Config of the text encoder.
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

    Raises:
        ValueError: If a loss or the matching order is not one that there is.
    """

    def __init__(self, image_encoder: dict, text_encoder: dict, embed_dims: int = 768,
                 global_alignment: dict = dict(type='GlobalAlignment'),  # noqa: B006 (a config, never changed)
                 cross_attention: dict = dict(type='CrossAttention'),  # noqa: B006
                 local_alignment: dict | None = None, prototype_bank: dict | None = None,
                 image_decoder: dict | None = None, sentence_decoder: dict | None = None, sentence_heads: int = 8,
                 loss_weights: dict[str, float] | None = None, matching_order: MatchingOrder = 'inverse',
                 data_preprocessor: dict | None = None, init_cfg: dict | None = None) -> None:
        super().__init__(MODELS.build(data_preprocessor or dict(type='StudyPreprocessor')), init_cfg)

        def build(config: dict | None, **given) -> nn.Module | None:
            return None if config is None else MODELS.build({**given, **config})

        self.image_encoder = build(image_encoder)
        self.text_encoder = build(text_encoder)
        self.local_image_projection = _projection(self.image_encoder.out_channels, embed_dims)
        self.global_image_projection = _projection(self.image_encoder.out_channels, embed_dims)
        self.sentence_projection = _projection(self.text_encoder.embed_dims, embed_dims)
        self.sentence_pooling = AttentionPooling(embed_dims, sentence_heads)
        self.global_alignment = build(global_alignment)
        self.cross_attention = build(cross_attention, embed_dims=embed_dims)
        self.local_alignment = build(local_alignment, embed_dims=embed_dims)
        self.prototype_bank = build(prototype_bank, embed_dims=embed_dims)
        self.image_decoder = build(image_decoder, embed_dims=embed_dims, stride=self.image_encoder.stride)
        self.sentence_decoder = build(sentence_decoder, embed_dims=embed_dims)
        if matching_order not in get_args(MatchingOrder):
            raise ValueError(f'matching_order must be one of {get_args(MatchingOrder)}, got {matching_order!r}')
        self.matching_order = matching_order
        self.set_losses(PUBLISHED_LOSSES if loss_weights is None else loss_weights)

    def set_losses(self, weights: dict[str, float]) -> None:
        """Set the weight of each loss, as a stage begins; a loss whose part is missing is left out.

        Raises:
            ValueError: If a name is not a loss of the method.
        """
        if unknown := weights.keys() - PUBLISHED_LOSSES.keys():
            raise ValueError(f'unknown losses {sorted(unknown)}; there are {sorted(PUBLISHED_LOSSES)}')
        parts = dict(local_image=self.local_alignment, local_text=self.local_alignment,
                     prototype=self.prototype_bank, kl=self.sentence_decoder and self.prototype_bank,
                     image_reconstruction=self.image_decoder, sentence_prototype=self.sentence_decoder,
                     global_prediction=self.sentence_decoder)
        self.loss_weights = {name: weight for name, weight in weights.items() if parts.get(name, self) is not None}

    def unused_parameters(self) -> list[nn.Parameter]:
        """Parameters that no loss of the present stage depends on; a backward pass gives them no gradient."""
        of_report = ('sentence_prototype', 'kl', 'global_prediction')
        attention, alignment = self.cross_attention, self.local_alignment
        needed_by = [  # what all losses depend on (the text encoder, the projection of sentences) is left out
            ([self.image_encoder.backbone], PUBLISHED_LOSSES.keys() - {'prototype'}),
            ([self.image_encoder.pooling, self.global_image_projection], ['global_alignment']),
            ([self.local_image_projection], ['local_image', 'local_text', 'image_reconstruction', *of_report]),
            ([self.sentence_pooling, self.global_alignment], ['global_alignment', 'global_prediction']),
            ([attention.image_query, attention.text_key, attention.text_value],
             ['local_image', 'image_reconstruction']),
            ([attention.text_query, attention.image_key, attention.image_value], ['local_text']),
            ([alignment and alignment.predictor], ['local_image']),
            ([alignment and alignment.logit_scale], ['local_text']),
            ([self.prototype_bank], ['prototype', 'kl']),
            ([self.image_decoder], ['image_reconstruction']),
            ([self.sentence_decoder], of_report),
        ]
        unused = [part for parts, losses in needed_by if not self._needs(*losses) for part in parts]
        return [parameter for part in unused if part is not None
                for parameter in ([part] if isinstance(part, nn.Parameter) else part.parameters())]

    def parts_with_one_entry(self) -> list[nn.Module]:
        """The parts whose parameters nobody touches but their own ``forward``, so that FSDP can gather each by itself.

        BERT's layers are not among them: :func:`packed_bert` goes past their ``forward``.
        """
        backbone = self.image_encoder.backbone
        stages = [getattr(backbone, name) for name in getattr(backbone, 'res_layers', ())]
        parts = [*stages, self.image_encoder, self.text_encoder, self.image_decoder, self.sentence_decoder]
        return [part for part in parts if part is not None]

    # ------------------------------------------------------------------------------------------------- the method

    def encode(self, images: Tensor, reports: Reports) -> StudyFeatures:
        """The encoders, up to the seam: normalised images (B, 1, H, W) and B reports to features."""
        return StudyFeatures(self.image_encoder(images), self.text_encoder(reports))

    def embed(self, features: StudyFeatures, reports: Reports) -> StudyEmbeddings:
        """Features to the joint space."""
        return StudyEmbeddings(*self.embed_images(features.image), *self.embed_reports(features.word_pieces, reports))

    def embed_images(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Features of B radiographs to the joint space: the patches, (B, P, D), and the images, (B, D)."""
        return self.local_image_projection(features.patches), self.global_image_projection(features.pooled)

    def embed_reports(self, word_pieces: Tensor, reports: Reports) -> ReportEmbeddings:
        """Features (B, L, W) of the word pieces of B reports to the joint space; sentences beyond Q are dropped."""
        mask = self._sentence_mask(reports)
        sentences = self.sentence_projection(
            mean_of_word_pieces(word_pieces, reports.sentence_index, mask.shape[1]))
        prototypes = self.to_prototypes(sentences, mask)
        return ReportEmbeddings(sentences, prototypes, mask, self.sentence_pooling(prototypes, mask))

    def to_prototypes(self, sentences: Tensor, mask: Tensor) -> Tensor:
        """Valid sentences of (B, N, D) replaced by prototypes; unchanged in a stage without them."""
        if 'prototype' not in self.loss_weights:
            return sentences
        prototypes = self.prototype_bank(sentences[mask])  # no noise is drawn for padding
        return prototypes.new_zeros(sentences.shape).masked_scatter(mask[..., None], prototypes)

    def losses(self, features: StudyFeatures, reports: Reports, images: Tensor,
               batch: GlobalBatch | None = None) -> dict[str, Tensor]:
        """All losses of the stage that follow from the encoders' features, weighted, as scalars ``loss_<name>``.

        On many processes their mean over the processes is the loss of the global batch.

        Args:
            features: What :meth:`encode` gives.
            reports: The reports.
            images: The normalised images, (B, 1, H, W), that the image decoder has to reconstruct.
            batch: What :meth:`global_batch` gives; best asked for before the encoders run.
        """
        batch = batch or self.global_batch(reports)
        study = self.embed(features, reports)
        losses, to_align = {}, dict(global_alignment=study.image)
        if self._needs('local_image', 'local_text', 'image_reconstruction'):
            attended = self.cross_attention(study.patches, study.prototypes, study.sentence_mask)
        if self._needs('local_image', 'local_text'):
            losses['local_image'], losses['local_text'] = self.local_alignment(
                study.patches, study.prototypes, study.sentence_mask, attended)
        if self._needs('prototype'):
            losses['prototype'] = self.prototype_bank.loss(study.sentences, study.prototypes, study.sentence_mask)
        if self._needs('image_reconstruction'):
            reconstruction = self._reconstruct(study.patches, attended.patch_context, features.image.grid)
            losses['image_reconstruction'] = self.image_decoder.loss(reconstruction, images)
        if self._needs('sentence_prototype', 'kl', 'global_prediction'):
            report_losses, to_align['global_prediction'] = self._report_losses(study)
            losses.update(report_losses)
        losses.update(zip(to_align, self.global_alignment(study.report, *to_align.values(), batch=batch), strict=True))
        return {f'loss_{name}': losses[name] * (weight * batch.share(of_sentences=name in MEANS_OVER_SENTENCES))
                for name, weight in self.loss_weights.items()}

    def global_batch(self, reports: Reports) -> GlobalBatch:
        """The batch of all processes, of which these reports are this process's share."""
        return GlobalBatch(len(reports.token_ids), self._sentence_mask(reports).sum())

    def _sentence_mask(self, reports: Reports) -> Tensor:
        """The mask of the sentences; the last stage drops those beyond Q."""
        if self.sentence_decoder is not None and self._needs('sentence_prototype'):
            return reports.sentence_mask[:, :self.sentence_decoder.num_queries]
        return reports.sentence_mask

    def _needs(self, *names: str) -> bool:
        return any(name in self.loss_weights for name in names)

    def _reconstruct(self, patches: Tensor, context: Tensor, grid: tuple[int, int]) -> Tensor:
        layout = self.image_encoder.patch_layout
        return self.image_decoder(patches_to_map(patches, grid, layout), patches_to_map(context, grid, layout))

    def _report_losses(self, study: StudyEmbeddings) -> tuple[dict[str, Tensor], Tensor]:
        """Reconstruction of the report as a set of sentence prototypes (paper section 3.5).

        Returns:
            The losses but for the global alignment, and what is to be aligned: the reports as predicted, (B, D).
        """
        predictions = at_least_float32(self.sentence_decoder(study.patches))
        num_sentences = study.sentence_mask.shape[1]
        targets = at_least_float32(study.prototypes).masked_fill(~study.sentence_mask[..., None], 0)
        targets = nn.functional.pad(targets, (0, 0, 0, predictions.shape[1] - num_sentences))
        order = match(predictions, targets, self.matching_order)
        predictions = predictions.gather(1, order[..., None].expand_as(predictions))
        losses = dict(sentence_prototype=(predictions - targets).abs().mean())
        predictions = predictions[:, :num_sentences]
        if self._needs('kl'):
            losses['kl'] = self.prototype_bank.kl(predictions, study.sentences, study.sentence_mask)
        return losses, self.sentence_pooling(self.to_prototypes(predictions, study.sentence_mask), study.sentence_mask)

    # --------------------------------------------------------------------------------------------- what users call

    def forward(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict] | None = None,
                mode: str = 'tensor') -> dict[str, Tensor] | list[dict] | StudyEmbeddings:
        """MMEngine's entry.

        Args:
            inputs: Normalised images, (B, 1, H, W).
            reports: Their reports. ``'predict'`` also takes None, for radiographs without reports.
            data_samples: What is known of the studies (ids, labels); handed on by ``'predict'``.
            mode: ``'loss'``: the weighted losses. ``'predict'``: for each study its sample with the L2-normalised
                ``image_embedding`` and, if there are reports, ``report_embedding``, float32 (D,). ``'tensor'``: the
                embeddings of the batch.

        Raises:
            ValueError: For another mode, or if it needs reports and there are none.
        """
        if reports is None and mode in ('loss', 'tensor'):
            raise ValueError(f"mode '{mode}' needs reports, and the batch has none: put TokenizeReport into the "
                             'pipeline, or take a data set with reports')
        if mode == 'loss':
            batch = self.global_batch(reports)
            return self.losses(self.encode(inputs, reports), reports, inputs, batch)
        if mode == 'predict':
            return self.predict(inputs, reports, data_samples or [{} for _ in inputs])
        if mode == 'tensor':
            return self.embed(self.encode(inputs, reports), reports)
        raise ValueError(f"mode must be 'loss', 'predict' or 'tensor', got '{mode}'")

    @torch.no_grad()
    def predict(self, inputs: Tensor, reports: Reports | None, data_samples: list[dict]) -> list[dict]:
        """Each study's sample with what :meth:`describe` says of the study."""
        patches, images = self.embed_images(self.image_encoder(inputs))
        report = None if reports is None else self.embed_reports(self.text_encoder(reports), reports).report
        described = self.describe(patches, images, report)
        return [{**sample, **{name: values[i] for name, values in described.items()}}
                for i, sample in enumerate(data_samples)]

    def describe(self, patches: Tensor, images: Tensor, reports: Tensor | None) -> dict[str, Tensor]:
        """What is predicted of B studies: their global embeddings, L2-normalised, float32 (B, D), on the CPU.

        Args:
            patches: Patch embeddings, (B, P, D).
            images: Global image embeddings, (B, D).
            reports: Global text embeddings, (B, D), or None where there are no reports.
        """
        described = dict(image_embedding=unit(images).cpu())
        if reports is not None:
            described['report_embedding'] = unit(reports).cpu()
        return described

    @torch.no_grad()
    def reconstruct(self, inputs: Tensor, reports: Reports) -> Tensor:
        """The images, in [0, 1], reconstructed from their patches and reports, (B, 1, H, W)."""
        features = self.encode(inputs, reports)
        study = self.embed(features, reports)
        attended = self.cross_attention(study.patches, study.prototypes, study.sentence_mask)
        images = self._reconstruct(study.patches, attended.patch_context, features.image.grid)
        return self.data_preprocessor.restore(images.float())

    @torch.no_grad()
    def sentence_attention(self, inputs: Tensor, reports: Reports) -> Tensor:
        """Attention of each sentence over the image, in (0, 1), (B, N, H', W'); needs ``patch_layout='places'``."""
        features = self.encode(inputs, reports)
        study = self.embed(features, reports)
        _, weights = self.cross_attention.weights(study.patches, study.prototypes)
        return weights.unflatten(2, features.image.grid)


def _projection(in_features: int, out_features: int) -> nn.Linear:
    projection = nn.Linear(in_features, out_features)
    nn.init.normal_(projection.weight, std=in_features**-0.5)
    return projection
