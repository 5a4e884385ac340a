"""Does pre-training pay? Pre-trained against from scratch, with 1, 10 and 100 % of the labels.

    python tools/benchmarks/label_efficiency.py [--seeds 0 1 2] [--labels 1 10 100] [--tasks rsna_cls rsna_seg rsna_det]

Needs pre-trained models (by default those of tools/benchmarks/demo_seeds.py, one a seed) and RSNA's demo, larger than
that of `make demo` so that 1 % of the labels are more than a handful; docs/label_efficiency.md has the commands. Both
ways begin with the same config and seed, and take the same number of steps. Every figure is of SYNTHETIC
images. A table is printed and a picture drawn, for docs/label_efficiency.md. A run whose result is there, of the same
settings, code and files, is not run again.
"""
import argparse
import statistics
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from matplotlib.figure import Figure  # noqa: E402
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: E402

from prior_mm.downstream.runs import Run, add_anew_option, run_all  # noqa: E402
from prior_mm.engine.launch import errors_as_messages  # noqa: E402

#: Config, name of the figure in its results, and how it is called in the table.
TASKS = {
    'rsna_cls': ('classification/auroc', 'classification (RSNA): AUROC'),
    'rsna_seg': ('segmentation/dice', 'segmentation (RSNA): Dice of each image'),
    'rsna_det': ('detection/mAP@0.40-0.75', 'detection (RSNA): mAP at IoU 0.40 to 0.75'),
}
STARTS = ('pre-trained', 'from scratch')


class Cell(NamedTuple):
    """Mean and standard error of the seeds, in per cent."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f'{self.mean:.1f} ± {self.error:.1f}'


def cell(values: list[float]) -> Cell:
    """Of figures from 0 to 1; the error of one figure is unknown, and shown as NaN."""
    error = statistics.stdev(values) / len(values)**0.5 if len(values) > 1 else float('nan')
    return Cell(100 * statistics.fmean(values), 100 * error)


def table(cells: dict[tuple[str, int, str], Cell], tasks: list[str], labels: list[int]) -> str:
    """The cells as Markdown."""
    lines = ['| task and figure (%) | labels | pre-trained | from scratch | ahead by | in standard errors |',
             '| --- | --- | --- | --- | --- | --- |']
    for task in tasks:
        for share in labels:
            ours, scratch = (cells[task, share, start] for start in STARTS)
            ahead, error = ours.mean - scratch.mean, (ours.error**2 + scratch.error**2)**0.5
            in_errors = f'{ahead / error:.1f}' if error > 0 else '-'
            lines.append(f'| {TASKS[task][1]} | {share} % | {ours} | {scratch} | {ahead:+.1f} | {in_errors} |')
    return '\n'.join(lines)


def draw(cells: dict[tuple[str, int, str], Cell], tasks: list[str], labels: list[int], path: Path) -> None:
    """A panel a task: the figure over the share of the labels, with standard errors."""
    figure = Figure(figsize=(4 * len(tasks), 3.4), layout='constrained')
    figure.suptitle('SYNTHETIC images: mean and standard error of the seeds', fontsize=10)
    for panel, task in zip(figure.subplots(1, len(tasks), squeeze=False).flat, tasks, strict=True):
        for start, colour, marker in zip(STARTS, ('#1f4e79', '#c55a11'), 'os', strict=True):
            row = [cells[task, share, start] for share in labels]
            panel.errorbar(labels, [c.mean for c in row], [c.error for c in row], color=colour, marker=marker,
                           capsize=3, label=start)
        panel.set_xscale('log')
        panel.set_xticks(labels, [f'{share} %' for share in labels])
        panel.minorticks_off()
        panel.set_title(TASKS[task][1], fontsize=9)
        panel.set_xlabel('share of the labels', fontsize=8)
        panel.tick_params(labelsize=8)
        panel.grid(alpha=.3)
    figure.axes[0].set_ylabel('%', fontsize=8)
    figure.axes[0].legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--tasks', nargs='+', choices=TASKS, default=list(TASKS))
    parser.add_argument('--labels', type=int, nargs='+', default=[1, 10, 100], help='percent')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--data-root', default='data/demo_labels/rsna', help='the demo of RSNA')
    parser.add_argument('--checkpoints', default='work_dirs/demo_seeds/seed_{seed}/epoch_60.pth',
                        help='the pre-trained model of each seed')
    parser.add_argument('--folder', type=Path, default=Path('work_dirs/label_efficiency'), help='of the results')
    parser.add_argument('--jobs', type=int, default=2, help='runs at a time')
    parser.add_argument('--picture', type=Path, default=ROOT / 'docs' / 'images' / 'label_efficiency.png',
                        help='where the picture is written; the table, in Markdown, goes to the screen')
    parser.add_argument('--cfg-options', nargs='+', default=[], help='changes to all configs, key=value')
    add_anew_option(parser)
    args = parser.parse_args()
    keys = [(task, share, start, seed) for seed in args.seeds for share in args.labels for task in args.tasks
            for start in STARTS]
    runs = [_run(args, *key) for key in keys]
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as bar:
        task_id = bar.add_task('trainings', total=len(runs))
        records = run_all(runs, ROOT / 'tools', args.jobs, lambda run: bar.advance(task_id), args.anew)
    values: dict[tuple[str, int, str], list[float]] = {}
    for (task, share, start, _), record in zip(keys, records, strict=True):
        values.setdefault((task, share, start), []).append(record['metrics'][TASKS[task][0]])
    cells = {key: cell(figures) for key, figures in values.items()}
    shown = table(cells, args.tasks, args.labels)
    print(f'\nSYNTHETIC images; seeds {args.seeds}; mean ± standard error\n\n{shown}')
    draw(cells, args.tasks, args.labels, args.picture)


def _run(args: argparse.Namespace, task: str, share: int, start: str, seed: int) -> Run:
    checkpoint = args.checkpoints.format(seed=seed) if start == 'pre-trained' else 'none'
    name = f'{task}_{share}_{start.replace(" ", "_")}_{seed}'
    options = ['--data-root', args.data_root, '--pretrained', checkpoint, '--labels', str(share), '--seed', str(seed),
               '--work-dir', str(args.folder / name)]
    if args.cfg_options:
        options += ['--cfg-options', *args.cfg_options]
    return Run(f'configs/downstream/demo/{task}.py', tuple(options), args.folder / f'{name}.json')


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/label_efficiency.py'):
        main()
