"""A page for one's own machine or ward: see where a model looks, and what it says (docs/web_page.md)."""
from .app import create_app
from .server import serve

__all__ = ['create_app', 'serve']
