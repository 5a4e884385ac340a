"""MIMIC-CXR's layout with made-up studies, for the tests of the converters."""
import gzip
import io
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

REPORT = """                                 FINAL REPORT
 EXAMINATION:  CHEST (PA AND LAT)

 INDICATION:  ___ year old woman with cough.

 FINDINGS:

 The lungs are clear.  There is no pleural effusion or
 pneumothorax.  The heart is not enlarged.

 IMPRESSION:

 No acute cardiopulmonary process.
"""
#: What it must become: the impression, then the findings, wrapped lines joined.
SENTENCES = ['No acute cardiopulmonary process.', 'The lungs are clear.',
             'There is no pleural effusion or pneumothorax.', 'The heart is not enlarged.']
HEIGHT, WIDTH = 300, 360


class Study(NamedTuple):
    """One study of the layout.

    Attributes:
        number: Its ids are made of it.
        views: Of each image.
        report: Text or bytes of the report; ``None`` writes none.
        split: Its split; ``None`` leaves it out of the table.
        labels: By finding.
        images: Whether the images are written.
    """
    number: int
    views: tuple[str, ...] = ('PA', 'LATERAL')
    report: str | bytes | None = REPORT
    split: str | None = 'train'
    labels: tuple[str, str] = ('', '')
    images: bool = True

    @property
    def study_id(self) -> str:
        return f's{50000000 + self.number}'

    @property
    def subject_id(self) -> str:
        return f'p{10000000 + self.number // 2}'

    @property
    def folder(self) -> str:
        return f'files/{self.subject_id[:3]}/{self.subject_id}/{self.study_id}'

    def image(self, place: int = 0) -> str:
        """Path of an image, from the root."""
        return f'{self.folder}/{self.image_id(place)}.jpg'

    def image_id(self, place: int) -> str:
        return f'{self.number:08x}-0000000{place}'


@lru_cache
def jpeg() -> bytes:
    """A JPEG of smooth noise, 300 px high and 360 px wide, of some kilobytes."""
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (HEIGHT // 10, WIDTH // 10), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(buffer, 'JPEG', quality=95)
    return buffer.getvalue()


def write_table(path: Path, rows: list, zipped: bool = True) -> None:
    """A CSV file, gzipped or not. Python 3.10's own writer refuses null characters, which a broken file may hold."""
    cells = ([str('' if cell is None else cell).replace('"', '""') for cell in row] for row in rows)
    lines = ('"' + '","'.join(row) + '"' for row in cells)
    content = ''.join(f'{line}\r\n' for line in lines).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if zipped else content)


def write_mimic(root: Path, studies: list[Study], reports: str = '') -> Path:
    """Write images, reports and the three tables below ``root``.

    Args:
        root: Where to.
        studies: What.
        reports: Folder of the reports' ``files/``, from the root.
    """
    for study in studies:
        (root / study.folder).mkdir(parents=True)
        for place in range(len(study.views) if study.images else 0):
            (root / study.image(place)).write_bytes(jpeg())
        if study.report is not None:
            path = root / reports / f'{study.folder}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(study.report.encode() if isinstance(study.report, str) else study.report)
    write_tables(root, studies)
    return root


def write_tables(root: Path, studies: list[Study]) -> None:
    """The tables alone."""
    images = [(study, place) for study in studies for place in range(len(study.views))]
    ids = {study: (study.subject_id[1:], study.study_id[1:]) for study in studies}
    write_table(root / 'mimic-cxr-2.0.0-metadata.csv.gz',
                [('dicom_id', 'subject_id', 'study_id', 'ViewPosition', 'Rows'),
                 *((s.image_id(place), *ids[s], s.views[place], HEIGHT) for s, place in images)])
    write_table(root / 'mimic-cxr-2.0.0-split.csv.gz',
                [('dicom_id', 'study_id', 'subject_id', 'split'),
                 *((s.image_id(place), *ids[s][::-1], s.split) for s, place in images if s.split)])
    write_table(root / 'mimic-cxr-2.0.0-chexpert.csv.gz',
                [('subject_id', 'study_id', 'Edema', 'Pleural Effusion'), *((*ids[s], *s.labels) for s in studies)])
