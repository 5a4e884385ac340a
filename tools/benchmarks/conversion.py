"""Speed and memory of the converters: reports a second on one core, and all of MIMIC-CXR's layout in one go.

    python tools/benchmarks/conversion.py [--studies 227827] [--rounds 5] [--workers N] [--out FILE]

Reports: the 3,955 real ones of Open-i (package torchxrayvision), written as MIMIC-CXR has them. The layout is made up:
as many studies, images and patients as MIMIC-CXR-JPG has, hard links to few tiny images and to these reports, so that
no pixels are decoded; it takes some 2 GB, a million directory entries, and is removed at the end. The converter runs as
a user runs it; its memory and that of its workers is sampled five times a second (Linux only), counting pages that
they share once for each of them (RSS), and only once (PSS), as the machine does. Targets: 1,000 reports/s, and 2 GB
(PSS); the exit status is 1 if one is missed.
"""
import argparse
import csv
import gzip
import hashlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
from PIL import Image

from prior_mm.converters.conversion_run import convert_part
from prior_mm.converters.openi import OpenIReport, read_openi_reports
from prior_mm.converters.raw_study import RawStudy
from prior_mm.converters.study_conversion import ConversionOptions
from prior_mm.datasets.reports import find_sections, section_sentences
from prior_mm.demo import CHEXPERT

ROOT = Path(__file__).resolve().parents[2]
STUDIES, IMAGES, PATIENTS = 227_827, 377_110, 65_379
TARGET_SPEED, TARGET_MEMORY = 1000, 2e9
_LINKS = 30_000  # of one file; ext4 allows 65,000


def mimic_text(report: OpenIReport) -> str:
    """A report as MIMIC-CXR has it: headings in capitals, hard line breaks."""
    parts = [' ' * 33 + 'FINAL REPORT', ' EXAMINATION:  CHEST (PA AND LAT)', '', ' INDICATION:  ___ with cough', '']
    for heading, text in (('FINDINGS', report.findings), ('IMPRESSION', report.impression)):
        if text:
            parts += [f' {heading}:', '', *textwrap.wrap(text, 76, initial_indent=' ', subsequent_indent=' '), '']
    return '\n'.join(parts)


def measure_reports(texts: list[str], folder: Path, rounds: int) -> dict[str, float]:
    """Reports a second on one core: the text alone, and with files read, images looked for and parts written."""
    def from_text() -> None:
        for number, text in enumerate(texts):
            json.dumps(dict(study_id=f's{number}', images=['a.jpg'], sentences=section_sentences(find_sections(text))))

    (folder / 'image.jpg').write_bytes(b'image')
    studies = []
    for number, text in enumerate(texts):
        path = folder / f's{number}.txt'
        path.write_text(text, encoding='utf-8')
        studies.append(RawStudy(path.stem, 'p1', 'train', path, ('image.jpg',), ('PA',)))

    def from_files() -> None:
        convert_part(studies, ConversionOptions(folder), folder / 'part.jsonl')

    return {name: len(texts) / statistics.median(_seconds(work) for _ in range(rounds))
            for name, work in (('text to entry', from_text), ('file to entry', from_files))}


def _seconds(work: Callable[[], None]) -> float:
    start = time.process_time()  # of this process alone, whatever else the machine does
    work()
    return time.process_time() - start


