"""A local alignment that looks at the finding: each sentence has to find its radiograph by a place in it."""
import torch
import torch.nn.functional as F
from torch import Tensor

from prior_mm.registry import MODELS

from ..precision import full_precision
from ..same_report import SameReports
from .contrastive import mean_within, unit
from .cross_attention import CrossAttended, CrossAttention
from .local_alignment import LocalAlignment


@MODELS.register_module()
class GroundedAlignment(LocalAlignment):
    """The image side of the LAM, and in place of its text side a contrast between studies. Beyond the paper.

    The paper's losses take their negatives from the same report, so that any chest film serves them. Here a sentence is
    compared with every radiograph of the batch, by the places that fit it: the mean of the cosines of patches and
    sentence, weighted by the softmax of the same cosines over the places. InfoNCE asks which radiograph belongs to each
    sentence, and which sentences to each radiograph: what raises the cosine at one place has to be seen there, and not
    on the other films. The negatives are those of one process.

    Args:
        embed_dims: Width D.
        temperature: Where the learned temperature of the contrast starts.
        focus: Temperature of the softmax over the places: near 0 only the best one counts, a large one makes it the
            mean.
    """

    LOCAL_SCORE = 'cosine'
    LEAVES_ALONE = ('cross_attention.text_query', 'cross_attention.image_key', 'cross_attention.image_value')

    def __init__(self, embed_dims: int, temperature: float = 0.1, focus: float = 0.1) -> None:
        super().__init__(embed_dims, temperature)
        self.focus = focus

    def forward(self, patches: Tensor, sentences: Tensor, sentence_mask: Tensor, attended: CrossAttended,
                same: SameReports | None = None) -> tuple[Tensor, Tensor]:
        """See :meth:`LocalAlignment.forward`."""
        with full_precision(patches):
            similarity = sentence_similarity(patches, sentences[sentence_mask], self.focus) * self.logit_scale.exp()
            films = torch.arange(len(patches), device=patches.device)
            own = films[:, None].expand_as(sentence_mask)[sentence_mask]  # the radiograph of each sentence
            partner = films[:, None] == own
            alike = partner if same is None else same.pairs[:, own]  # no negatives; as right as the own one, or nothing
            right = alike if same is not None and same.soften else partner
            share = right / right.sum(dim=0)
            lowest = torch.finfo(similarity.dtype).min
            which_film = -(share * similarity.masked_fill(alike & ~right, lowest).log_softmax(dim=0)).sum(dim=0)
            others = similarity.masked_fill(alike, lowest).logsumexp(dim=1, keepdim=True)
            which_sentences = (share * F.softplus(others - similarity)).sum(dim=0)
            contrast = similarity.new_zeros(sentence_mask.shape).masked_scatter(
                sentence_mask, (which_film + which_sentences) / 2)
            local_text = mean_within(contrast, sentence_mask)
        return self.image_loss(patches, attended.patch_context), local_text

    def attention(self, patches: Tensor, sentences: Tensor, cross_attention: CrossAttention | None = None) -> Tensor:
        """What each place counts for the sentences (B, N, D) of its own study, summing to 1, float32 (B, N, P)."""
        with full_precision(patches):
            return (unit(sentences) @ unit(patches).transpose(1, 2) / self.focus).softmax(dim=-1)


def sentence_similarity(patches: Tensor, sentences: Tensor, focus: float = 0.1) -> Tensor:
    """How well each of M sentences (M, D) fits each of A radiographs (A, P, D) by its places, in [-1, 1], (A, M)."""
    cosine = torch.einsum('apd,md->amp', unit(patches), unit(sentences))
    return ((cosine / focus).softmax(dim=-1) * cosine).sum(dim=-1)
