"""What the methods that align words share."""
import torch
from torch import Tensor

from prior_mm.structures import ImageFeatures, Reports, StudyFeatures, WordEmbeddings, WordStudy

from .encoders.patch_layout import map_to_patches
from .encoders.projection import projection_head
from .encoders.sentence_embedding import mean_of_word_pieces
from .encoders.words import (
    TextPooling,
    check_text_pooling,
    pool_word_pieces,
    sentence_of_words,
    sum_of_word_pieces,
    word_places,
)
from .global_batch import GlobalBatch
from .method import Method, build_part


class WordMethod(Method):
    """Encoders, patches of the last or an earlier map, words as sums of their pieces, and a global alignment.

    Args:
        embed_dims: Width D of the joint space.
        hidden_dims: Width of the hidden layer of the projections; None means linear ones.
        local_channels: Channels of the map that the patches are the places of, if it is not the last: the one before
            it, that the backbone gives besides (``out_indices=(2, 3)``).
        text_pooling: See :class:`.DualEncoder`.
        global_alignment: Config of the global alignment.
        **shared: What :class:`Method` takes, the encoders above all.
    """

    EMBEDDINGS = WordStudy
    DRAWN_BY = dict.fromkeys(('attention', 'cosine'), 'patch_projection')
    TRAINED_BY = dict.fromkeys(
        ('image_encoder.pooling', 'image_projection', 'report_projection', 'global_alignment'), ('global_alignment', ))

    def __init__(self, global_alignment: dict, embed_dims: int = 768, hidden_dims: int | None = None,
                 local_channels: int | None = None, text_pooling: TextPooling = 'start', **shared) -> None:
        super().__init__(**shared)
        check_text_pooling(text_pooling)
        self.text_pooling, self.from_earlier = text_pooling, local_channels is not None
        channels, width = self.image_encoder.out_channels, self.text_encoder.embed_dims
        self.patch_projection = projection_head(local_channels or channels, embed_dims, hidden_dims)
        self.image_projection = projection_head(channels, embed_dims, hidden_dims)
        self.word_projection = projection_head(width, embed_dims, hidden_dims)
        self.report_projection = projection_head(width, embed_dims, hidden_dims)
        self.global_alignment = build_part(global_alignment)

    def embed_images(self, features: ImageFeatures) -> tuple[Tensor, Tensor]:
        """Features of B radiographs to the joint space: the patches, (B, P, D), and the images, (B, D)."""
        return self.patch_projection(self.local_patches(features)), self.image_projection(features.pooled)

    def local_patches(self, features: ImageFeatures) -> Tensor:
        """The places of the map that is aligned locally, (B, P, C).

        Raises:
            ValueError: If it is an earlier one, and the backbone gives none.
        """
        if not self.from_earlier:
            return features.patches
        if not features.earlier:
            raise ValueError('local_channels is set, and the backbone gives one map only: set '
                             'image_encoder.backbone.out_indices=(2, 3)')
        return map_to_patches(features.earlier[-1])

    def local_grid(self, features: ImageFeatures) -> tuple[int, int]:
        """Height and width of that map."""
        return tuple(features.earlier[-1].shape[2:]) if self.from_earlier else features.grid

    def embed_reports(self, word_pieces: Tensor, reports: Reports) -> WordEmbeddings:
        """Features (B, L, W) of the word pieces of B reports to the joint space."""
        places = word_places(reports)
        words, mask = sum_of_word_pieces(word_pieces, places)
        report = pool_word_pieces(word_pieces, reports.token_mask, self.text_pooling)
        return WordEmbeddings(self.word_projection(words), mask, sentence_of_words(reports.sentence_index, places),
                              self.report_projection(report))

    def compare(self, study: WordStudy, features: StudyFeatures, images: Tensor,
                batch: GlobalBatch) -> dict[str, Tensor]:
        """The global alignment, if it is on; each method adds its own. See :meth:`Method.compare`."""
        if not self.needs('global_alignment'):
            return {}
        return dict(global_alignment=self.global_alignment(study.report, study.image, batch=batch)[0])

    def attention(self, study: WordStudy) -> Tensor:
        """Mean attention of the words of each sentence over the patches, (B, N, P)."""
        number = int(study.sentence_of_word.max()) + 1
        member = (study.sentence_of_word[:, None] == study.sentence_of_word.new_tensor(range(number))[:, None]).float()
        return member @ self.word_attention(study) / member.sum(dim=2, keepdim=True).clamp(min=1)

    def local_sentences(self, study: WordStudy) -> Tensor:
        """The means of their words, (B, N, D)."""
        return sentences_of_words(study)[0][:, 1:]

    def word_attention(self, study: WordStudy) -> Tensor:
        """Attention of each word over the patches, (B, V, P)."""
        return self.local_alignment.attention(study.patches, study.words, study.word_mask)


def sentences_of_words(study: WordStudy) -> tuple[Tensor, Tensor]:
    """[CLS] and the sentences, each the mean of its words, (B, 1 + N, D), and their mask."""
    number = int(study.sentence_of_word.max()) + 1
    sentences = mean_of_word_pieces(study.words, study.sentence_of_word, number)
    counts = study.sentence_of_word.amax(dim=1) + 2
    mask = torch.arange(number + 1, device=counts.device) < counts[:, None]
    return torch.cat([study.words[:, :1], sentences], dim=1), mask
