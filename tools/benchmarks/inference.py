"""What an answer costs: one image alone, and many in batches against one at a time (a ratio, in seconds of processor).

    python tools/benchmarks/inference.py work_dirs/prior_demo_grounded data/demo/files --images 64
    python tools/benchmarks/inference.py large                     # ResNet-50 and BERT-base, random weights, noise
    python tools/benchmarks/inference.py search                    # 227,827 vectors of 768 numbers, from a file

The times of one image are on the clock, after the model is loaded and has answered once.
"""
import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.engine.launch import errors_as_messages
from prior_mm.inference import load
from prior_mm.inference.encoder import Encoder
from prior_mm.inference.model import Model
from prior_mm.inference.nearest import nearest
from prior_mm.inference.opened import Opened
from prior_mm.inference.stream import list_images
from prior_mm.inference.vector_tables import StoredTable, write_table
from prior_mm.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]

PROMPTS = ['The heart is enlarged.', 'The heart is normal in size.']
STUDIES, DIMS = 227_827, 768
WORDS = 28_996  # of Bio_ClinicalBERT's vocabulary


def large_model(batch_size: int) -> Model:
    """The model of configs/prior/pretrain_mimic.py with random weights and a vocabulary of made-up words."""
    config = Config.fromfile(ROOT / 'configs/prior/pretrain_mimic.py')
    config.model.image_encoder.pretrained = None
    with TemporaryDirectory() as folder:
        vocabulary = Path(folder, 'vocab.txt')
        words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'heart', 'is', 'enlarged', 'normal', 'in', 'size',
                 '.']
        vocabulary.write_text('\n'.join(words + [f'word{number}' for number in range(WORDS - len(words))]))
        config.model.text_encoder = dict(type='TextEncoder', vocab_file=str(vocabulary), config=dict(model_type='bert'))
        init_default_scope('prior_mm')
        method = MODELS.build({**config.model, 'type': 'ZeroShotClassifier', 'tokenizer': str(vocabulary),
                               'prompts': dict(zip('ab', ([prompt] for prompt in PROMPTS), strict=True))})
        opened = Opened(Path('random weights'), 'none', config.model.to_dict(), method.state_dict(), str(vocabulary),
                        dict(max_length=256), method.data_preprocessor.describe(), {}, {})
        return Model(Encoder(opened, method=method), None, batch_size)


def measure_model(model: Model, images: list) -> None:
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
    print(f'{len(images)} images: {alone:.2f} processor seconds one by one, {batched:.2f} in batches of '
          f'{model.batch_size}, ratio {alone / batched:.2f}')


def measure_search() -> None:
    """A table of that size is written first; what is measured begins with opening it."""
    rng = np.random.default_rng(0)
    query = rng.standard_normal((1, DIMS), dtype=np.float32)
    with TemporaryDirectory() as folder:
        path = Path(folder, 'studies.parquet')
        names = [f's{number}' for number in range(STUDIES)]
        write_table(path, dict(id=names, path=names, sentences=[['The heart is enlarged.'] * 6] * STUDIES),
                    dict(vector=rng.standard_normal((STUDIES, DIMS), dtype=np.float32)), {}, mapped=True)
        start, busy = time.perf_counter(), time.process_time()
        stored = StoredTable(path)
        read = stored.vectors('vector')
        between, busy_between = time.perf_counter(), time.process_time()
        places, _ = nearest(query, read, 10)
        stored.rows(places[0].tolist())
        end, busy_end = time.perf_counter(), time.process_time()
    print(f'the 10 nearest of {STUDIES:,} x {DIMS}: {end - start:.2f} s, {busy_end - busy:.2f} processor seconds, of '
          f'which opening it {between - start:.2f} s, {busy_between - busy:.2f} processor seconds')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help="a run's folder, a checkpoint or an export; or `large`, or `search`")
    parser.add_argument('images', nargs='?', help='a folder')
    parser.add_argument('--images', dest='number', type=int, default=64, help='how many (default: 64)')
    parser.add_argument('--batch-size', type=int, default=32)
    args = parser.parse_args()
    if args.model == 'search':
        measure_search()
    elif args.model == 'large':
        noise = np.random.default_rng(0).integers(0, 256, (args.number, 1024, 1024), dtype=np.uint8)
        measure_model(large_model(args.batch_size), list(noise))
    elif args.images is None:
        parser.error('name a folder of images after the model')
    else:
        measure_model(load(args.model, batch_size=args.batch_size, progress=False),
                      list_images(args.images).images[:args.number])


if __name__ == '__main__':
    with errors_as_messages('tools/benchmarks/inference.py'):
        main()
