"""What is fuzzed: readers of reports, run lengths, annotation files, DICOM, JPEG and PNG files, and tables.

Each target has real bytes to begin with, pieces that its format knows, and a check: it gives ``read`` or ``refused``,
and raises whatever else happens. What was read must be what the rest of the project relies on.
"""
import gzip
import io
import json
import os
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
from made_up_mimic import REPORT
from made_up_studies import METAINFO, entry
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit, RLELossless

from prior_mm.converters.csv_tables import TableError, read_rows
from prior_mm.converters.downstream.run_lengths import (
    RunLengthError,
    decode_run_lengths,
    encode_run_lengths,
)
from prior_mm.converters.openi import read_openi_reports
from prior_mm.converters.study_conversion import read_report
from prior_mm.datasets import AnnotationError, ImageError
from prior_mm.datasets.images import read_radiograph
from prior_mm.datasets.images.limits import MAX_PIXELS
from prior_mm.datasets.reports import report_sentences
from prior_mm.datasets.study_schema import check_study
from prior_mm.datasets.study_table import read_studies


class Target(NamedTuple):
    """Something to fuzz.

    Attributes:
        seeds: Real inputs.
        pieces: Bytes that mean something in this format.
        check: Takes an input, and a path to write it to; gives ``read`` or ``refused``.
    """
    seeds: Callable[[], list[bytes]]
    pieces: tuple[bytes, ...]
    check: Callable[[bytes, Path], str]


