"""Any list of weights through the supervised tasks of a data set with 1, 10 and 100 % of the labels: one table.

    python tools/benchmarks/all_backbones.py random=none PRIOR=work_dirs/pretrain_demo MGCA=mgca_resnet_50.ckpt
    python tools/benchmarks/all_backbones.py ... --tasks configs/downstream/rsna_cls.py configs/downstream/rsna_seg.py

Each weight is NAME=WHERE, and WHERE what --pretrained takes: a run's folder, a file, a folder of timm or Hugging Face,
or none, whose random backbone is trained unless --frozen says otherwise. Repeats and seeds are the protocol's. A run
whose result is there, of the same settings, code and files, is not run again: the same command goes on where it was
stopped. With GPUs there is a run at a time on each. By default the tasks are RSNA's of the demo, whose images are
SYNTHETIC.
"""
import argparse
import json
import sys
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: E402

from prior_mm.downstream.runs import Run, add_anew_option, run_all, visible_devices  # noqa: E402
from prior_mm.downstream.settings import read_settings  # noqa: E402
from prior_mm.engine.launch import errors_as_messages, load_config  # noqa: E402
from prior_mm.evaluation.gathered import gather  # noqa: E402
from prior_mm.evaluation.published import published_figures  # noqa: E402
from prior_mm.evaluation.written_tables import FORMATS, write_tables  # noqa: E402

TASKS = [f'configs/downstream/demo/rsna_{task}.py' for task in ('cls', 'seg', 'det')]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('weights', nargs='+', metavar='NAME=WHERE')
    parser.add_argument('--tasks', nargs='+', default=TASKS, metavar='CONFIG')
    parser.add_argument('--labels', nargs='+', default=['1', '10', '100'], metavar='PERCENT')
    parser.add_argument('--repeats', nargs='+', metavar='NAME', help="by default all of the protocol's")
    parser.add_argument('--seeds', type=int, nargs='+',
                        help="seeds of the training; by default the protocol's, else the config's")
    how = parser.add_mutually_exclusive_group()
    how.add_argument('--frozen', action='store_const', const='--frozen', dest='how', help='all backbones stay as they '
                     'are, random ones, too; by default what the protocol says')
    how.add_argument('--finetune', action='store_const', const='--finetune', dest='how', help='all are trained')
    parser.add_argument('--data-root', help="folder of the data set; the configs' by default")
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/all_backbones'), help='of runs and results')
    parser.add_argument('--jobs', type=int, help='runs at a time; as many as there are GPUs, else one')
    parser.add_argument('--format', choices=FORMATS, default='md')
    parser.add_argument('--published', action='store_true', help='see tools/results.py')
    add_anew_option(parser)
    args = parser.parse_args()
    if wrong := [given for given in args.weights if not all(given.partition('=')[::2])]:
        parser.error(f'{wrong[0]}: wanted is NAME=WHERE, such as PRIOR=work_dirs/pretrain_mimic or random=none')
    return args


def plan(args: argparse.Namespace) -> dict[Path, tuple[str, Run]]:
    """Each run by its result file, with the name of its weights."""
    runs = {}
    for task in args.tasks:
        config = load_config(task)
        config.downstream.update(data_root=args.data_root or config.downstream.data_root)
        settings = read_settings(config)
        repeats = args.repeats or settings.repeats
        seeds = args.seeds or settings.setting.training_seeds or [config.randomness.seed]
        for given, labels, repeat, seed in product(args.weights, args.labels, repeats, seeds):
            name, _, where = given.partition('=')
            said = '_'.join([Path(task).parent.name, Path(task).stem, f'labels{labels}',
                             *([repeat] if repeat != settings.repeats[0] else []),
                             *([args.how.strip('-')] if args.how else []), f'seed{seed}'])
            folder = args.folder / name / said
            how = args.how or ('--finetune' if where == 'none' else None)
            options = ['--pretrained', where, '--labels', labels, '--repeat', repeat, '--seed', str(seed),
                       '--work-dir', str(folder), '--data-root', settings.data_root, *([how] if how else [])]
            out = folder / 'results' / f'{Path(task).stem}.json'
            runs[out] = name, Run(task, tuple(options), out)
    return runs


def main() -> None:
    args = parse_args()
    runs = plan(args)
    devices = visible_devices()
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task = bar.add_task('trainings', total=len(runs))
        run_all([run for _, run in runs.values()], ROOT / 'tools', args.jobs or max(1, len(devices)),
                lambda run: bar.advance(task), args.anew, devices)
    records = {out: json.loads(out.read_text(encoding='utf-8')) for out in runs}
    names = {str(records[out].get('pretrained')): name for out, (name, _) in runs.items()}
    print(write_tables(gather(records, names, published=published_figures() if args.published else ()), args.format))


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/all_backbones.py'):
        main()
