"""What makes the demo's attention look at the finding: one cause at a time, with several seeds, as a table.

    python tools/benchmarks/grounding.py [--variants paper grounded --seeds 0 1 2]
    python tools/benchmarks/grounding.py --epochs 10 2 1 --seeds 0       # shorter stages

Needs the demo data (`make demo` makes them). Every figure is of SYNTHETIC images. The best map of a run is that whose
pointing game is highest on the validation part. What is there is not run again, and a stopped training goes on.
"""
import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MAPS = dict(cosine='grounding', attention='grounding_attention', gradient='grounding_gradient')
_EARLY = ('model.image_encoder.backbone.out_indices=(1,3)', 'model.image_encoder.patch_channels=64',
          'model.image_encoder.stride=16')
_NEGATIVES = ('model.local_alignment.type=GroundedAlignment', )
_NO_FLIPS = ('train_dataloader.dataset.pipeline.3.prob=0.', )
#: Changes to configs/prior/pretrain_demo.py; those of the model hold for the evaluations, too.
VARIANTS = dict(
    paper=(), no_flips=_NO_FLIPS, no_borders=('train_dataloader.dataset.pipeline.2.degrees=0.', ), early=_EARLY,
    negatives=_NEGATIVES, early_negatives=(*_EARLY, *_NEGATIVES), grounded=(*_EARLY, *_NEGATIVES, *_NO_FLIPS))


def run(tool: str, *arguments: object) -> None:
    """Run a tool of the project; its output goes to the screen."""
    subprocess.run([sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)], cwd=ROOT, check=True)


def evaluate(config: str, out: Path, work_dir: Path, options: list[str]) -> dict[str, Any]:
    """Metrics of a run; they are measured if they are not there."""
    if not out.is_file():
        run('test.py', config, '--work-dir', work_dir, '--out', out, *(['--cfg-options', *options] if options else []))
    return json.loads(out.read_text(encoding='utf-8'))['metrics']


def results(variant: str, seed: int, epochs: list[int] | None, folder: Path) -> dict[str, float]:
    """The figures of one training."""
    changes = list(VARIANTS[variant])
    model = [change for change in changes if change.startswith('model.')]
    work_dir = folder / f'{variant}_{seed}'
    if epochs:
        changes += [f'train_cfg.stages.{number}.epochs={count}' for number, count in enumerate(epochs)]
    done = work_dir / 'trained'
    if not done.is_file():
        run('train.py', 'configs/prior/pretrain_demo.py', '--seed', seed, '--work-dir', work_dir, '--resume',
            *(['--cfg-options', *changes] if changes else []))
        done.touch()
    config = 'configs/downstream/demo/phrase_grounding.py'
    test = evaluate(config, work_dir / 'grounding.json', work_dir, model)
    held = evaluate(config, work_dir / 'validation.json', work_dir, [
        *model, 'test_dataloader.dataset.ann_file=grounding/validate.json',
        'test_dataloader.dataset.validation_file=None'])
    best = max(MAPS.values(), key=lambda prefix: held[f'{prefix}/pointing'])
    whole, without = (evaluate('configs/prior/evaluate_demo.py', work_dir / f'zero_shot_{weight}.json', work_dir,
                               [*model, f'model.local_weight={weight}']) for weight in (.5, 0))
    return {f'pointing, {name}': 100 * test[f'{prefix}/pointing'] for name, prefix in MAPS.items()} | {
        'pointing, best': 100 * test[f'{best}/pointing'], 'chance': 100 * test[f'{best}/pointing_chance'],
        'CNR, best': test[f'{best}/cnr'], 'mIoU, best': 100 * test[f'{best}/miou'],
        'zero-shot accuracy': 100 * whole['zero_shot/accuracy'],
        'without the local score': 100 * without['zero_shot/accuracy'],
        'image to text, precision at 5': 100 * whole['retrieval/image_to_text/precision@5']}


def table(figures: dict[str, list[dict[str, float]]]) -> str:
    """A row a variant as Markdown: mean and standard deviation over the seeds."""
    names = list(next(iter(figures.values()))[0])
    lines = [f'| variant | {" | ".join(names)} |', '| --- |' + ' --- |' * len(names)]
    for variant, runs in figures.items():
        values = [[figure[name] for figure in runs] for name in names]
        shown = [f'{statistics.fmean(column):.2f} ± {statistics.stdev(column) if len(column) > 1 else 0:.2f}'
                 for column in values]
        lines.append(f'| {variant} | {" | ".join(shown)} |')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--variants', nargs='+', choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--epochs', type=int, nargs=3, metavar='N', help="of the three stages; the config's by default")
    parser.add_argument('--folder', type=Path, default=ROOT / 'work_dirs' / 'grounding', help='where results are kept')
    args = parser.parse_args()
    if args.epochs and min(args.epochs) < 1:
        parser.error('--epochs: a stage has at least one')
    figures = {variant: [results(variant, seed, args.epochs, args.folder) for seed in args.seeds]
               for variant in args.variants}
    print(f'\nSYNTHETIC images; seeds {args.seeds}; epochs {args.epochs or "as the config says"}\n')
    print(table(figures))


if __name__ == '__main__':
    main()
