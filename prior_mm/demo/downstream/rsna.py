"""RSNA pneumonia: films for its real boxes."""
from collections.abc import Mapping

import numpy as np

from prior_mm.converters.downstream.rsna import IMAGES, TABLE

from ..regions import BoxPixels
from .annotations import scale_box, shuffled
from .dicom_files import DicomHeader, hashed_uid, hashed_uuid
from .films import Film, draw_others
from .planned import POSITIVE_PERCENT, PlannedDataset, draw_person

_HEADER = ('patientId', 'x', 'y', 'width', 'height', 'Target')
README = f"""RSNA pneumonia (stage 2), demo. The boxes are REAL: of {TABLE}, read from the package torchxrayvision,
scaled to the size of these images. The images are SYNTHETIC: in each box an airspace opacity is drawn.
{POSITIVE_PERCENT} % of the images have boxes (of the real ones 23 %). About half of the others are normal,
half show other findings.
sources.csv names, by image, the real image whose boxes it shows; an image without any has its chest
placed as for those boxes, so that the place of the chest does not tell which is which.
"""


def plan_rsna(real: Mapping[str, list[BoxPixels]], images: int, seed: int, size: int) -> PlannedDataset:
    """Films and tables.

    Args:
        real: Boxes of 1024 px images by image.
        images: Number of them.
        seed: The seed.
        size: Height and width of the films in pixels.
    """
    order = shuffled([image for image, boxes in real.items() if boxes], seed)
    positive = images * POSITIVE_PERCENT // 100
    films: list[Film] = []
    rows: list[tuple] = []
    sources: list[tuple] = []
    numbers = shuffled([str(number) for number in range(images)], seed)  # positive ones are not the first in the table
    for place in map(int, numbers):
        source = order[place % len(order)]
        boxes = tuple(scale_box(box, size) for box in real[source])
        shown = boxes if place < positive else ()
        rng = np.random.default_rng((seed, 1, place))
        person = draw_person(rng)
        others = draw_others(rng, 25 if shown else 50)
        image = hashed_uuid(f'rsna {seed} {place}')
        header = DicomHeader(hashed_uid(f'rsna {seed} {place}'), image, *person)
        films.append(Film(f'rsna/{IMAGES}/{image}.dcm', (seed, 2, place), others, person[2], boxes=shown,
                          like_boxes=boxes, header=header))
        rows += [(image, *box, 1) for box in shown] or [(image, '', '', '', '', 0)]
        sources.append((image, source))
    tables = {TABLE: (_HEADER, rows), 'sources.csv': (('image_id', 'placed_for'), sources)}
    return PlannedDataset('rsna', films, tables, README)
