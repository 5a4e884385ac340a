"""One film of the supervised demo data: what it shows, and how its file is made."""
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..findings import Finding
from ..phantom import render_lateral, render_radiograph
from ..placement import fit_chest
from ..regions import BoxPixels, boxes_to_region
from .annotations import decode_all
from .dicom_files import DicomHeader, to_dicom

#: Findings beside the one that a data set is about, and how often each is taken.
_OTHERS = (('cardiomegaly', 5), ('effusion', 4), ('atelectasis', 4), ('nodule', 3), ('mass', 1), ('granuloma', 2),
           ('catheter', 4), ('pacemaker', 2), ('tube', 3), ('clips', 2), ('fracture', 1), ('scar', 2),
           ('tortuous aorta', 2), ('elevated diaphragm', 1), ('hernia', 1), ('scoliosis', 2))


@dataclass(frozen=True)
class Film:
    """A film that is to be drawn.

    Attributes:
        path: Of its file, below the folder of all data sets; the ending says the format.
        seed: Decides all normal variation.
        findings: What is to be seen.
        view: ``'PA'``, ``'AP'`` or ``'LATERAL'``.
        boxes: An opacity is drawn in each, in pixels.
        run_lengths: A pneumothorax is drawn in what they cover.
        like_boxes: The chest is placed as for these boxes. Films without a finding are placed for those of a real image
            that has one, so that the place of the chest does not tell which is which.
        like_run_lengths: Likewise, for a pneumothorax.
        header: What a DICOM file says; None for JPEG.
    """

    path: str
    seed: tuple[int, ...]
    findings: tuple[Finding, ...] = ()
    view: str = 'PA'
    boxes: tuple[BoxPixels, ...] = ()
    run_lengths: tuple[str, ...] = ()
    like_boxes: tuple[BoxPixels, ...] = ()
    like_run_lengths: tuple[str, ...] = ()
    header: DicomHeader | None = None


def draw_film(film: Film, size: int, masks: Sequence[np.ndarray], outlines: Sequence[np.ndarray]) -> np.ndarray:
    """Draw a film, uint8 (size, size).

    Args:
        film: What it shows.
        size: Height and width in pixels.
        masks: Lung masks to choose from, bool (h, w).
        outlines: The same, softened.
    """
    rng = np.random.default_rng((*film.seed, 0))
    if film.view == 'LATERAL':
        return render_lateral(rng, size)
    if not film.like_boxes and not film.like_run_lengths:
        return render_radiograph(masks[int(rng.integers(len(masks)))], film.findings, rng, size, film.view)
    target = (boxes_to_region(film.like_boxes, size) if film.like_boxes else decode_all(film.like_run_lengths, size))
    number, placement = fit_chest(outlines, target, rng, at_the_wall=bool(film.like_run_lengths))
    air = decode_all(film.run_lengths, size) if film.run_lengths else None
    return render_radiograph(masks[number], film.findings, rng, size, film.view, placement, film.boxes, air)


def film_file(film: Film, size: int, masks: Sequence[np.ndarray], outlines: Sequence[np.ndarray]) -> bytes:
    """The film's file, DICOM or JPEG."""
    pixels = draw_film(film, size, masks, outlines)
    if film.header is not None:
        return to_dicom(pixels, film.header)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, 'JPEG', quality=92)
    return buffer.getvalue()


def draw_others(rng: np.random.Generator, percent: int, without: Sequence[str] = ()) -> tuple[Finding, ...]:
    """One or two findings beside the one that a data set is about, on a part of the films.

    Args:
        rng: Decides.
        percent: Films that have any.
        without: Kinds that are not taken.
    """
    if rng.integers(100) >= percent:
        return ()
    kinds = [kind for kind, weight in _OTHERS for _ in range(weight) if kind not in without]
    chosen = {kinds[int(rng.integers(len(kinds)))] for _ in range(1 + int(rng.integers(2)))}
    return tuple(Finding(kind) for kind in sorted(chosen))
