"""Typed batches and features: the bottom layer, which imports nothing of the project."""
from .embeddings import ReportEmbeddings, StudyEmbeddings
from .features import ImageFeatures, StudyFeatures
from .reports import Reports

__all__ = ['ImageFeatures', 'ReportEmbeddings', 'Reports', 'StudyEmbeddings', 'StudyFeatures']