def require(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def check_report(content: bytes, path: Path) -> str:
    """Sentences are lines of text that UTF-8 can hold, and no more text than there was."""
    path.write_bytes(content)
    try:
        text = read_report(path)
    except ValueError:
        return 'refused'
    sentences = report_sentences(text)
    for sentence in sentences:
        require(bool(sentence.strip()) and '\n' not in sentence, f'no sentence: {sentence[:50]!r}')
        sentence.encode()
    require(sum(map(len, sentences)) <= 2 * len(text) + 9, 'more text than the report has')
    return 'read'


def check_run_lengths(content: bytes, path: Path) -> str:
    """A mask is of 0 and 1, and its own run lengths give it again."""
    try:
        mask = decode_run_lengths(content.decode('latin-1'), 48, 32)
    except RunLengthError:
        return 'refused'
    require(mask.shape == (48, 32) and mask.dtype == np.uint8 and mask.max() <= 1, 'no mask')
    require(np.array_equal(decode_run_lengths(encode_run_lengths(mask), 48, 32), mask), 'other run lengths')
    return 'read'


def check_annotations(content: bytes, path: Path) -> str:
    """What is read follows the schema, stays below the image root, and can be written again; errors name the file."""
    path.write_bytes(content)
    try:
        table = read_studies(path)
    except AnnotationError as error:
        require(str(path) in str(error), 'the message does not name the file')
        return 'refused'
    for index in range(len(table)):
        study = check_study(table[index])
        json.dumps([study['study_id'], study['images'], study['sentences']], ensure_ascii=False).encode()
        for image in study['images']:
            require(not os.path.isabs(image) and not os.path.normpath(image).startswith('..'), f'leads out: {image}')
    return 'read'


def check_image(content: bytes, path: Path) -> str:
    """An image is gray, of 8 or 16 bits and of a size that was promised; errors name the file."""
    path.write_bytes(content)
    try:
        image = read_radiograph(path, 16)
    except ImageError as error:
        require(str(path) in str(error), 'the message does not name the file')
        return 'refused'
    require(image.ndim == 2 and image.dtype in (np.uint8, np.uint16), f'{image.shape}, {image.dtype}')
    require(0 < image.size <= MAX_PIXELS, f'{image.shape}')
    return 'read'


def check_table(content: bytes, path: Path) -> str:
    """Rows have what was asked for; errors name the file."""
    path.write_bytes(content)
    try:
        for _, row in read_rows(path, ('study_id', 'split')):
            require(row.keys() == {'study_id', 'split'}, 'other columns')
    except TableError as error:
        require(str(path) in str(error), 'the message does not name the file')
        return 'refused'
    return 'read'


@lru_cache
def reports() -> list[bytes]:
    """Reports of Open-i where the package that carries them is installed, in MIMIC's layout, and a made-up one."""
    try:
        real = [f'                FINAL REPORT\n INDICATION: ___\n\n FINDINGS:\n {report.findings}\n\n IMPRESSION:\n'
                f' {report.impression}\n'.encode() for report in islice(read_openi_reports(), 300)]
    except FileNotFoundError:
        real = []
    return [REPORT.encode(), REPORT.lower().encode(), REPORT.encode('utf-16'), *real]


@lru_cache
def run_lengths() -> list[bytes]:
    """Of drawn masks: boxes, and noise."""
    rng = np.random.default_rng(0)
    masks = [rng.random((48, 32)) < share for share in (0.01, 0.1, 0.5)]
    boxes = np.zeros((4, 48, 32), np.uint8)
    for number, box in enumerate(boxes):
        box[10 * number:10 * number + 9, number:20] = 1
    return [b'-1', *(encode_run_lengths(mask).encode() for mask in (*masks, *boxes))]


@lru_cache
def annotations() -> list[bytes]:
    """Annotation files of made-up studies, compact and indented."""
    files = [dict(metainfo=METAINFO, data_list=[entry(number) for number in range(count)]) for count in (1, 3, 9)]
    return [*(json.dumps(file).encode() for file in files), json.dumps(files[1], indent=1, ensure_ascii=False).encode()]


def dicom_file(pixels: np.ndarray, syntax=ExplicitVRLittleEndian, data: bytes | None = None, **header) -> bytes:
    """A DICOM file of stored values."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = '1.2.840.10008.5.1.4.1.1.1', '1.2.3'
    meta.TransferSyntaxUID = syntax
    dataset = pydicom.Dataset()
    dataset.file_meta = meta
    dataset.PatientName = 'Doe^Jane'
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.SamplesPerPixel = 1 if pixels.ndim == 2 else 3
    if pixels.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.PhotometricInterpretation = 'MONOCHROME2' if pixels.ndim == 2 else 'RGB'
    dataset.BitsAllocated = dataset.BitsStored = pixels.dtype.itemsize * 8
    dataset.HighBit, dataset.PixelRepresentation = dataset.BitsStored - 1, 0
    if pixels.dtype.kind == 'f':
        dataset.FloatPixelData = pixels.tobytes()
    else:
        dataset.PixelData = pixels.tobytes() if data is None else pydicom.encaps.encapsulate([data])
    for name, value in header.items():
        setattr(dataset, name, value)
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


@lru_cache
def dicoms() -> list[bytes]:
    """Gray, colour, floats, tables, windows, implicit types, RLE and JPEG; and pydicom's own small examples."""
    rng = np.random.default_rng(0)
    gray, deep = rng.integers(0, 256, (18, 20), dtype=np.uint8), rng.integers(0, 4096, (18, 20), dtype=np.uint16)
    item = pydicom.Dataset()
    item.add_new('LUTDescriptor', 'US', [16, 0, 8])
    item.add_new('LUTData', 'US', list(range(0, 160, 10)))
    table = pydicom.Sequence([item])
    jpeg = io.BytesIO()
    Image.fromarray(gray).save(jpeg, 'JPEG')
    small = [dicom_file(gray), dicom_file(deep, WindowCenter=[2000, 1], WindowWidth=[3000, 2], RescaleSlope='1.5',
                                          RescaleIntercept='-100', PhotometricInterpretation='MONOCHROME1'),
             dicom_file(deep, ImplicitVRLittleEndian, VOILUTFunction='SIGMOID', WindowCenter='9', WindowWidth='7'),
             dicom_file(np.stack([gray] * 3, -1)), dicom_file(deep.astype(np.float32)),
             dicom_file(gray, VOILUTSequence=table), dicom_file(gray, ModalityLUTSequence=table),
             dicom_file(gray, RLELossless, rle(gray)),
             dicom_file(gray, JPEGBaseline8Bit, jpeg.getvalue())]
    names = ('MR_small.dcm', 'CT_small.dcm', 'MR_small_RLE.dcm')
    examples = (get_testdata_file(name, download=False) for name in names)
    return small + [Path(path).read_bytes() for path in examples if path]


def rle(gray: np.ndarray) -> bytes:
    """One segment of DICOM's run-length encoding (PS3.5 G), all literal."""
    content = gray.tobytes()
    packed = b''.join(bytes([len(part) - 1]) + part for part in (content[i:i + 128]
                                                                  for i in range(0, len(content), 128)))
    return (1).to_bytes(4, 'little') + (64).to_bytes(4, 'little') + bytes(56) + packed + bytes(len(packed) % 2)


@lru_cache
def rasters() -> list[bytes]:
    """JPEG and PNG files of several kinds."""
    files, image = [], Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 20, 3), dtype=np.uint8))
    for kind, modes in (('JPEG', ('L', 'RGB', 'CMYK')), ('PNG', ('1', 'L', 'P', 'RGB', 'RGBA', 'I;16'))):
        for mode in modes:
            file = io.BytesIO()
            image.convert('L').convert('I').convert(mode).save(file, kind) if mode == 'I;16' else \
                image.convert(mode).save(file, kind)
            files.append(file.getvalue())
    progressive = io.BytesIO()
    image.save(progressive, 'JPEG', progressive=True)
    return [*files, progressive.getvalue()]


