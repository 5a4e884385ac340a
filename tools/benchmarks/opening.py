"""Opening an annotation file of all of MIMIC-CXR's studies: time, memory of each process, and that each study is read
once.

    python tools/benchmarks/opening.py [--studies 227827] [--workers 0 2 8]

The entries are made up of the sentences of real reports (Open-i, from the package torchxrayvision), with as many images
and labels as MIMIC-CXR's have. For each number of workers a fresh process opens the file and reads one shuffled epoch
of it, without decoding images. Memory (Linux only) is that at the end of the epoch: of the main process what it has
grown by (RSS), of a worker what it shares with no other process (USS), libraries included. The exit status is 1 if
opening takes 10 s, a process has 1 GB, or a study is not read exactly once.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.progress import track  # noqa: E402

from prior_mm.datasets import StudyDataset, VisitSampler  # noqa: E402
from prior_mm.datasets.converters.openi import read_openi_reports  # noqa: E402
from prior_mm.datasets.demo import CHEXPERT  # noqa: E402
from prior_mm.datasets.reports import find_sections, section_sentences  # noqa: E402

STUDIES = 227_827
TARGET_SECONDS, TARGET_BYTES = 10, 1e9


def write_annotations(root: Path, count: int) -> Path:
    """An annotation file with so many studies, and the image that the data set looks for."""
    reports = [f'FINDINGS: {report.findings or ""}\n\nIMPRESSION: {report.impression or ""}\n'
               for report in read_openi_reports()]
    texts = [sentences for report in reports if (sentences := section_sentences(find_sections(report)))]
    path = root / 'train.json'
    with path.open('w', encoding='utf-8') as file:
        metainfo = dict(schema='prior_mm.studies/1', dataset='made up', synthetic=True)
        file.write(f'{{"metainfo": {json.dumps(metainfo)}, "data_list": [\n')
        for number, sentences in enumerate(islice(cycle(texts), count)):
            folder = f'files/p10/p{10_000_032 + number // 4}/s{50_000_000 + 43 * number}'
            views = ['PA', 'AP'][:1 + number % 2]
            images = [f'{folder}/{view}-5a525557-ec297eca-8753baf3-3776c623.jpg' for view in views]
            study = dict(study_id=f's{50_000_000 + 43 * number}', subject_id=f'p{10_000_032 + number // 4}',
                         images=images, views=views, sentences=sentences,
                         labels={name: place % 3 - 1 for place, name in enumerate(CHEXPERT[:4 + number % 5])})
            file.write(json.dumps(study) + (',\n' if number + 1 < count else '\n'))
            if number == 0:
                image = root / images[0]
                image.parent.mkdir(parents=True)
                image.touch()
        file.write(']}\n')
    return path


def memory(kind: str, pid: int | str = 'self') -> int:
    """Bytes of a process, of a kind (a regular expression) that the kernel tells apart."""
    text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    return 1024 * sum(map(int, re.findall(rf'^(?:{kind}):\s+(\d+) kB', text, re.M)))


def measure(path: str, workers: int) -> dict:
    """Open the file and read an epoch in this process and its workers."""
    from torch.utils.data import DataLoader, get_worker_info

    def note(results: dict) -> tuple:
        return results['study_id'], get_worker_info() and os.getpid()

    before, start, cpu = memory('Rss'), time.perf_counter(), time.process_time()
    dataset = StudyDataset(path, str(Path(path).parent), pipeline=[note])
    opened = dict(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu)
    loader = DataLoader(dataset, batch_size=64, sampler=VisitSampler(dataset, seed=0), num_workers=workers,
                        collate_fn=list, persistent_workers=workers > 0)
    read: list[str] = []
    by: set[int | None] = set()
    for batch in loader:
        read += [study for study, _ in batch]
        by.update(pid for _, pid in batch)
    return dict(opened, studies=len(dataset), once=len(read) == len(set(read)) == len(dataset),
                main=memory('Rss') - before, workers=[memory('Private_Clean|Private_Dirty', pid) for pid in by if pid])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--studies', type=int, default=STUDIES)
    parser.add_argument('--workers', type=int, nargs='+', default=[0, 2, 8])
    parser.add_argument('--measure', metavar='FILE', help=argparse.SUPPRESS)  # what the fresh process does
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(args.measure, args.workers[0])))
        return 0
    met = True
    with tempfile.TemporaryDirectory() as folder:
        path = write_annotations(Path(folder), args.studies)
        lines = [f'{args.studies:,} made-up studies, a file of {path.stat().st_size / 1e6:.0f} MB', '',
                 '| workers | opened in | of a core | main process | largest worker | each study read once |',
                 '| --- | --- | --- | --- | --- | --- |']
        for workers in track(args.workers, 'opening and reading'):
            command = [sys.executable, __file__, '--measure', str(path), '--workers', str(workers)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seen = json.loads(done.stdout.splitlines()[-1])
            largest = max(seen['workers'], default=0)
            lines.append(f'| {workers} | {seen["seconds"]:.1f} s | {seen["cpu"]:.1f} s | {seen["main"] / 1e6:.0f} MB | '
                         f'{f"{largest / 1e6:.0f} MB" if workers else "-"} | {"yes" if seen["once"] else "NO"} |')
            met &= (seen['seconds'] < TARGET_SECONDS and max(seen['main'], largest) < TARGET_BYTES and seen['once'])
    print('\n'.join(lines))
    return int(not met)


if __name__ == '__main__':
    sys.exit(main())
