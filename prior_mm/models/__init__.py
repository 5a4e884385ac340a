"""The method and its parts, each a registered component."""
from .alignment import CrossAttention, GlobalAlignment, GroundedAlignment, LocalAlignment
from .encoders import AttentionPooling, ImageEncoder, TextEncoder
from .phrase_grounder import PhraseGrounder
from .prior import PRIOR
from .prototypes import SentencePrototypeBank
from .reconstruction import ImageDecoder, SentenceDecoder
from .study_preprocessor import StudyPreprocessor
from .zero_shot_classifier import ZeroShotClassifier

__all__ = [
    'PRIOR', 'AttentionPooling', 'CrossAttention', 'GlobalAlignment', 'GroundedAlignment', 'ImageDecoder',
    'ImageEncoder', 'LocalAlignment', 'PhraseGrounder', 'SentenceDecoder', 'SentencePrototypeBank',
    'StudyPreprocessor', 'TextEncoder', 'ZeroShotClassifier',
]
