"""Opening an annotation file of all of MIMIC-CXR's studies: time, memory of each process, and that each study is read
once.

    python tools/benchmarks/opening.py [--studies 227827] [--workers 0 2 8]

The entries are made up of the sentences of real reports (Open-i, from the package torchxrayvision), with one or two
images and four to eight labels each. For each number of workers a fresh process opens the file and reads one shuffled
epoch of it, without decoding images. Memory (Linux only) is that at the end of the epoch: of the main process what it
has grown by (RSS), of a worker what it shares with no other process (USS), libraries included. The exit status is 1 if
opening takes 10 s, a process has 1 GB, or a study is not read exactly once.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, cycle, islice
from pathlib import Path

from conversion import STUDIES, memory, mimic_text
from rich.progress import track
from torch.utils.data import DataLoader, get_worker_info

from prior_mm.converters.annotation_files import write_annotations
from prior_mm.converters.openi import read_openi_reports
from prior_mm.datasets import StudyDataset, VisitSampler
from prior_mm.datasets.reports import find_sections, section_sentences
from prior_mm.datasets.study_schema import SCHEMA
from prior_mm.demo import CHEXPERT

TARGET_SECONDS, TARGET_BYTES = 10, 1e9


def made_up_studies(count: int) -> Iterator[dict]:
    """Entries of an annotation file."""
    found = (section_sentences(find_sections(mimic_text(report))) for report in read_openi_reports())
    texts = [sentences for sentences in found if sentences]
    for number, sentences in enumerate(islice(cycle(texts), count)):
        subject, study = f'p{10_000_032 + number // 4}', f's{50_000_000 + 43 * number}'
        views = ['PA', 'AP'][:1 + number % 2]
        yield dict(study_id=study, subject_id=subject, views=views, sentences=sentences,
                   images=[f'files/p10/{subject}/{study}/{view}-5a525557-ec297eca-8753baf3-3776c623.jpg'
                           for view in views],
                   labels={name: place % 3 - 1 for place, name in enumerate(CHEXPERT[:4 + number % 5])})


def measure(path: str, workers: int) -> dict:
    """Open the file and read an epoch in this process and its workers."""
    def note(results: dict) -> tuple:
        return results['study_id'], get_worker_info() and os.getpid()

    before, start, cpu = memory()['Rss'], time.perf_counter(), time.process_time()
    dataset = StudyDataset(path, str(Path(path).parent), pipeline=[note])
    opened = dict(seconds=time.perf_counter() - start, cpu=time.process_time() - cpu)
    loader = DataLoader(dataset, batch_size=64, sampler=VisitSampler(dataset, seed=0), num_workers=workers,
                        collate_fn=list, persistent_workers=workers > 0)
    read: list[str] = []
    by: set[int | None] = set()
    for batch in loader:
        read += [study for study, _ in batch]
        by.update(pid for _, pid in batch)
    own = [size['Private_Clean'] + size['Private_Dirty'] for size in map(memory, filter(None, by))]
    return dict(opened, once=len(read) == len(set(read)) == len(dataset), main=memory()['Rss'] - before,
                largest=max(own, default=0))


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
        path, studies = Path(folder, 'train.json'), made_up_studies(args.studies)
        first = next(studies)
        image = Path(folder, first['images'][0])  # the data set looks whether there are any
        image.parent.mkdir(parents=True)
        image.touch()
        write_annotations(path, dict(schema=SCHEMA, dataset='made up', synthetic=True),
                          map(json.dumps, chain([first], studies)))
        lines = [f'{args.studies:,} made-up studies, a file of {path.stat().st_size / 1e6:.0f} MB', '',
                 '| workers | opened in | of a core | main process | largest worker | each study read once |',
                 '| --- | --- | --- | --- | --- | --- |']
        for workers in track(args.workers, 'opening and reading'):
            command = [sys.executable, __file__, '--measure', str(path), '--workers', str(workers)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seen = json.loads(done.stdout.splitlines()[-1])
            largest = f'{seen["largest"] / 1e6:.0f} MB' if workers else '-'
            lines.append(f'| {workers} | {seen["seconds"]:.1f} s | {seen["cpu"]:.1f} s | {seen["main"] / 1e6:.0f} MB | '
                         f'{largest} | {"yes" if seen["once"] else "NO"} |')
            met &= (seen['seconds'] < TARGET_SECONDS and seen['main'] < TARGET_BYTES
                    and seen['largest'] < TARGET_BYTES and seen['once'])
    print('\n'.join(lines))
    return int(not met)


if __name__ == '__main__':
    sys.exit(main())
