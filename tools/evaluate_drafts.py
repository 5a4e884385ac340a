"""What report drafts are worth: BLEU-4, ROUGE-L and F1 of findings on held-out studies, beside three baselines.

    python tools/evaluate_drafts.py work_dirs/pretrain_demo INDEX data/demo/annotations/test.json [--docs PAGE]

INDEX is what `prior-mm index` wrote of the training studies, or their annotation file, which is indexed now. For a
model of pre-training, `tools/test.py configs/downstream/demo/report_drafts.py` gives the same; this takes whatever
`prior_mm.load` does, an export say. With --docs the table of the page is filled in.
"""
import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parent / 'benchmarks'))

from prior_mm.datasets.study_table import read_studies
from prior_mm.engine.launch import errors_as_messages
from prior_mm.evaluation.results import write_results
from prior_mm.files.file_hash import sha256
from prior_mm.inference import load
from prior_mm.inference.draft_figures import SYSTEMS, evaluate_drafts
from prior_mm.inference.info import ModelInfo

_NAMES = dict(draft='draft', nearest_image='report of the nearest image', most_frequent='the most frequent report',
              random='a random report')
_FIGURES = ('bleu4', 'rouge_l', 'f1_micro', 'f1_macro')


def table(metrics: dict[str, Any], synthetic: bool) -> str:
    """A row a system, each figure with its 95 % interval, as Markdown."""
    rows = [f'| {"SYNTHETIC images" if synthetic else ""} | BLEU-4 | ROUGE-L | F1, micro | F1, macro | sentences |',
            '| --- | --- | --- | --- | --- | --- |']
    for name in SYSTEMS:
        values = [f'{metrics[f"{name}/{figure}"]:.3f} ({metrics[f"{name}/{figure}_low"]:.3f} to '
                  f'{metrics[f"{name}/{figure}_high"]:.3f})' for figure in _FIGURES]
        rows.append(f'| {" | ".join((_NAMES[name], *values))} | {metrics[f"{name}/sentences"]:.2f} |')
    return '\n'.join(rows)


def described(model: ModelInfo, metrics: dict[str, Any], studies: int) -> str:
    """What the table rests on, in a sentence."""
    return (f'{Path(model.path).name} ({model.sha256[:12]}), epoch {model.epoch}, seed {model.seed}; '
            f'{metrics["draft/studies"]} held-out studies of {model.dataset}, archive of {studies:,} training studies; '
            '95 % intervals from drawing patients with replacement 1,000 times.')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', type=Path, help="a run's folder, a checkpoint, or an export of the joint model")
    parser.add_argument('archive', type=Path, help='what `prior-mm index` wrote of the training studies, or their '
                                                   'annotation file')
    parser.add_argument('annotations', type=Path, help='annotation file of held-out studies')
    parser.add_argument('--image-root', type=Path, help='folder that image paths count from')
    parser.add_argument('--out', type=Path, help='the JSON file; <model>/results/drafts.json by default')
    parser.add_argument('--seed', type=int, default=0, help='of the random baseline (default: 0)')
    parser.add_argument('--docs', type=Path, help='page whose table is filled in')
    args = parser.parse_args()
    if args.docs:
        from page_blocks import fill
        fill(args.docs.read_text(encoding='utf-8'), dict(measured=''), 'drafts')  # rather now than after the work
    model = load(args.model, archive=args.archive)
    assert model.archive is not None  # it was given
    metrics, failed = evaluate_drafts(model, model.archive, args.annotations, args.image_root, args.seed)
    metainfo = read_studies(args.annotations).metainfo
    out = args.out or Path(model.info.path).parent / 'results' / 'drafts.json'
    write_results(out, metrics, dict(
        checkpoint=model.info.path, checkpoint_sha256=model.info.sha256, seed=args.seed,
        data={key: metainfo.get(key) for key in ('dataset', 'split', 'synthetic')}, archive=model.archive.about,
        annotations_sha256={args.annotations.name: sha256(args.annotations)}))
    text = table(metrics, bool(metainfo.get('synthetic')))
    print(text)
    print(f'{metrics["draft/studies"]} studies, {len(failed)} left out; written to {out}')
    if args.docs:
        about = described(model.info, metrics, len(model.archive))
        args.docs.write_text(fill(args.docs.read_text(encoding='utf-8'), dict(measured=f'{about}\n\n{text}'), 'drafts'),
                             encoding='utf-8')


if __name__ == '__main__':
    with errors_as_messages('tools/evaluate_drafts.py'):
        main()
