"""DICOM files with whatever header a test asks for."""
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian


def write_dicom(path, pixels, syntax=ExplicitVRLittleEndian, **header):
    """Write stored values as a DICOM file; what is in ``header`` is set, ``None`` deletes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = '1.2.840.10008.5.1.4.1.1.1'
    meta.MediaStorageSOPInstanceUID = '1.2.3'
    meta.TransferSyntaxUID = syntax
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = 'MONOCHROME2' if pixels.ndim == 2 else 'RGB'
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == 'i')
    dataset.PixelData = pixels.tobytes()
    for name, value in header.items():
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)
    if syntax.is_encapsulated:
        dataset.PixelData = pydicom.encaps.encapsulate([pixels.tobytes()[:1000]])
    pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    return path


def lookup_table(first, bits, entries, signed=False):
    item = pydicom.Dataset()
    item.add_new('LUTDescriptor', 'SS' if signed else 'US', [len(entries), first, bits])
    item.add_new('LUTData', 'US', [int(entry) for entry in entries])
    return Sequence([item])
