"""The encoders of the paper: radiograph to patches, report to word pieces and sentences."""
from .attention_pooling import AttentionPooling
from .image_encoder import ImageEncoder
from .text_encoder import TextEncoder
from .timm_backbone import TimmBackbone

__all__ = ['AttentionPooling', 'ImageEncoder', 'TextEncoder', 'TimmBackbone']
