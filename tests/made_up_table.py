"""A hospital's own folder, made up: films of 48 x 40 px, a table with findings, patients and notes."""
import csv
from pathlib import Path

import numpy as np
from PIL import Image

#: Height and width of the films.
SHAPE = 40, 48
NOTE = ('The heart is enlarged. The lungs are clear of edema. There is no effusion. No pneumothorax is seen. '
        'Film {}.')


def film(number, shape=SHAPE):
    """A film that no other equals, uint8 (H, W)."""
    image = np.random.default_rng(number).integers(0, 60, shape).astype(np.uint8)
    image[8:20, 10:30] += np.uint8(40 + number % 100)
    return image


def own_rows(count=40, findings=('Mass', 'Edema')):
    """Rows of a table: three films a patient, two a study; every third film shows one finding, every sixth both."""
    rows = []
    for number in range(count):
        shown = [name for place, name in enumerate(findings) if number % (3 * (place + 1)) == 0]
        rows.append({'file': f'f{number}.png', 'Patient ID': f'p{number // 3}', 'view': 'PA' if number % 2 else 'AP',
                     'Finding Labels': '|'.join(shown) or 'No Finding', 'report': NOTE.format(number)})
    return rows


def write_own(root: Path, rows=None, table='films.csv', folder='images'):
    """Write the folder; the table's rows are those given, each with a film unless it is there."""
    rows = own_rows() if rows is None else rows
    (root / folder).mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(rows):
        if name := row.get('file'):
            path = root / folder / Path(name).name
            if not path.exists():
                Image.fromarray(film(number)).save(path)
    with (root / table).open('w', newline='') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return root
