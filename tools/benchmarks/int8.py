"""What graphs in 8 bits cost and save: zero-shot figures and cosines beside those in float32, on held-out studies.

    python tools/model_converters/export.py work_dirs/pretrain_demo/epoch_60.pth exports/onnx --part onnx --int8 FILMS
    python tools/benchmarks/int8.py exports/onnx

Studies, labels and prompts are those of configs/prior/evaluate_demo.py (SYNTHETIC images); onnxruntime alone computes.
"""
import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import init_default_scope
from tokenizers import Tokenizer

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from prior_mm.engine.launch import errors_as_messages, load_config  # noqa: E402
from prior_mm.evaluation import ZeroShotMetric  # noqa: E402
from prior_mm.registry import DATASETS  # noqa: E402


def prompt_vectors(session: Any, tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """Unit vectors of prompts, one at a time, as reports of one sentence."""
    vectors = []
    for text in texts:
        ids = np.array([tokenizer.encode(text, add_special_tokens=False).ids])
        vectors.append(session.run(['report'], dict(
            token_ids=ids, token_mask=np.ones_like(ids, dtype=bool), sentence_index=np.zeros_like(ids),
            sentence_mask=np.ones((1, 1), dtype=bool)))[0])
    return np.concatenate(vectors)


def measure(folder: Path, ending: str, images: np.ndarray, labels: list[int],
            prompts: dict[str, list[str]]) -> tuple[dict[str, float], np.ndarray]:
    """Figures of one kind of graphs, and the cosines of images and prompts."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(folder / f'{name}{ending}.onnx', options, providers=[
        'CPUExecutionProvider']) for name in ('image_encoder', 'text_encoder')]
    start = time.process_time()
    vectors = np.concatenate([sessions[0].run(['image'], dict(images=image[None]))[0] for image in images])
    busy = time.process_time() - start
    tokenizer = Tokenizer.from_file(str(folder / 'tokenizer/tokenizer.json'))
    texts = [text for phrases in prompts.values() for text in phrases]
    cosines = vectors @ prompt_vectors(sessions[1], tokenizer, texts).T
    ends = np.cumsum([len(phrases) for phrases in prompts.values()])
    scores = np.stack([part.mean(axis=1) for part in np.split(cosines, ends[:-1], axis=1)], axis=1)
    metric = ZeroShotMetric(protocol='demo/1')
    metric.process(None, [dict(scores=torch.from_numpy(row), classes=list(prompts), label_index=label)
                          for row, label in zip(scores, labels, strict=True)])
    found = metric.compute_metrics(metric.results)
    size = sum((folder / f'{name}{ending}.onnx').stat().st_size for name in ('image_encoder', 'text_encoder'))
    return dict(accuracy=found['accuracy'], auroc=found['auroc'], megabytes=size / 1e6,
                seconds=busy / len(images)), cosines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', type=Path, help='what `export.py --part onnx --int8 FILMS` wrote')
    parser.add_argument('--data-root', default='data/demo', help='the demo data (default: data/demo)')
    args = parser.parse_args()
    config = load_config(str(ROOT / 'configs/prior/evaluate_demo.py'))
    init_default_scope('prior_mm')
    given = config.test_dataloader.dataset
    given.data_root = args.data_root
    given.pipeline[2].tokenizer = str(args.folder / 'tokenizer')
    dataset = DATASETS.build(given)
    studies = [study for study in (dataset[number] for number in range(len(dataset)))
               if study['info']['label_index'] >= 0]
    images = np.stack([study['image'].numpy() for study in studies])
    labels = [study['info']['label_index'] for study in studies]
    print(f'{len(studies)} held-out studies, SYNTHETIC images\n\n| | accuracy | AUROC | MB | processor seconds an '
          'image |\n| --- | --- | --- | --- | --- |')
    cosines = []
    for name, ending in (('float32', ''), ('8 bits', '_int8')):
        found, of_kind = measure(args.folder, ending, images, labels, config.prompts.to_dict())
        cosines.append(of_kind)
        print(f'| {name} | {100 * found["accuracy"]:.1f} % | {100 * found["auroc"]:.1f} % | {found["megabytes"]:.1f} | '
              f'{found["seconds"]:.4f} |')
    apart = np.abs(cosines[0] - cosines[1])
    print(f'\nCosines of {apart.shape[0]} images and {apart.shape[1]} prompts differ by {apart.mean():.4f} on average, '
          f'by {apart.max():.4f} at most')


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/int8.py'):
        main()
