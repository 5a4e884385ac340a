"""GLoRIA's local alignment: every image of the batch against the words (or sentences) of every report."""
import torch
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..global_batch import GlobalBatch
from ..precision import at_least_float32, full_precision
from ..recompute import recomputed
from .contrastive import cross_entropy_of_partners


@MODELS.register_module()
class RegionAlignment(nn.Module):
    """A report's similarity to an image is how well its words fit the regions they attend to (GLoRIA, section 3.3).

    Images x reports x words x patches numbers are more than fit any memory. They are made for some reports at a time,
    and made again for the gradient: about six times ``chunk`` numbers are held at once, whatever the batch. Reports of
    like length go together, so that short ones are not filled up to the longest of the batch.

    Args:
        softmax_temperature: Factor of the attention before its softmax over the patches (temp1).
        word_temperature: Factor of the cosine of word and context before the sum over the words (temp2).
        temperature: Factor of the similarity before the cross entropy (temp3).
        chunk: Numbers (image x report x word x patch) at a time; a report takes as many as it needs. A processor is
            fastest with what its caches hold, 2**20 or so.
    """

    def __init__(self, softmax_temperature: float = 4., word_temperature: float = 5., temperature: float = 10.,
                 chunk: int = 2**28) -> None:
        super().__init__()
        self.softmax_temperature, self.word_temperature = softmax_temperature, word_temperature
        self.temperature, self.chunk = temperature, chunk

    def forward(self, patches: Tensor, words: Tensor, mask: Tensor, batch: GlobalBatch) -> Tensor:
        """Image to report plus report to image, over this process's studies; float32 scalar.

        Args:
            patches: Patch embeddings, (B, P, D).
            words: Word embeddings, (B, V, D).
            mask: True where a word counts, bool, (B, V).
            batch: The batch of all processes.
        """
        all_words, all_masks = batch.gather_sets(at_least_float32(words), mask)
        own = self.temperature * self.similarities(patches, all_words, all_masks)
        (everyone, ), first = batch.gather(own)
        columns = everyone[:, first:first + len(own)].T
        return (cross_entropy_of_partners(own, first, batch.same)
                + cross_entropy_of_partners(columns, first, batch.same))

    def similarities(self, patches: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """Similarity of images (B, P, D) and reports (M, V, D), float32 (B, M): log of a sum over the words."""
        with full_precision(patches):
            patches = at_least_float32(patches)
            gram = patches @ patches.transpose(1, 2)
            size = max(1, self.chunk // (len(patches) * words.shape[1] * patches.shape[1]))
            places = torch.arange(1, mask.shape[1] + 1, device=mask.device)
            lengths, order = (mask * places).amax(dim=1).sort(stable=True)
            longest = [max(1, int(some[-1])) for some in lengths.cpu().split(size)]
            reports = (at_least_float32(words).index_select(0, order), mask[order])
            found = [recomputed(self._similarities, patches, gram, some[:, :end], counts[:, :end])
                     for some, counts, end in zip(*(part.split(size) for part in reports), longest, strict=True)]
            return torch.cat(found, dim=1).index_select(1, order.argsort())

    def _similarities(self, patches: Tensor, gram: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        cosine = self.word_cosines(patches, gram, words, mask)
        return (self.word_temperature * cosine).masked_fill(~mask, torch.finfo(cosine.dtype).min).logsumexp(dim=2)

    def word_cosines(self, patches: Tensor, gram: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """Cosine of each word (M, V, D) with its context in each image (B, P, D), (B, M, V).

        The contexts are never laid out: with the attention a over patches of inner products G (``gram``, (B, P, P)),
        a context has the inner product a.s with its word, s being the word's with the patches, and the length
        sqrt(a.G.a).
        """
        scores, attention = self._attend(patches, words, mask)
        inner = (attention * scores).sum(dim=-1)
        spread = (attention.flatten(1, 2) @ gram).view_as(attention)
        length = (attention * spread).sum(dim=-1).clamp(min=1e-16).sqrt() * words.norm(dim=-1)
        return inner / length.clamp(min=1e-8)

    def attention(self, patches: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """Attention of the words (B, V, D) of B reports over the patches of their own images, (B, V, P)."""
        with full_precision(patches):
            scores = at_least_float32(words) @ at_least_float32(patches).transpose(1, 2)
            return self._softmaxes(scores, mask)

    def _attend(self, patches: Tensor, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Inner products of words and patches, and the attention: a softmax over words, then one over patches."""
        scores = (patches @ words.flatten(0, 1).T).unflatten(2, mask.shape).permute(0, 2, 3, 1)  # (B, M, V, P)
        return scores, self._softmaxes(scores, mask)

    def _softmaxes(self, scores: Tensor, mask: Tensor) -> Tensor:
        among_words = scores.masked_fill(~mask[..., None], torch.finfo(scores.dtype).min).softmax(dim=-2)
        return (self.softmax_temperature * among_words).softmax(dim=-1)
