"""Methods of two encoders and a global alignment: ConVIRT, and SigLIP's loss in its place."""
import torch
from torch import Tensor

from prior_mm.registry import MODELS
from prior_mm.structures import ImageFeatures, ReportEmbeddings, Reports, StudyEmbeddings, StudyFeatures

from .alignment.contrastive import unit
from .encoders.projection import projection_head
from .encoders.sentence_embedding import mean_of_word_pieces
from .encoders.words import TextPooling, check_text_pooling, pool_word_pieces
from .global_batch import GlobalBatch
from .method import Method, build_part


@MODELS.register_module()
class DualEncoder(Method):
    """One vector a radiograph, one a report, and a loss between them; nothing local is trained.

    Args:
        embed_dims: Width D of the joint space.
        hidden_dims: Width of the hidden layer of the projections; None means linear ones.
        text_pooling: What stands for the report: ``'start'`` ([CLS]), or the ``'mean'`` or the ``'max'`` of its pieces.
        global_alignment: Config of the global alignment.
        loss_weights: Weight of each loss.
        **shared: What :class:`Method` takes, the encoders above all.
    """

    PUBLISHED_LOSSES = dict(global_alignment=1.)

    def __init__(self, embed_dims: int = 512, hidden_dims: int | None = None, text_pooling: TextPooling = 'start',
                 global_alignment: dict = dict(type='GlobalAlignment'),  # noqa: B006 (a config, never changed)
                 loss_weights: dict[str, float] | None = None, **shared) -> None:
        super().__init__(**shared)
        check_text_pooling(text_pooling)
        self.text_pooling = text_pooling
        self.image_projection = projection_head(self.image_encoder.out_channels, embed_dims, hidden_dims)
        self.text_projection = projection_head(self.text_encoder.embed_dims, embed_dims, hidden_dims)
        self.global_alignment = build_part(global_alignment)
        self.set_losses(loss_weights)

    def embed_images(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Patches (B, P, D) and images (B, D) by the one projection of the image; no loss sees the patches."""
        image = self.image_projection(features.pooled)  # first: autocast keeps the weights as it first casts them
        with torch.no_grad():
            return self.image_projection(features.patches), image

    def embed_reports(self, word_pieces: Tensor, reports: Reports) -> ReportEmbeddings:
        """Sentences (B, N, D) and reports (B, D) by the one projection of the text; no loss sees the sentences."""
        report = self.text_projection(pool_word_pieces(word_pieces, reports.token_mask, self.text_pooling))
        with torch.no_grad():
            sentences = self.text_projection(
                mean_of_word_pieces(word_pieces, reports.sentence_index, reports.sentence_mask.shape[1]))
        return ReportEmbeddings(sentences, sentences, reports.sentence_mask, report)

    def compare(self, study: StudyEmbeddings, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """The one loss; see :meth:`Method.compare`."""
        return dict(global_alignment=self.global_alignment(study.report, study.image, batch=batch)[0])

    def phrase(self, study: StudyEmbeddings) -> Tensor:
        """The reports themselves, which is what was trained, (B, D)."""
        return study.report

    def attention(self, study: StudyEmbeddings) -> Tensor:
        """Cosine of each sentence with each patch, in the joint space of the global vectors, (B, N, P)."""
        return unit(study.sentences) @ unit(study.patches).transpose(1, 2)
