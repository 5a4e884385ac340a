"""The demo's training and evaluation with several seeds, beside random weights and chance, as a table for the README.

    python tools/benchmarks/demo_seeds.py [--seeds 0 1 2]

Needs the demo data (`make demo` makes them). Every figure is of SYNTHETIC images. A seed whose results are there,
of the same settings, code and files, is not run again.
"""
import argparse
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from prior_mm.downstream.runs import Run, add_anew_option, run_all  # noqa: E402
from prior_mm.engine.launch import errors_as_messages  # noqa: E402

ROWS = {
    'zero_shot/accuracy': 'zero-shot accuracy',
    'zero_shot/recall': 'zero-shot recall, mean of the classes',
    'zero_shot/auroc': 'zero-shot AUROC, mean of the classes',
    'retrieval/image_to_text/precision@5': 'image to text, precision at 5',
    'retrieval/text_to_image/precision@5': 'text to image, precision at 5',
    'retrieval/image_to_text/recall@10': "image to text, the study's own report in the first 10",
}


def runs(seed: int, folder: Path) -> list[Run]:
    """The trained and the random model of one seed."""
    there, evaluate = ('--work-dir', str(folder / f'seed_{seed}')), 'configs/prior/evaluate_demo.py'
    return [Run('configs/prior/pretrain_demo.py', ('--seed', str(seed), *there), folder / f'trained_{seed}.json',
                test_config=evaluate),
            Run(evaluate, (*there, '--cfg-options', f'randomness.seed={seed}'), folder / f'random_{seed}.json',
                train=False, test_options=('none', ))]


def table(trained: list[dict], random: list[dict]) -> str:
    """The rows as Markdown: mean and standard deviation over the seeds."""
    lines = ['| | pre-trained | random weights | chance | pre-trained / chance |', '| --- | --- | --- | --- | --- |']
    for name, title in ROWS.items():
        columns = [[100 * metrics[name] for metrics in group] for group in (trained, random)]
        shown = [f'{statistics.fmean(values):.1f} ± {statistics.stdev(values) if len(values) > 1 else 0:.1f} %'
                 for values in columns]
        chance = 100 * trained[0][f'{name}_chance']
        lines.append(f'| {title} | {shown[0]} | {shown[1]} | {chance:.1f} % | '
                     f'{statistics.fmean(columns[0]) / chance:.2f} |')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--folder', type=Path, default=ROOT / 'work_dirs' / 'demo_seeds', help='where results are kept')
    add_anew_option(parser)
    args = parser.parse_args()
    records = run_all([run for seed in args.seeds for run in runs(seed, args.folder)], ROOT / 'tools', anew=args.anew,
                      done=lambda run: print(f'{run.out}, log: {run.out.with_suffix(".log")}'))
    metrics = [record['metrics'] for record in records]
    print(f'\nSYNTHETIC images; seeds {args.seeds}; {metrics[0]["zero_shot/studies"]} held-out studies\n')
    print(table(metrics[::2], metrics[1::2]))


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/demo_seeds.py'):
        main()
