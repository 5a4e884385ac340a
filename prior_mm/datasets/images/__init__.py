"""Radiographs from files: JPEG, PNG and DICOM to one gray array."""
from .mask import read_finding
from .pixel_range import COPIED, PixelRange, range_of_originals, read_pixel_range
from .reader import SUFFIXES, read_radiograph
from .scaling import fit_short_side, resize

__all__ = ['COPIED', 'SUFFIXES', 'PixelRange', 'fit_short_side', 'range_of_originals', 'read_finding',
           'read_pixel_range', 'read_radiograph', 'resize']
