"""Alignment of radiographs and reports, globally and locally (LAM)."""
from .cross_attention import CrossAttended, CrossAttention
from .global_alignment import GlobalAlignment
from .grounded_alignment import GroundedAlignment
from .local_alignment import LocalAlignment
from .region_alignment import RegionAlignment
from .sigmoid_alignment import SigmoidAlignment
from .token_alignment import TokenAlignment

__all__ = ['CrossAttended', 'CrossAttention', 'GlobalAlignment', 'GroundedAlignment', 'LocalAlignment',
           'RegionAlignment', 'SigmoidAlignment', 'TokenAlignment']
