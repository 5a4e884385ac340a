"""Supervised tasks on the pre-trained backbone, through MMPretrain, MMDetection and MMSegmentation.

Each task's own part is imported by its config (``custom_imports``), since not every installation has every toolbox.
"""
from .endless_sampler import EndlessVisitSampler
from .label_share import LabelShare
from .load_radiograph import LoadRadiographFile
from .pretrained_backbone import PretrainedBackbone

__all__ = ['EndlessVisitSampler', 'LabelShare', 'LoadRadiographFile', 'PretrainedBackbone']
