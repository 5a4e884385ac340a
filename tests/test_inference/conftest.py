"""The tiny model of the tests of this folder."""
from tiny_home import home, model

__all__ = ['home', 'model']
