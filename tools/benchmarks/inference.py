"""What an answer costs: one image alone, and many in batches against one at a time (a ratio, in seconds of processor).

    python tools/benchmarks/inference.py work_dirs/pretrain_demo data/demo/files --images 64
    python tools/benchmarks/inference.py search                    # 227,827 vectors of 768 numbers

The times of one image are on the clock, after the model is loaded and has answered once.
"""
import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.engine.launch import errors_as_messages
from prior_mm.inference import load
from prior_mm.inference.nearest import nearest
from prior_mm.inference.stream import list_images

PROMPTS = ['The heart is enlarged.', 'The heart is normal in size.']
STUDIES, DIMS = 227_827, 768


def measure_model(source: str, folder: str, number: int, batch_size: int) -> None:
    model = load(source, batch_size=batch_size, progress=False)
    images = list_images(folder).images[:number]
    answers = {
        'embed': lambda image: model.embed_images(image), 'score': lambda image: model.score(image, PROMPTS),
        'heat map, cosine': lambda image: model.heatmap(image, PROMPTS[0]),
        'heat map, gradient': lambda image: model.heatmap(image, PROMPTS[0], 'gradient')}
    print(f'{model.info.method} of {model.info.parameters:,} parameters, {model.info.size} px, {model.encoder.device}')
    for name, answer in answers.items():
        answer(images[0])
        seconds, busy = [], time.process_time()
        for image in images[:10]:
            start = time.perf_counter()
            answer(image)
            seconds.append(time.perf_counter() - start)
        busy = (time.process_time() - busy) / len(seconds)
        print(f'{name}: {np.median(seconds):.3f} s an image, median of {len(seconds)}, worst {max(seconds):.3f} s; '
              f'{busy:.3f} processor seconds')
    start = time.process_time()
    for image in images:
        model.embed_images(image)
    alone = time.process_time() - start
    start = time.process_time()
    model.embed_images(images)
    batched = time.process_time() - start
    print(f'{len(images)} images: {alone:.2f} processor seconds one by one, {batched:.2f} in batches of {batch_size}, '
          f'ratio {alone / batched:.2f}')


def measure_search() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((STUDIES, DIMS), dtype=np.float32)
    query = rng.standard_normal((1, DIMS), dtype=np.float32)
    start, busy = time.perf_counter(), time.process_time()
    nearest(query, vectors, 10)
    print(f'the 10 nearest of {STUDIES:,} x {DIMS}: {time.perf_counter() - start:.2f} s, '
          f'{time.process_time() - busy:.2f} processor seconds')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help="a run's folder, a checkpoint or an export; or `search`")
    parser.add_argument('images', nargs='?', help='a folder')
    parser.add_argument('--images', dest='number', type=int, default=64, help='how many (default: 64)')
    parser.add_argument('--batch-size', type=int, default=32)
    args = parser.parse_args()
    if args.model == 'search':
        measure_search()
    elif args.images is None:
        parser.error('name a folder of images after the model')
    else:
        measure_model(args.model, args.images, args.number, args.batch_size)


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/inference.py'):
        main()
