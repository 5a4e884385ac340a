"""Typed batches and features: the bottom layer, which imports nothing of the project."""
from .embeddings import ReportEmbeddings, StudyEmbeddings, WordEmbeddings, WordStudy
from .features import ImageFeatures, StudyFeatures
from .reports import Reports, WordReports

__all__ = ['ImageFeatures', 'ReportEmbeddings', 'Reports', 'StudyEmbeddings', 'StudyFeatures', 'WordEmbeddings',
           'WordReports', 'WordStudy']
