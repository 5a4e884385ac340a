"""What report drafts are worth: BLEU-4, ROUGE-L and F1 of findings on held-out studies, beside three baselines.

    python tools/evaluate_drafts.py work_dirs/pretrain_demo INDEX data/demo/annotations/test.json
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prior_mm.datasets.study_table import read_studies
from prior_mm.engine.launch import errors_as_messages
from prior_mm.evaluation.results import write_results
from prior_mm.files.file_hash import sha256
from prior_mm.inference import load
from prior_mm.inference.draft_figures import evaluate_drafts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', type=Path, help="a run's folder, a checkpoint, or an export of the joint model")
    parser.add_argument('archive', type=Path, help='what `prior-mm index` wrote of the training studies')
    parser.add_argument('annotations', type=Path, help='annotation file of held-out studies')
    parser.add_argument('--image-root', type=Path, help='folder that image paths count from')
    parser.add_argument('--out', type=Path, help='the JSON file; <model>/results/drafts.json by default')
    parser.add_argument('--seed', type=int, default=0, help='of the random baseline (default: 0)')
    args = parser.parse_args()
    model = load(args.model, archive=args.archive)
    assert model.archive is not None  # it was given
    metrics, failed = evaluate_drafts(model, model.archive, args.annotations, args.image_root, args.seed)
    metainfo = read_studies(args.annotations).metainfo
    out = args.out or Path(model.info.path).parent / 'results' / 'drafts.json'
    write_results(out, metrics, dict(
        checkpoint=model.info.path, checkpoint_sha256=model.info.sha256, seed=args.seed,
        data={key: metainfo.get(key) for key in ('dataset', 'split', 'synthetic')}, archive=model.archive.about,
        annotations_sha256={args.annotations.name: sha256(args.annotations)}))
    names = ('bleu4', 'rouge_l', 'f1_micro', 'f1_macro', 'sentences')
    print(f'| {"SYNTHETIC images" if metainfo.get("synthetic") else ""} | BLEU-4 | ROUGE-L | F1, micro | F1, macro | '
          'sentences |\n| --- | --- | --- | --- | --- | --- |')
    for system in dict.fromkeys(name.split('/')[0] for name in metrics):
        values = [f'{metrics[f"{system}/{name}"]:.3f}' for name in names]
        print(f'| {system.replace("_", " ")} | {" | ".join(values)} |')
    print(f'{metrics["draft/studies"]} studies, {len(failed)} left out; written to {out}')


if __name__ == '__main__':
    with errors_as_messages('tools/evaluate_drafts.py'):
        main()
