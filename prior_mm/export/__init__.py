"""One part of a checkpoint in the form that other libraries load, with a model card (docs/export.md)."""
from .backbone import Backbone, export_backbone
from .folder import export
from .joint import load_joint
from .source import Source, read_source

__all__ = ['Backbone', 'Source', 'export', 'export_backbone', 'load_joint', 'read_source']
