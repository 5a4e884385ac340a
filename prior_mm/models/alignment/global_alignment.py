"""Global alignment: the radiograph and the report of one study, against those of the other studies of the batch."""
from torch import Tensor, nn

from prior_mm.registry import MODELS

from ..global_batch import GlobalBatch
from ..same_report import SameReports
from .contrastive import info_nce, log_scale


@MODELS.register_module()
class GlobalAlignment(nn.Module):
    """InfoNCE between two global embeddings over the batch of all processes (paper section 3.2).

    Args:
        temperature: Where the learned temperature starts.
        learned: Whether it is learned.
        weights: Of image to report, and of report to image; other methods than PRIOR do not take the mean of both.
    """

    def __init__(self, temperature: float = 0.01, learned: bool = True,
                 weights: tuple[float, float] = (0.5, 0.5)) -> None:
        super().__init__()
        self.logit_scale = log_scale(temperature, learned)
        self.weights = tuple(weights)

    def forward(self, reports: Tensor, *others: Tensor, batch: GlobalBatch) -> list[Tensor]:
        """Align each of the others with the reports; all are gathered in one collective.

        Args:
            reports: Embeddings of B reports, (B, D).
            others: Embeddings of the same studies from elsewhere, (B, D); the images, for example.
            batch: The batch of all processes.

        Returns:
            For each of the others both directions, weighted, over this process's studies, float32 scalar.
        """
        (all_reports, *all_others), first = batch.gather(reports, *others)
        return [self._loss(other, all_other, reports, all_reports, first, batch.same)
                for other, all_other in zip(others, all_others, strict=True)]

    def _loss(self, left: Tensor, all_left: Tensor, right: Tensor, all_right: Tensor, first: int,
              same: SameReports | None) -> Tensor:
        scale, (there, back) = self.logit_scale.exp(), self.weights
        return (there * info_nce(left, all_right, scale, first, same)
                + back * info_nce(right, all_left, scale, first, same))
