"""Supervised classification through MMPretrain: data set, loss and metric for labels that are not all known."""
from .auroc_metric import AUROCMetric
from .masked_bce_loss import MaskedBCELoss
from .normed_head import NormedLinearClsHead
from .radiograph_classification import RadiographClassification

__all__ = ['AUROCMetric', 'MaskedBCELoss', 'NormedLinearClsHead', 'RadiographClassification']
