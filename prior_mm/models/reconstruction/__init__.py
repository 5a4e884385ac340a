"""Cross-modality conditional reconstruction (CCR)."""
from .image_decoder import ImageDecoder
from .matching import match
from .sentence_decoder import SentenceDecoder

__all__ = ['ImageDecoder', 'SentenceDecoder', 'match']
