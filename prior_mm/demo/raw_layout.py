"""The demo data set, written in the raw layout of MIMIC-CXR: real reports, synthetic radiographs."""
import csv
import gzip
import io
import json
import os
import textwrap
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from prior_mm.converters.openi import OpenIReport, read_openi_reports
from prior_mm.converters.vocabulary import learn_vocabulary
from prior_mm.files.whole_files import write_whole

from .files import claim_folder, digest
from .findings import CHEXPERT, chexpert_labels, read_findings
from .grounding import draw_phrases, write_grounding
from .lung_masks import load_lung_masks
from .phantom import draw_chest, render_lateral, render_radiograph

#: Shares of the reports in each split.
SPLITS = (('train', 0.70), ('validate', 0.05), ('test', 0.25))
_METADATA = ('dicom_id', 'subject_id', 'study_id', 'ViewPosition', 'Rows', 'Columns')
_README = """These radiographs are SYNTHETIC: drawn by a program around real lung masks, to show what real reports say.
The reports are those of the Open-i collection (Indiana University), read from the package torchxrayvision; they are
not this project's to give away (CC BY-NC-ND). The layout is that of MIMIC-CXR. Nothing that is measured on these data
says anything about real radiographs.
"""


@dataclass(frozen=True)
class DemoStudy:
    """One study of the demo.

    Attributes:
        subject_id: Number of the patient.
        study_id: Number of the study.
        split: ``'train'``, ``'validate'`` or ``'test'``.
        report: The real report.
        views: View of each image; ``'LATERAL'`` is one of them in some studies.
        seed: What decides the images.
    """

    subject_id: int
    study_id: int
    split: str
    report: OpenIReport
    views: tuple[str, ...]
    seed: tuple[int, int]

    @property
    def folder(self) -> str:
        """The study's folder, relative to the root."""
        return f'files/p{str(self.subject_id)[:2]}/p{self.subject_id}/s{self.study_id}'

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The ``dicom_id`` of each image."""
        return tuple('-'.join(digest(f'{self.study_id} {number}')[i:i + 8] for i in range(0, 40, 8))
                     for number in range(len(self.views)))


def write_demo(root: 'str | Path', seed: int = 0, size: int = 256, workers: int | None = None,
               reports: Iterable[OpenIReport] | None = None, masks: Sequence[np.ndarray] | None = None,
               progress: Callable[[int, int], None] = lambda done, total: None) -> list[DemoStudy]:
    """Write the demo data set; images that are there already are kept, so that it goes on where it was stopped.

    Args:
        root: Where to.
        seed: The same seed gives the same bytes, however many workers there are.
        size: Height and width of the images in pixels.
        workers: Processes; all cores by default.
        reports: The reports; by default the real ones of Open-i.
        masks: Lung masks, bool (h, w); by default the real ones.
        progress: Called with the studies that are done and their number.

    Returns:
        The studies.

    Raises:
        FileNotFoundError: If the reports or masks are not there; the message says what to install.
        ValueError: If the folder holds other data.
    """
    root = Path(root)
    description = dict(dataset='demo', synthetic=True, seed=seed, image_size=size, schema='prior_mm.demo/1')
    claim_folder(root, description)
    studies = plan_studies(read_openi_reports() if reports is None else reports, seed)
    masks = load_lung_masks() if masks is None else masks
    with ProcessPoolExecutor(workers or os.cpu_count(), initializer=_set_masks, initargs=(masks, )) as pool:
        phrases = []
        chunks = pool.map(_write_study, studies, [root] * len(studies), [size] * len(studies), chunksize=16)
        for done, found in enumerate(chunks, start=1):
            phrases.append(found)
            progress(done, len(studies))
    _write_tables(root, studies, size)
    for split in ('validate', 'test'):
        write_grounding(root, split, [phrase for study, found in zip(studies, phrases, strict=True)
                                      if study.split == split for phrase in found])
    vocabulary = learn_vocabulary(f'{s.report.impression} {s.report.findings}' for s in studies if s.split == 'train')
    write_whole(root / 'vocab.txt', ('\n'.join(vocabulary) + '\n').encode())
    write_whole(root / 'README.txt', _README.encode())
    write_whole(root / 'dataset.json', (json.dumps({**description, 'studies': len(studies)}, indent=1) + '\n').encode())
    return studies


def plan_studies(reports: Iterable[OpenIReport], seed: int) -> list[DemoStudy]:
    """Number, split and views of each study; reports that say the same come into the same split.

    Args:
        reports: The reports; those without any text are left out.
        seed: The seed.
    """
    studies = []
    for number, report in enumerate(report for report in reports if report.findings or report.impression):
        text = ' '.join(f'{report.impression} {report.findings}'.lower().split())
        place = int(digest(f'{seed} {text}')[:8], 16) / 16**8
        shares = np.cumsum([share for _, share in SPLITS])
        split = next(name for (name, _), share in zip(SPLITS, [*shares[:-1], 2.], strict=True) if place < share)
        rng = np.random.default_rng((seed, number))
        views = ['AP' if rng.integers(4) == 0 else 'PA']
        if rng.integers(5) == 0:
            views.append('PA')
        if rng.integers(2) == 0:
            views.append('LATERAL')
        studies.append(DemoStudy(10000000 + number, 50000000 + number, split, report, tuple(views), (seed, number)))
    return studies


def report_text(report: OpenIReport) -> str:
    """A report as MIMIC-CXR has it: headings in capitals, one blank before each line, hard line breaks."""
    parts = ['                                 FINAL REPORT', ' EXAMINATION:  CHEST RADIOGRAPH']
    for heading, text in (('FINDINGS', report.findings), ('IMPRESSION', report.impression)):
        if text:
            lines = textwrap.wrap(' '.join(text.split()), 76, break_long_words=False)
            parts += ['', f' {heading}:', '', *(f' {line}' for line in lines)]
    return '\n'.join(parts) + '\n'


_masks: Sequence[np.ndarray] = ()


def _set_masks(masks: Sequence[np.ndarray]) -> None:
    global _masks
    _masks = masks


def _write_study(study: DemoStudy, root: Path, size: int) -> list[dict[str, Any]]:
    """Write images and report; hand back the study's phrases with their places, none of those of training."""
    findings = read_findings(study.report.mesh)
    mask = _masks[int(np.random.default_rng((*study.seed, 1)).integers(len(_masks)))]
    for number, (view, image_id) in enumerate(zip(study.views, study.image_ids, strict=True)):
        path = root / study.folder / f'{image_id}.jpg'
        if path.is_file():
            continue
        rng = np.random.default_rng((*study.seed, 2, number))
        pixels = render_lateral(rng, size) if view == 'LATERAL' else render_radiograph(mask, findings, rng, size, view)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, 'JPEG', quality=92)
        write_whole(path, buffer.getvalue())
    text = report_text(study.report)
    write_whole(root / f'{study.folder}.txt', text.encode())
    if study.split == 'train':
        return []
    return draw_phrases(root, f'{study.folder}/{study.image_ids[0]}.jpg', f'p{study.subject_id}', text, findings,
                        lambda: draw_chest(mask, findings, np.random.default_rng((*study.seed, 2, 0)), size,
                                           study.views[0]))


def _write_tables(root: Path, studies: Sequence[DemoStudy], size: int) -> None:
    metadata, splits, labels = [], [], []
    for study in studies:
        positive = chexpert_labels(study.report.mesh)
        labels.append([study.subject_id, study.study_id, *(f'{positive[c]:.1f}' if c in positive else ''
                                                           for c in CHEXPERT)])
        for view, image_id in zip(study.views, study.image_ids, strict=True):
            metadata.append([image_id, study.subject_id, study.study_id, view, size, size])
            splits.append([image_id, study.study_id, study.subject_id, study.split])
    _write_csv(root / 'mimic-cxr-2.0.0-metadata.csv.gz', _METADATA, metadata)
    _write_csv(root / 'mimic-cxr-2.0.0-split.csv.gz', ('dicom_id', 'study_id', 'subject_id', 'split'), splits)
    _write_csv(root / 'mimic-cxr-2.0.0-chexpert.csv.gz', ('subject_id', 'study_id', *CHEXPERT), labels)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    write_whole(path, gzip.compress(text.getvalue().encode(), mtime=0))