@lru_cache
def tables() -> list[bytes]:
    """A split table, plain, with a mark, quoted, and gzipped."""
    text = 'dicom_id,study_id,subject_id,split\n' + ''.join(f'a{n},{50000000 + n},1,train\n' for n in range(40))
    quoted = text.replace('train', '"train, ""one"""')
    return [text.encode(), text.encode('utf-8-sig'), quoted.encode(), gzip.compress(text.encode(), mtime=0)]


_NUMBERS = (b'0', b'-1', b'1', b'9' * 30, b'1e999', b'NaN', b'65536', b'4294967296')
TARGETS = {
    'reports': Target(reports, (b'FINDINGS:', b'IMPRESSION:', b'\n\n', b'\n', b' ', b'. ', b'1. ', b'___', b'\t', b'\0',
                                b'\xff\xfe', b'\xed\xa0\x80', b'\xe2\x80\xa8', b'&amp;', b'<br>', b'[<', b'XXXX',
                                b'FINAL REPORT', b'* ', b'(', b'"', b'Dr. ', b'A', b'-', b':', b'_'), check_report),
    'run_lengths': Target(run_lengths, (b' ', b'\n', b'\xb2', b'+1', b'1_0', *_NUMBERS), check_run_lengths),
    'annotations': Target(annotations, (b'[', b'{', b'"', b'\\ud800', b'\\u0000', b'null', b'true', b',', b':', b'}',
                                        b']', b'../', b'/etc/', b'C:', b'\xff', b'\xef\xbb\xbf', b'"images": ',
                                        b'"study_id": ', b'"sentences": ', b'"labels": ', *_NUMBERS),
                          check_annotations),
    'dicom': Target(dicoms, (b'DICM', b'\xff\xff\xff\xff', b'\0\0\0\0', b'\xfe\xff\x00\xe0', b'\xfe\xff\xdd\xe0', b'SQ',
                             b'OW', b'UN', b'DS', b'US', b'1.2.840.10008.1.2.1', b'1.2.840.10008.1.2.5',
                             b'1.2.840.10008.1.2.4.50', b'\x28\x00\x10\x00', b'\xe0\x7f\x10\x00', b'MONOCHROME1',
                             b'PALETTE COLOR', b'YBR_FULL', b'\xff\x7f', b'\0\x80', *_NUMBERS), check_image),
    'images': Target(rasters, (b'IHDR', b'IDAT', b'IEND', b'zTXt', b'eXIf', b'\xff\xd8', b'\xff\xc0', b'\xff\xc4',
                               b'\xff\xda', b'\xff\xe1', b'\xff\xff\xff\xff', b'\0\0\0\0', b'\x7f\xff\xff\xff'),
                     check_image),
    'tables': Target(tables, (b',', b'"', b'\n', b'\r', b'\0', b'study_id', b'split', b'\xef\xbb\xbf', b'\xff',
                              b'\x1f\x8b'), check_table),
}
