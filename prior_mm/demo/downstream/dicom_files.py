"""DICOM files of drawn films: the same bytes for the same film, without a clock or a random number."""
import io
from dataclasses import dataclass

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from ..files import digest

#: Width of a chest film's detector in mm.
_DETECTOR = 360.


@dataclass(frozen=True)
class DicomHeader:
    """What the file says beside the pixels.

    Attributes:
        image_uid: The SOP instance.
        patient_id: As RSNA has it, the name of the file.
        sex: ``'M'`` or ``'F'``.
        age: In years.
        view: ``'PA'`` or ``'AP'``.
    """

    image_uid: str
    patient_id: str
    sex: str
    age: int
    view: str


def hashed_uid(text: str) -> str:
    """A UID of a text: the root for UUIDs, 2.25 (DICOM PS3.5 B.2), and 128 bits of its hash."""
    return f'2.25.{int(digest(text)[:32], 16)}'


def hashed_uuid(text: str) -> str:
    """A text's hash in the form of RSNA's patientId."""
    number = digest(text)
    return '-'.join((number[:8], number[8:12], number[12:16], number[16:20], number[20:32]))


def to_dicom(pixels: np.ndarray, header: DicomHeader) -> bytes:
    """A DICOM file of 8-bit gray values, uncompressed.

    Args:
        pixels: uint8, (H, W), bone bright.
        header: What it says.
    """
    data = pydicom.Dataset()
    data.file_meta = meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = data.SOPClassUID = ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = UID(header.image_uid)
    # Else pydicom would put its own version there, and the bytes would change with it.
    meta.ImplementationClassUID, meta.ImplementationVersionName = UID(hashed_uid('prior_mm demo')), 'PRIOR_MM_DEMO'
    data.StudyInstanceUID = UID(hashed_uid(f'study {header.image_uid}'))
    data.SeriesInstanceUID = UID(hashed_uid(f'series {header.image_uid}'))
    data.Modality, data.ConversionType, data.BodyPartExamined = 'CR', 'WSD', 'CHEST'
    data.ViewPosition, data.PatientName, data.PatientID = header.view, 'SYNTHETIC', header.patient_id
    data.PatientSex, data.PatientAge = header.sex, f'{header.age:03d}Y'
    data.ImageComments = 'SYNTHETIC: drawn by a program, no patient'
    data.Rows, data.Columns = pixels.shape
    data.PixelSpacing = [f'{_DETECTOR / pixels.shape[0]:.4f}'] * 2
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, 'MONOCHROME2'
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    content = pixels.astype(np.uint8).tobytes()
    data.PixelData = content + b'\0' * (len(content) % 2)
    file = io.BytesIO()
    pydicom.dcmwrite(file, data, enforce_file_format=True)
    return file.getvalue()
