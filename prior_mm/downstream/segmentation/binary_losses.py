"""Losses of one finding, as MGCA's and LoVT's code have them; MMSegmentation's focal loss fails on the CPU."""
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from prior_mm.registry import MODELS


class _BinaryLoss(nn.Module):
    """Of the logit of the finding, which is the difference of two logits by softmax; float32.

    Args:
        loss_weight: Factor.
        loss_name: What the loss is called in the log; it begins with ``loss_`` so that it counts.
    """

    def __init__(self, loss_weight: float, loss_name: str) -> None:
        super().__init__()
        self.loss_weight, self.loss_name = loss_weight, loss_name

    def forward(self, pred: Tensor, target: Tensor, weight: Tensor | None = None, ignore_index: int = 255) -> Tensor:
        """The loss.

        Args:
            pred: Logits of background and finding, (B, 2, H, W).
            target: 1 in the finding, else 0, int64 (B, H, W); nothing is ignored.
            weight: Of MMSegmentation's heads; None.
            ignore_index: Likewise; it has no use.
        """
        logits = pred.float()
        return self.loss_weight * self.of(logits[:, 1] - logits[:, 0], target.float())

    def of(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Without the factor."""
        raise NotImplementedError


@MODELS.register_module()
class BinaryFocalLoss(_BinaryLoss):
    """Cross entropy, each pixel weighed by how wrong it is; mean over the pixels (Lin et al., arXiv:1708.02002).

    Args:
        gamma: Power of the probability of what is not true.
        loss_weight: Factor.
        loss_name: See :class:`_BinaryLoss`.
    """

    def __init__(self, gamma: float = 2., loss_weight: float = 1., loss_name: str = 'loss_focal') -> None:
        super().__init__(loss_weight, loss_name)
        self.gamma = gamma

    def of(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Without the factor."""
        wrong = torch.sigmoid(logits * (1 - 2 * truth))
        return (wrong**self.gamma * F.binary_cross_entropy_with_logits(logits, truth, reduction='none')).mean()


@MODELS.register_module()
class BatchDiceLoss(_BinaryLoss):
    """1 less the Dice of all pixels of a batch, 0 for a batch without the finding; or less the logarithm of the Dice.

    Args:
        logarithm: Whether it is ``-log Dice``, with 1 added above and below the fraction line, as MGCA's code has it.
        loss_weight: Factor.
        loss_name: See :class:`_BinaryLoss`.
    """

    def __init__(self, logarithm: bool = False, loss_weight: float = 1., loss_name: str = 'loss_dice') -> None:
        super().__init__(loss_weight, loss_name)
        self.logarithm = logarithm

    def of(self, logits: Tensor, truth: Tensor) -> Tensor:
        """Without the factor."""
        found = torch.sigmoid(logits)
        both, either = 2 * (found * truth).sum(), found.sum() + truth.sum()
        if self.logarithm:
            return -torch.log((both + 1) / (either + 1))
        return (1 - both / either.clamp(min=1e-7)) * (truth.sum() > 0)
