"""The demo's training and evaluation with several seeds, beside random weights and chance, as a table for the README.

    python tools/benchmarks/demo_seeds.py [--seeds 0 1 2]

Needs the demo data (`make demo` makes them). Every figure is of SYNTHETIC images. A seed whose results are there is not
run again.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = {
    'zero_shot/accuracy': 'zero-shot accuracy',
    'zero_shot/recall': 'zero-shot recall, mean of the classes',
    'zero_shot/auroc': 'zero-shot AUROC, mean of the classes',
    'retrieval/image_to_text/precision@5': 'image to text, precision at 5',
    'retrieval/text_to_image/precision@5': 'text to image, precision at 5',
    'retrieval/image_to_text/recall@10': "image to text, the study's own report in the first 10",
}


def run(tool: str, *arguments: object) -> None:
    """Run a tool of the project; its output goes to the screen."""
    subprocess.run([sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)], cwd=ROOT, check=True)


def results(seed: int, folder: Path) -> tuple[dict, dict]:
    """Metrics of the trained and of the random model of one seed; what is missing is made."""
    trained, random = folder / f'trained_{seed}.json', folder / f'random_{seed}.json'
    work_dir = folder / f'seed_{seed}'
    if not trained.is_file():
        start = time.monotonic()
        run('train.py', 'configs/prior/pretrain_demo.py', '--seed', seed, '--work-dir', work_dir)
        print(f'seed {seed}: trained in {(time.monotonic() - start) / 60:.1f} min')
        run('test.py', 'configs/prior/evaluate_demo.py', '--work-dir', work_dir, '--out', trained)
    if not random.is_file():
        run('test.py', 'configs/prior/evaluate_demo.py', 'none', '--work-dir', work_dir, '--out', random,
            '--cfg-options', f'randomness.seed={seed}')
    first, second = (json.loads(path.read_text())['metrics'] for path in (trained, random))
    return first, second


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
    args = parser.parse_args()
    pairs = [results(seed, args.folder) for seed in args.seeds]
    print(f'\nSYNTHETIC images; seeds {args.seeds}; {pairs[0][0]["zero_shot/studies"]} held-out studies\n')
    print(table([trained for trained, _ in pairs], [random for _, random in pairs]))


if __name__ == '__main__':
    main()
