"""Demo versions of the supervised data sets: real boxes and masks, synthetic radiographs that show them."""
from .annotations import RealAnnotations, load_real_annotations
from .write import IMAGES, write_demo_downstream

__all__ = ['IMAGES', 'RealAnnotations', 'load_real_annotations', 'write_demo_downstream']
