"""Radiographs from files: JPEG, PNG and DICOM to one gray array."""
from .reader import read_radiograph
from .scaling import fit_short_side, resize

__all__ = ['fit_short_side', 'read_radiograph', 'resize']
