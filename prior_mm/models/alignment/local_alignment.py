"""Local alignment module (LAM): patches and sentences of the same study."""
from collections.abc import Collection
from typing import ClassVar

from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..precision import full_precision
from ..same_report import SameReports
from .contrastive import info_nce_within, log_scale, unit
from .cross_attention import CrossAttended, CrossAttention


@MODELS.register_module()
class LocalAlignment(nn.Module):
    """The two losses of the LAM (paper section 3.3).

    The image side has no negatives, because neighbouring patches overlap in what they see (SimSiam form); the text
    side has the other sentences of the same report as negatives.

    Args:
        embed_dims: Width D.
        temperature: Where the learned temperature of the text side starts.
    """

    #: Parts of the model that it does without: no loss trains them.
    LEAVES_ALONE: ClassVar[Collection[str]] = ()
    #: What says how well a sentence fits the places of a radiograph: the attention, or the cosine.
    LOCAL_SCORE: ClassVar[str] = 'attention'

    def __init__(self, embed_dims: int, temperature: float = 0.01) -> None:
        super().__init__()
        self.predictor = nn.Sequential(
            nn.Linear(embed_dims, embed_dims // 2), nn.ReLU(inplace=True), nn.Linear(embed_dims // 2, embed_dims))
        nn.init.normal_(self.predictor[0].weight, std=embed_dims**-0.5)
        self.logit_scale = log_scale(temperature)

    def forward(self, patches: Tensor, sentences: Tensor, sentence_mask: Tensor, attended: CrossAttended,
                same: SameReports | None = None) -> tuple[Tensor, Tensor]:
        """The losses of the image and of the text side, two scalars.

        Args:
            patches: Patch embeddings, (B, P, D).
            sentences: Sentence embeddings or prototypes, (B, N, D).
            sentence_mask: True where a sentence stands, bool, (B, N).
            attended: What the cross attention made of them.
            same: Which of these studies say the same, for a contrast between studies; the paper's losses have none.
        """
        return (self.image_loss(patches, attended.patch_context),
                info_nce_within(sentences, attended.sentence_context, sentence_mask, self.logit_scale.exp()))

    def attention(self, patches: Tensor, sentences: Tensor, cross_attention: CrossAttention) -> Tensor:
        """What each patch (B, P, D) counts for the sentences (B, N, D) of its study, in (0, 1), (B, N, P)."""
        return cross_attention.weights(patches, sentences)[1]

    def image_loss(self, patches: Tensor, context: Tensor) -> Tensor:
        """Negative cosine between what is predicted from one side and the other side, held fixed; scalar."""
        predicted_context, predicted_patches = self.predictor(patches), self.predictor(context)
        with full_precision(patches):
            return -((unit(predicted_context) * unit(context.detach())).sum(dim=-1).mean()
                     + (unit(predicted_patches) * unit(patches.detach())).sum(dim=-1).mean()) / 2
