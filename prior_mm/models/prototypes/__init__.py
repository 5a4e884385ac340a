"""Prototypes: the sentence prototype bank (SPB), and MGCA's of both sides."""
from .cross_modal_prototypes import CrossModalPrototypes
from .prototype_usage import PrototypeUsage
from .sentence_prototype_bank import SentencePrototypeBank

__all__ = ['CrossModalPrototypes', 'PrototypeUsage', 'SentencePrototypeBank']
