"""Real radiographs: reading, classification, segmentation and pre-training, and by what the classes differ.

    python tools/benchmarks/real_data.py --root ../shared/data/real [--demo FILE] [--pretrained FILE] [--parts ...]
    python tools/benchmarks/real_data.py --root ../shared/data/real --images FOLDER --table TABLE

``--root`` holds ``nih/`` (labels and patients) and ``notes/`` (clinical notes, lung masks), each with ``images/`` and a
table; where it is missing, that is said and nothing done. With ``--images`` and ``--table`` the models are tested on
those films too, except on patients they were trained on; without ``--root`` these films are all there is. Tables are
read as tools/dataset_converters/table.py reads them, whatever their columns are called.
Each result is kept in ``--folder``, so that a run that was stopped goes on. No image, note or mask leaves that folder.
"""
import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from mmengine.logging import MMLogger  # noqa: E402
from page_blocks import fill  # noqa: E402
from real.cache import Cache  # noqa: E402
from real.films import Film  # noqa: E402
from real.page import BLOCKS  # noqa: E402
from real.parts import PARTS, Bench  # noqa: E402
from real.probe import check_start  # noqa: E402
from real.tables import keep_back, read_films, read_others  # noqa: E402

from prior_mm.checkpoints.checkpoint import latest_checkpoint  # noqa: E402
from prior_mm.engine.launch import errors_as_messages  # noqa: E402


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--root', type=Path, help='folder of nih/ and notes/')
    parser.add_argument('--images', type=Path, help='folder of other films')
    parser.add_argument('--table', type=Path, help='their table, as tools/dataset_converters/table.py takes it')
    parser.add_argument('--demo', type=Path, default=Path('work_dirs/pretrain_demo'),
                        help="the demo's pre-training: a file, or the folder of the run (its last checkpoint)")
    parser.add_argument('--pretrained', type=Path, help='other weights to start from')
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=list(PARTS))
    parser.add_argument('--repeats', type=int, default=5, choices=range(1, 6), help='folds and seeds of classification')
    parser.add_argument('--seeds', type=int, default=3, choices=range(1, 6), help='of segmentation and pre-training')
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/real_data'), help='of the results')
    parser.add_argument('--reuse', action='store_true', help='train nothing: the tables of what is there')
    parser.add_argument('--docs', type=Path, help='the page whose tables are filled in')
    args = parser.parse_args()
    if bool(args.images) != bool(args.table):
        parser.error('--images and --table belong together')
    if not args.root and not args.images:
        parser.error('--root or --images and --table: one of both is needed')
    return args


def given_films(args: argparse.Namespace) -> list[Film]:
    """All films; those of ``--images`` are kept back if there are others. Empty if ``--root`` is missing."""
    films: list[Film] = []
    if args.root and args.root.is_dir():
        films = read_films(args.root)
    elif args.root:
        print(f'skipped: there is no {args.root}; the films are not part of the project')
        return []
    if not args.images:
        return films
    others = read_others(args.images, args.table)
    if not films:
        return others
    kept = keep_back(films, others)
    print(f'{len(kept)} other films are tested on; {len(others) - len(kept)} are of patients trained on, and left out')
    return [*films, *kept]


def starts(args: argparse.Namespace) -> dict[str, Path | None]:
    """Where backbones start from, by how the tables call it."""
    found: dict[str, Path | None] = {'random weights': None}
    demo = latest_checkpoint(args.demo) if args.demo.is_dir() else args.demo if args.demo.is_file() else None
    if demo:
        found["demo's pre-training"] = Path(demo)
    else:
        print(f'there is no {args.demo}: nothing starts from the demo (make demo trains it, --demo names it)')
    if args.pretrained:
        found[args.pretrained.name] = args.pretrained
    for path in filter(None, found.values()):
        check_start(path)
    return found


def main() -> None:
    args = parse_args()
    MMLogger.get_current_instance().setLevel('ERROR')
    if args.docs:
        fill(args.docs.read_text(encoding='utf-8'), dict.fromkeys(BLOCKS, ''), 'real')  # rather now than after hours
    films = given_films(args)
    if not films:
        return
    bench = Bench(films, args.folder / 'images' / 'whole', Cache(args.folder, args.reuse), starts(args), args.repeats,
                  args.seeds)
    for part in args.parts:
        for name, text in PARTS[part](bench).items():
            print(f'\n{name}\n\n{text}', flush=True)
            if args.docs:
                args.docs.write_text(fill(args.docs.read_text(encoding='utf-8'), {name: text}, 'real'),
                                     encoding='utf-8')


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/real_data.py'):
        main()
