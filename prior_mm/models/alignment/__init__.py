"""Alignment of radiographs and reports, globally and locally (LAM)."""
from .cross_attention import CrossAttended, CrossAttention
from .global_alignment import GlobalAlignment
from .grounded_alignment import GroundedAlignment
from .local_alignment import LocalAlignment

__all__ = ['CrossAttended', 'CrossAttention', 'GlobalAlignment', 'GroundedAlignment', 'LocalAlignment']
