"""SIIM-ACR pneumothorax: films for its real masks."""
from collections.abc import Mapping

import numpy as np

from prior_mm.converters.downstream.run_lengths import EMPTY
from prior_mm.converters.downstream.siim import IMAGES, TABLE

from .annotations import scale_run_lengths, shuffled
from .dicom_files import DicomHeader, hashed_uid
from .films import Film, draw_others
from .planned import POSITIVE_PERCENT, PlannedDataset, draw_person

_HEADER = ('ImageId', ' EncodedPixels')  # with the blank that the real one has
README = f"""SIIM-ACR pneumothorax, demo. The masks are REAL: of {TABLE}, read from the package torchxrayvision,
scaled to the size of these images. The images are SYNTHETIC: in each mask a pneumothorax is drawn.
{POSITIVE_PERCENT} % of the images have one (of the real ones 22 %). Other findings are as frequent with it as without.
sources.csv names, by image, the real image whose mask it shows; an image without any has its chest
placed as for those masks, so that the place of the chest does not tell which is which.
"""


def plan_siim(real: Mapping[str, list[str]], images: int, seed: int, size: int) -> PlannedDataset:
    """Films and tables.

    Args:
        real: Run lengths of 1024 px images by image.
        images: Number of them.
        seed: The seed.
        size: Height and width of the films in pixels.
    """
    order = shuffled([image for image, texts in real.items() if texts], seed)
    positive = images * POSITIVE_PERCENT // 100
    films: list[Film] = []
    rows: list[tuple] = []
    sources: list[tuple] = []
    numbers = shuffled([str(number) for number in range(images)], seed)
    for place in map(int, numbers):
        source = order[place % len(order)]
        texts = tuple(scale_run_lengths(real[source], size))
        shown = texts if place < positive else ()
        rng = np.random.default_rng((seed, 3, place))
        person = draw_person(rng)
        others = draw_others(rng, 40)
        image, group = hashed_uid(f'siim {seed} {place}'), hashed_uid(f'siim group {seed} {place}')
        header = DicomHeader(image, hashed_uid(f'siim patient {seed} {place}'), *person)
        films.append(Film(f'siim/{IMAGES}/{group}.1/{group}.2/{image}.dcm', (seed, 4, place), others, person[2],
                          run_lengths=shown, like_run_lengths=texts, header=header))
        rows += [(image, text) for text in shown] or [(image, EMPTY)]
        sources.append((image, source))
    tables = {TABLE: (_HEADER, rows), 'sources.csv': (('image_id', 'placed_for'), sources)}
    return PlannedDataset('siim', films, tables, README)
