"""Binary cross-entropy over the labels that are known."""
import torch.nn.functional as F
from torch import Tensor, nn

from prior_mm.registry import MODELS


@MODELS.register_module()
class MaskedBCELoss(nn.Module):
    """Mean of the binary cross-entropies of all known labels of a batch, for MMPretrain's ``MultiLabelLinearClsHead``.

    A label of -1 (or below) or NaN is not known and counts for nothing: neither as a negative, nor in the mean. A batch
    without any known label has a loss of 0, whose gradient is 0.

    Args:
        loss_weight: Factor of the loss.
    """

    def __init__(self, loss_weight: float = 1.) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, cls_score: Tensor, label: Tensor, avg_factor: float | None = None) -> Tensor:
        """The loss, a float32 scalar.

        Args:
            cls_score: Logits, (B, C), of any float type.
            label: 1, 0, anything between, or not known, float (B, C).
            avg_factor: Not used; MMPretrain's heads hand over the batch size.

        Raises:
            ValueError: If the shapes differ: the data set has other classes than the head.
        """
        if cls_score.shape != label.shape:
            raise ValueError(f'{tuple(cls_score.shape)} scores for {tuple(label.shape)} labels: set model.head.'
                             'num_classes to the number of classes of the annotation file')
        known = label >= 0  # not so for NaN
        losses = F.binary_cross_entropy_with_logits(cls_score.float(), label.float().where(known, label.new_zeros(())),
                                                    reduction='none')
        return self.loss_weight * (losses * known).sum() / known.sum().clamp(min=1)