class Links:
    """Gives a file many names: hard links, and a new copy whenever one has as many as a file system allows."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self._folder, self._content, self._count, self._source = folder, content, 0, folder

    def add(self, path: str) -> None:
        """One more name."""
        if self._count % _LINKS == 0:
            name = hashlib.sha256(self._content).hexdigest()[:16]
            self._source = self._folder / f'{name}-{self._count // _LINKS}'
            self._source.write_bytes(self._content)
        self._count += 1
        os.link(self._source, path)


def make_layout(root: Path, texts: list[str], count: int) -> None:
    """MIMIC-CXR-JPG's layout with ``count`` studies, and images and patients in its proportions."""
    (root / 'dataset.json').write_text('{"synthetic": true}')
    sources = root / 'sources'
    sources.mkdir()
    Image.fromarray(np.full((32, 32), 128, np.uint8)).save(sources / 'image.jpg')
    image = Links(sources, (sources / 'image.jpg').read_bytes())
    reports = [Links(sources, text.encode()) for text in texts]
    metadata, splits, labels = [], [], []
    generator = random.Random(0)
    images = round(count * IMAGES / STUDIES)
    for number in range(count):
        patient = number * PATIENTS // STUDIES
        subject, study = 10_000_032 + 152 * patient, 50_000_000 + 43 * number
        folder = f'{root}/files/p{subject // 1_000_000}/p{subject}/s{study}'
        os.makedirs(folder)
        reports[number % len(reports)].add(f'{folder}.txt')
        split = {98: 'validate', 99: 'test'}.get(patient % 100, 'train')
        for place in range((number + 1) * images // count - number * images // count):
            digest = hashlib.sha256(f'{number} {place}'.encode()).hexdigest()
            name = '-'.join(digest[start:start + 8] for start in range(0, 40, 8))
            image.add(f'{folder}/{name}.jpg')
            view = 'LATERAL' if place or number % 20 == 0 else generator.choice(('AP', 'PA'))
            metadata.append((name, subject, study, 'CHEST (PA AND LAT)', view, 3056, 2544))
            splits.append((name, study, subject, split))
        labels.append((subject, study, *(generator.choice(('', '', '', '1.0', '0.0', '-1.0')) for _ in CHEXPERT)))
        if number % 5000 == 0:
            print(f'\rwriting the layout: {number:,}/{count:,}', end='', file=sys.stderr)
    print(file=sys.stderr)
    columns = ('dicom_id', 'subject_id', 'study_id', 'PerformedProcedureStepDescription', 'ViewPosition', 'Rows',
               'Columns')
    _write_table(root, 'metadata', columns, metadata)
    _write_table(root, 'split', ('dicom_id', 'study_id', 'subject_id', 'split'), splits)
    _write_table(root, 'chexpert', ('subject_id', 'study_id', *CHEXPERT), labels)


def _write_table(root: Path, kind: str, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    with gzip.open(root / f'mimic-cxr-2.0.0-{kind}.csv.gz', 'wt', newline='', compresslevel=1) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def measure_conversion(root: Path, workers: int | None) -> dict[str, float]:
    """Run the converter on a layout: seconds, and the largest memory of it and its workers in bytes."""
    command = [sys.executable, str(ROOT / 'tools/dataset_converters/mimic_cxr.py'), str(root)]
    start = time.perf_counter()
    process = subprocess.Popen(command + (['--workers', str(workers)] if workers else []))
    peaks = dict(main=0, rss=0, pss=0)
    while process.poll() is None:
        sizes = [memory(pid) for pid in (process.pid, *_children(process.pid))]
        now = dict(main=sizes[0].get('Rss', 0), rss=sum(size.get('Rss', 0) for size in sizes),
                   pss=sum(size.get('Pss', 0) for size in sizes))
        peaks = {name: max(peak, now[name]) for name, peak in peaks.items()}
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f'the converter ended with status {process.returncode}')
    return dict(seconds=time.perf_counter() - start, **peaks)


def _children(pid: int) -> Iterator[int]:
    try:
        yield from map(int, Path(f'/proc/{pid}/task/{pid}/children').read_text().split())
    except OSError:  # it has ended
        return


def memory(pid: int | str = 'self') -> dict[str, int]:
    """Bytes of a process by the names that Linux gives them (Rss, Pss, Private_Dirty ...); empty if it has ended."""
    try:
        text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    except OSError:
        return {}
    return {name: int(size) * 1024 for name, size in re.findall(r'^(\w+):\s+(\d+) kB', text, re.M)}


def table(reports: int, figures: dict) -> str:
    """The figures as text."""
    rows = [('', '', 'target')]
    rows += [(f'{reports:,} real reports, one core: {name}', f'{speed:,.0f}/s', f'{TARGET_SPEED:,}/s')
             for name, speed in figures['reports'].items()]
    if 'conversion' in figures:
        run = figures['conversion']
        rows += [(f'{run["studies"]:,} made-up studies: time', f'{run["seconds"]:.0f} s', ''),
                 ('  peak memory, main process (RSS)', f'{run["main"] / 1e9:.2f} GB', ''),
                 ('  peak memory, with workers (RSS)', f'{run["rss"] / 1e9:.2f} GB', ''),
                 ('  peak memory, with workers (PSS)', f'{run["pss"] / 1e9:.2f} GB', f'{TARGET_MEMORY / 1e9:.0f} GB')]
    return '\n'.join(f'{name:<52}{value:>12}{target:>10}' for name, value, target in rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--studies', type=int, default=STUDIES, help='of the layout that is made up; 0: no layout')
    parser.add_argument('--rounds', type=int, default=5, help='timed rounds through the reports')
    parser.add_argument('--workers', type=int, help='processes of the converter (default: one for each core)')
    parser.add_argument('--folder', help='where the layout is written for the while (default: the temporary folder)')
    parser.add_argument('--out', help='write the figures to this JSON file')
    args = parser.parse_args()
    texts = [mimic_text(report) for report in read_openi_reports()]
    figures: dict = {}
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        figures['reports'] = measure_reports(texts, Path(folder), args.rounds)
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        if args.studies:
            make_layout(Path(folder), texts, args.studies)
            figures['conversion'] = dict(studies=args.studies, **measure_conversion(Path(folder), args.workers))
        print(table(len(texts), figures))
        print('removing the made-up layout', file=sys.stderr)
    if args.out:
        Path(args.out).write_text(json.dumps(figures, indent=2) + '\n')
    missed = min(figures['reports'].values()) < TARGET_SPEED or (args.studies
                                                                 and figures['conversion']['pss'] >= TARGET_MEMORY)
    return int(missed)


if __name__ == '__main__':
    sys.exit(main())
