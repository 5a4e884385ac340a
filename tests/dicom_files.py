"""DICOM files of radiographs for tests."""
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid


def radiograph(path, **changes):
    """A digital radiograph of 6 x 4 pixels; without an attribute where it is None."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    given = dict(
        SOPClassUID=DigitalXRayImageStorageForPresentation, SOPInstanceUID=generate_uid(),
        StudyInstanceUID=generate_uid(), SeriesInstanceUID=generate_uid(), Modality='DX',
        Rows=6, Columns=4, BitsAllocated=16, BitsStored=12, HighBit=11,
        SamplesPerPixel=1, PixelRepresentation=0, PhotometricInterpretation='MONOCHROME2', PatientID='p7',
        PatientName='Made^Up', PatientSex='', PatientBirthDate='', StudyID='1', StudyDate='', StudyTime='',
        AccessionNumber='', ReferringPhysicianName='', SeriesNumber=1, InstanceNumber=1,
        PixelData=np.zeros((6, 4), np.uint16).tobytes())
    for name, value in {**given, **changes}.items():
        if value is not None:
            setattr(image, name, value)
    image.save_as(path, enforce_file_format=True)
    return image
