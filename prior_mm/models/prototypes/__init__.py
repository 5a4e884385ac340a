"""The sentence prototype bank (SPB)."""
from .sentence_prototype_bank import SentencePrototypeBank

__all__ = ['SentencePrototypeBank']
