"""Write the demo data set: real reports, SYNTHETIC radiographs, in the raw layout of MIMIC-CXR.

    python tools/dataset_converters/demo.py data/demo
"""
import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from prior_mm.demo import write_demo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', help='the folder to write')
    parser.add_argument('--seed', type=int, default=0, help='the same seed gives the same bytes')
    parser.add_argument('--size', type=int, default=256, help='height and width of the images, in pixels')
    parser.add_argument('--workers', type=int, help='processes; all cores by default')
    args = parser.parse_args()
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task('synthetic radiographs')
        try:
            studies = write_demo(args.root, args.seed, args.size, args.workers,
                                 progress=lambda done, total: bar.update(task, completed=done, total=total))
        except (OSError, ValueError) as error:
            sys.exit(f'demo.py: {error}')
    counts = Counter(study.split for study in studies)
    print(f'{args.root}: {len(studies)} studies with SYNTHETIC radiographs, '
          + ', '.join(f'{count} {split}' for split, count in counts.items()))
    print(f'Next: python tools/dataset_converters/mimic_cxr.py {args.root}')


if __name__ == '__main__':
    main()
