"""False negatives: other studies of the batch whose reports say the same, which every contrastive loss pushes away."""
import json
import zlib
from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS
from prior_mm.structures import Reports

Criterion = Literal['text', 'labels', 'similarity']
Treatment = Literal['mask', 'soften']
_BINS = 2048  # word pieces are counted in so many


class SameReports(NamedTuple):
    """Which studies of the global batch say the same as those of this process.

    Attributes:
        pairs: True where they do, bool, (B, M); True for a study and itself.
        soften: Such a study is as right as the own one; otherwise it only is no negative.
    """

    pairs: Tensor
    soften: bool


@MODELS.register_module()
class SameReport(nn.Module):
    """Finds studies whose reports say the same, and says what becomes of them.

    Args:
        by: ``'text'``: the same sentences, in any order, of the whole reports or of what is drawn of them at this
            visit. ``'labels'``: the same labels, of those that have any. ``'similarity'``: the cosine of how often the
            word pieces occur in what is drawn is at least ``threshold``.
        treatment: ``'mask'``: they are no negatives. ``'soften'``: they are as right as the study's own partner.
        threshold: See ``by``.

    Raises:
        ValueError: For another criterion or treatment.
    """

    def __init__(self, by: Criterion = 'text', treatment: Treatment = 'mask', threshold: float = 0.95) -> None:
        super().__init__()
        if by not in get_args(Criterion) or treatment not in get_args(Treatment):
            raise ValueError(f'same_report: by must be one of {get_args(Criterion)} and treatment one of '
                             f'{get_args(Treatment)}, got {by!r} and {treatment!r}')
        self.by, self.soften, self.threshold = by, treatment == 'soften', threshold

    @torch.no_grad()
    def signs(self, reports: Reports, data_samples: list[dict] | None) -> Tensor:
        """What B studies are compared by, (B, F): unit vectors, or whole numbers in float64, one of which is equal.

        Raises:
            ValueError: If labels are to be compared and none are known.
        """
        if self.by == 'similarity':
            bins = (reports.token_ids % _BINS).masked_fill(reports.sentence_index < 0, _BINS)
            counts = torch.zeros(len(bins), _BINS + 1, device=bins.device)
            return F.normalize(counts.scatter_add(1, bins, torch.ones_like(bins, dtype=counts.dtype))[:, :_BINS], dim=1)
        if self.by == 'text':
            drawn = text_sign(reports).double()[:, None]
            whole = [sample.get('report_sign', float('nan')) for sample in data_samples or [{}] * len(drawn)]
            return torch.cat([drawn, drawn.new_tensor(whole)[:, None]], dim=1)
        if not any(sample.get('labels') for sample in data_samples or ()):
            raise ValueError("same_report by='labels' needs studies with labels, and the batch has none: convert with "
                             "--labels, or take by='text'")
        # Written out: `hash` gives other numbers in other processes. NaN equals nothing, not even itself.
        written = [json.dumps(sample.get('labels') or None, sort_keys=True).encode() for sample in data_samples]
        return torch.tensor([[float('nan') if text == b'null' else zlib.crc32(text)] for text in written],
                            dtype=torch.float64, device=reports.token_ids.device)

    @torch.no_grad()
    def compare(self, own: Tensor, everyone: Tensor, first: int) -> SameReports:
        """Compare the signs of this process, (B, F), with those of all, (M, F), of which its own begin at ``first``."""
        pairs = (own @ everyone.T >= self.threshold if self.by == 'similarity' else
                 (own[:, None] == everyone).any(dim=2))
        return SameReports(pairs.index_put(
            (torch.arange(len(own), device=own.device), torch.arange(first, first + len(own), device=own.device)),
            torch.tensor(True, device=own.device)), self.soften)


def text_sign(reports: Reports) -> Tensor:
    """A number of each report that does not depend on the order of its sentences, below 2^52, int64, (B,)."""
    index = reports.sentence_index
    number = reports.sentence_mask.shape[1]
    inside = index >= 0
    before = torch.cat([torch.full_like(index[:, :1], -1), index[:, :-1]], dim=1)
    column = torch.arange(index.shape[1], device=index.device).expand_as(index)
    start = torch.where(index != before, column, 0).cummax(dim=1).values
    pieces = _mixed(reports.token_ids * 1024 + column - start).masked_fill(~inside, 0)
    sentences = index.new_zeros(len(index), number + 1).scatter_add(1, index.masked_fill(~inside, number), pieces)
    return _mixed(sentences[:, :number]).masked_fill(~reports.sentence_mask, 0).sum(dim=1) & (2**52 - 1)


def _mixed(numbers: Tensor) -> Tensor:
    """Whole numbers spread over all bits; products that are too large wrap around."""
    for factor in (-0x61c8864680b583eb, 0x27d4eb2f165667c5):
        numbers = (numbers ^ (numbers >> 31)) * factor
    return numbers ^ (numbers >> 29)
