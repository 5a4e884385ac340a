"""Studies per second from large JPEGs and from resized copies, against decoding with Pillow at full size.

    python tools/benchmarks/data_loading.py [--images 24] [--rounds 5] [--size 224] [--out FILE]

The images are synthetic: 2500 x 3000 px with the outline of a chest film and noise that makes the files as large as
MIMIC-CXR's (1.5 MB). Everything runs in one process without workers; the ways take turns, round by round, and the
median of each image's times counts. Two tables: reading alone (file to an array of the target size), and the whole way
of a study of a training run (view, reading, augmentation, tokens, packing). Also printed: how far the pixels of each
way are from those of the full decoding, in gray levels of 255. Targets: 1.5 times and 20 times as fast; the exit
status is 1 if one is missed or the pixels are off by more than two gray levels on average.
"""
import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
import torch
from PIL import Image

from prior_mm.datasets import StudyDataset, Visit
from prior_mm.datasets.images import fit_short_side, read_radiograph, resize

WAYS = {'Pillow, full size': None, 'large JPEG': 1.5, 'resized copy': 20.}
SENTENCES = ['heart size is normal .', 'the lungs are clear .', 'no pleural effusion .', 'no pneumothorax is seen .',
             'the mediastinal contours are normal .', 'no acute bony abnormality .']


def synthetic_radiograph(rng: np.random.Generator, height: int = 2500, width: int = 3000) -> np.ndarray:
    """A chest film in outline: bright body, dark lungs, ribs, heart and the noise of a detector, uint8, (H, W)."""
    y, x = np.meshgrid(np.linspace(-1, 1, height, dtype=np.float32), np.linspace(-1, 1, width, dtype=np.float32),
                       indexing='ij')
    lungs = sum(0.5 - 0.5 * np.tanh(12 * (((x - side * 0.42) / 0.33)**2 + (y / 0.72)**2 - 1)) for side in (-1, 1))
    heart = np.exp(-((x - 0.12) / 0.25)**4 - ((y - 0.35) / 0.3)**4)
    ribs = np.maximum(np.sin(22 * y + 9 * x**2 + rng.uniform(0, 6)), 0)**2
    film = 0.75 - 0.5 * lungs * (1 - heart) + 0.08 * ribs * lungs + rng.normal(0, 0.008, (height, width))
    return (np.clip(film * rng.uniform(0.9, 1.1), 0, 1) * 255).astype(np.uint8)


def make_studies(root: Path, count: int, short_side: int) -> None:
    """Write large JPEGs, their resized copies, a vocabulary and an annotation file under ``root``."""
    rng = np.random.default_rng(0)
    studies = []
    for number in range(count):
        name = f's{number}.jpg'
        for folder, image in (('large', synthetic_radiograph(rng)), ('resized', None)):
            (root / folder).mkdir(exist_ok=True)
            if image is None:
                image = fit_short_side(read_radiograph(root / 'large' / name), short_side)
            Image.fromarray(image).save(root / folder / name, quality=95)
        studies.append(dict(study_id=f's{number}', images=[name], views=['PA'], sentences=SENTENCES))
        print(f'\rwriting synthetic films: {number + 1}/{count}', end='', file=sys.stderr)
    print(file=sys.stderr)
    words = sorted({word for sentence in SENTENCES for word in sentence.split()})
    (root / 'vocab.txt').write_text('\n'.join(['[PAD]', '[UNK]', '[CLS]', '[SEP]', *words]))
    metainfo = dict(schema='prior_mm.studies/1', dataset='benchmark', synthetic=True)
    (root / 'studies.json').write_text(json.dumps(dict(metainfo=metainfo, data_list=studies)))


def read_with_pillow(results: dict, size: int) -> dict:
    """What a plain data set does: decode all of it, then resize."""
    results['image_path'] = results['images'][0]
    with Image.open(Path(results['image_root']) / results['image_path']) as image:
        results['image'] = np.asarray(image.convert('L').resize((size, size), Image.Resampling.BILINEAR))
    return results


def readers(root: Path, size: int) -> dict[str, Callable[[int], np.ndarray]]:
    """The ways from a file to an array of the target size."""
    def pillow(number: int) -> np.ndarray:
        return read_with_pillow(dict(images=[f's{number}.jpg'], image_root=root / 'large'), size)['image']

    def ours(folder: str) -> Callable[[int], np.ndarray]:
        return lambda number: resize(read_radiograph(root / folder / f's{number}.jpg', size), size, size)

    return dict(zip(WAYS, (pillow, ours('large'), ours('resized')), strict=True))


