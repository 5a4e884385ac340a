"""The method and its parts, each a registered component."""
from .alignment import CrossAttention, GlobalAlignment, LocalAlignment
from .encoders import AttentionPooling, ImageEncoder, TextEncoder
from .prior import PRIOR
from .prototypes import SentencePrototypeBank
from .reconstruction import ImageDecoder, SentenceDecoder
from .study_preprocessor import StudyPreprocessor
from .zero_shot_classifier import ZeroShotClassifier

__all__ = [
    'PRIOR', 'AttentionPooling', 'CrossAttention', 'GlobalAlignment', 'ImageDecoder', 'ImageEncoder',
    'LocalAlignment', 'SentenceDecoder', 'SentencePrototypeBank', 'StudyPreprocessor', 'TextEncoder',
    'ZeroShotClassifier',
]
