"""A trained model as people use it, from Python and from the command line (docs/inference.md)."""
from .archive import Archive
from .images import Radiograph, gray_image
from .info import ModelInfo
from .loading import load
from .model import Model
from .results import (
    DraftSentence,
    Dropped,
    Embeddings,
    Failure,
    HeatMap,
    Match,
    NearSentence,
    Prototype,
    Reconstruction,
    ReportDraft,
    Scores,
    Verdict,
)

__all__ = ['Archive', 'DraftSentence', 'Dropped', 'Embeddings', 'Failure', 'HeatMap', 'Match', 'Model', 'ModelInfo',
           'NearSentence', 'Prototype', 'Radiograph', 'Reconstruction', 'ReportDraft', 'Scores', 'Verdict',
           'gray_image', 'load']
