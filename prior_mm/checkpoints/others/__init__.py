"""Weights that others trained: whose they are, what they are named here, and how their images were normalised."""
from .read import OtherWeights, read_other

__all__ = ['OtherWeights', 'read_other']
