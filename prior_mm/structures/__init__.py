"""Typed batches and features: the bottom layer, which imports nothing of the project."""
from .reports import Reports

__all__ = ['Reports']