def studies(root: Path, size: int) -> dict[str, Callable[[int], torch.Tensor]]:
    """The ways from a visit to a packed study, as in training."""
    rest: list[dict] = [
        dict(type='RandomRotateRadiograph', degrees=5), dict(type='RandomFlipRadiograph', prob=0.5),
        dict(type='ShuffleSentences'), dict(type='TokenizeReport', tokenizer=str(root / 'vocab.txt')),
        dict(type='PackStudy')]
    ours: list[dict] = [dict(type='LoadRadiograph', size=size), dict(type='ResizeRadiograph', size=(size, size))]
    data = [StudyDataset('studies.json', str(root), [lambda results: read_with_pillow(results, size), *rest], 'large'),
            StudyDataset('studies.json', str(root), [*ours, *rest], 'large'),
            StudyDataset('studies.json', str(root), [*ours, *rest], 'resized')]

    def from_dataset(dataset: StudyDataset) -> Callable[[int], torch.Tensor]:
        return lambda number: 255 * cast(dict, dataset[Visit(number)])['image']  # None only with on_error='skip'

    return dict(zip(WAYS, map(from_dataset, data), strict=True))


def measure(ways: dict[str, Callable], count: int, rounds: int) -> list[dict]:
    """Time the ways in turns; the first of them is what the others are held against."""
    times: dict[str, list[list[float]]] = {way: [[] for _ in range(count)] for way in ways}
    results = {way: [np.asarray(read(number), dtype=np.float32) for number in range(count)]
               for way, read in ways.items()}  # this also puts the files into the system's cache
    for _ in range(rounds):
        for way, read in ways.items():
            for number in range(count):
                start = time.perf_counter()
                read(number)
                times[way][number].append(time.perf_counter() - start)
    rows: list[dict] = []
    for way in ways:
        seconds = statistics.fmean(statistics.median(row) for row in times[way])
        difference = np.abs(np.stack(results[way]) - np.stack(results[next(iter(ways))]))
        rows.append(dict(way=way, studies_per_s=1 / seconds, milliseconds=1e3 * seconds,
                         ratio=rows[0]['milliseconds'] / (1e3 * seconds) if rows else 1., target=WAYS[way],
                         mean_difference=float(difference.mean()), largest_difference=float(difference.max())))
    return rows


def table(title: str, rows: list[dict]) -> str:
    """The rows as text."""
    lines = [f'{title:<24}{"ms":>8}{"studies/s":>11}{"ratio":>8}{"target":>8}{"pixels off by: mean":>21}{"max":>6}']
    for row in rows:
        target = f'{row["target"]:.1f}x' if row['target'] else ''
        lines.append(f'{row["way"]:<24}{row["milliseconds"]:>8.2f}{row["studies_per_s"]:>11.1f}{row["ratio"]:>7.1f}x'
                     f'{target:>8}{row["mean_difference"]:>21.2f}{row["largest_difference"]:>6.1f}')
    return '\n'.join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--images', type=int, default=24)
    parser.add_argument('--rounds', type=int, default=5, help='timed readings of each image')
    parser.add_argument('--size', type=int, default=224, help='side of the images that come out, in pixels')
    parser.add_argument('--short-side', type=int, default=256, help='of the resized copies, in pixels')
    parser.add_argument('--out', help='write the figures to this JSON file')
    args = parser.parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_studies(root, args.images, args.short_side)
        for name in ('large', 'resized'):
            sizes = [path.stat().st_size for path in (root / name).iterdir()]
            print(f'{name}: {args.images} synthetic JPEGs of {statistics.fmean(sizes) / 1e3:.0f} kB')
        figures = {'reading': measure(readers(root, args.size), args.images, args.rounds),
                   'whole study': measure(studies(root, args.size), args.images, args.rounds)}
    for title, rows in figures.items():
        print(f'\n{table(title, rows)}')
    if args.out:
        Path(args.out).write_text(json.dumps(figures, indent=2) + '\n')
    missed = [row for rows in figures.values() for row in rows
              if row['ratio'] < (row['target'] or 0) or row['mean_difference'] > 2]
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
