"""RSNA's, SIIM's and CheXpert's layouts with made-up images of 64 x 64 px, for the tests of their converters."""
import csv
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from prior_mm.converters.downstream.chexpert_labels import FINDINGS

PIXELS = 64


@lru_cache
def dicom(height=PIXELS, width=PIXELS):
    """Bytes of a radiograph."""
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = '1.2.3.4'
    data.Rows, data.Columns, data.SamplesPerPixel, data.PhotometricInterpretation = height, width, 1, 'MONOCHROME2'
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.PixelData = np.zeros((height, width), np.uint8).tobytes()
    file = io.BytesIO()
    pydicom.dcmwrite(file, data, enforce_file_format=True)
    return file.getvalue()


def write_csv(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', newline='') as file:
        csv.writer(file).writerows(rows)
    return path


def write_file(path: Path, content=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(dicom() if content is None else content)


RSNA_HEADER = ('patientId', 'x', 'y', 'width', 'height', 'Target')


def write_rsna(root, images=40, positive=10):
    """``p00`` ... of which the first ones have a box, and ``p00`` two."""
    rows = [RSNA_HEADER, ('p00', '40.0', '8.0', '10.0', '20.0', '1')]
    for number in range(images):
        box = ('4.0', '6.0', '10.0', '12.0', '1') if number < positive else ('', '', '', '', '0')
        rows.append((f'p{number:02d}', *box))
        write_file(root / f'stage_2_train_images/p{number:02d}.dcm')
    write_csv(root / 'stage_2_train_labels.csv', rows)
    return root


def siim_id(number):
    return f'1.2.276.0.7230010.3.1.4.8323329.{number}.1517875201.850819'


def write_siim(root, images=40, positive=10):
    """The first ones have two runs of 3 pixels in the first column, and the very first another row with one more."""
    rows = [('ImageId', ' EncodedPixels'), (siim_id(0), '100 5')]
    for number in range(images):
        rows.append((siim_id(number), '2 3 4 3' if number < positive else '-1'))
        write_file(root / f'dicom-images-train/s{number}/t{number}/{siim_id(number)}.dcm')
    write_csv(root / 'train-rle.csv', rows)
    return root


CHEXPERT_HEADER = ('Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA', *FINDINGS)


def chexpert_row(patient, view='Frontal', folder='train', study=1, **labels):
    """Labels by finding, blanks as underscores."""
    path = f'CheXpert-v1.0-small/{folder}/patient{patient:05d}/study{study}/view1_{view.lower()}.jpg'
    return (path, 'Female', '60', view, 'AP' if view == 'Frontal' else '',
            *(labels.get(name.replace(' ', '_'), '') for name in FINDINGS))


def write_chexpert(root, rows, valid=()):
    write_csv(root / 'train.csv', [CHEXPERT_HEADER, *rows])
    if valid:
        write_csv(root / 'valid.csv', [CHEXPERT_HEADER, *valid])
    for row in [*rows, *valid]:
        write_file(root / row[0].split('/', 1)[1], b'\xff\xd8\xff')
    return root
