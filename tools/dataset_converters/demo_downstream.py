"""Write demo versions of RSNA, SIIM and CheXpert in their raw layouts: real boxes and masks, SYNTHETIC radiographs.

    python tools/dataset_converters/demo_downstream.py data/demo_downstream
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.converters.downstream.written_files import progress_bar
from prior_mm.demo.downstream import IMAGES, write_demo_downstream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', nargs='?', default='data/demo_downstream', help='the folder to write [%(default)s]')
    parser.add_argument('--seed', type=int, default=0, help='the same seed gives the same bytes [%(default)s]')
    parser.add_argument('--size', type=int, default=256, help='height and width in pixels [%(default)s]')
    parser.add_argument('--images', type=int, metavar='N', help='images of each data set '
                        f'[{", ".join(f"{name} {count}" for name, count in IMAGES.items())}]')
    parser.add_argument('--datasets', nargs='+', choices=IMAGES, default=list(IMAGES), help='all by default')
    parser.add_argument('--workers', type=int, help='processes; all cores by default')
    args = parser.parse_args()
    with progress_bar(Console(), 'images') as bar:
        task = bar.add_task('synthetic radiographs', total=None)
        try:
            datasets = write_demo_downstream(
                args.root, args.seed, args.size, args.images, args.workers, datasets=args.datasets,
                progress=lambda done, total: bar.update(task, completed=done, total=total))
        except (OSError, ValueError) as error:
            sys.exit(f'demo_downstream.py: {error}')
    counts = ', '.join(f'{len(dataset.films)} of {dataset.name}' for dataset in datasets)
    print(f'{args.root}: SYNTHETIC radiographs, {counts}\nNext:')
    for dataset in datasets:
        pixels = '' if dataset.name == 'chexpert' else f' --pixels {args.size}'
        print(f'    python tools/dataset_converters/{dataset.name}.py {args.root}/{dataset.name}{pixels}')


if __name__ == '__main__':
    main()
