"""Made-up films in the two layouts of the benchmark of real radiographs, and its modules made importable."""
import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / 'tools' / 'benchmarks'))


def write_nih(folder: Path, count: int = 60, seed: int = 0) -> None:
    """Films of noise in NIH's layout, brighter with pneumonia; a patient has one or two."""
    rng = np.random.default_rng(seed)
    (folder / 'images').mkdir(parents=True)
    rows = []
    for number in range(count):
        ill = bool(rng.random() < 0.5)
        name = f'{number // 2 + 1 if number % 3 else 500 + number:08d}_{number:03d}.png'
        image = rng.integers(80 if ill else 0, 200, (150, 140), dtype=np.uint8)
        Image.fromarray(image).save(folder / 'images' / name)
        rows.append({'Image Index': name, 'Finding Labels': 'Edema|Pneumonia' if ill else 'No Finding',
                     'Patient ID': str(int(name[:8])), 'View Position': 'AP' if rng.random() < 0.5 else 'PA'})
    _write_table(folder / 'index.csv', rows)


def write_notes(folder: Path, count: int = 24) -> None:
    """Films with a note each, and a mask of two bright lungs on two of three; a patient has one or two."""
    rng = np.random.default_rng(1)
    rows = []
    for name in ('images', 'lungs'):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        image, lungs = rng.integers(0, 90, (150, 140)).astype(np.uint8), np.zeros((150, 140), np.uint8)
        lungs[40:110, 20:60] = lungs[40:110, 80:120] = 255
        image[lungs > 0] += 120
        Image.fromarray(image).save(folder / f'images/{number:04d}.png')
        if number % 3:
            Image.fromarray(lungs).save(folder / f'lungs/{number:04d}.png')
        rows.append(dict(image=f'images/{number:04d}.png', patient=f'p{number // 2 if number % 3 else number}',
                         view='AP Supine' if number % 2 else 'PA', finding='Pneumonia' if number % 2 else 'No Finding',
                         notes=f'Fever for {number} days. The lungs are {"clear" if number % 2 else "opaque"}.',
                         lung_mask=f'lungs/{number:04d}.png' if number % 3 else ''))
    _write_table(folder / 'index.csv', rows)


def _write_table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open('w', newline='') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
