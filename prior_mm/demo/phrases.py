"""Phrases of reports and where on the film they are to be seen: what the drawing program knows of itself."""
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .chest import Chest
from .findings import Finding

_NOT_THERE = re.compile(r'\b(?:no|not|without|negative|free|absent|resol\w+|clear(?:ed)?|normal|unremarkable|'
                        r'exclude\w*|rather than|versus|vs|lateral (?:view|projection)|prior|previous(?:ly)?|'
                        r'removed?|removal)\b', re.I)


class Grounded(NamedTuple):
    """A finding that phrases are about.

    Attributes:
        kinds: What the drawing program calls it.
        words: How reports name it.
        sided: Whether each side has a box of its own.
    """

    kinds: tuple[str, ...]
    words: 're.Pattern[str]'
    sided: bool = True


def _named(*parts: str) -> 're.Pattern[str]':
    return re.compile('|'.join(parts), re.I)


#: The findings of the grounding set. Those that cover a few pixels of the demo's images (granulomas, scars, clips, ribs
#: that have healed) or have no place (inflation, a bent spine) are not among them.
GROUNDED = {
    'Atelectasis': Grounded(('atelectasis', ), _named('atelecta')),
    'Cardiomegaly': Grounded(('cardiomegaly', ), _named(
        'cardiomegaly', r'(?:heart|cardiac|cardiomediastinal)\b.*\benlarge', r'enlarge\w*\b.*\b(?:heart|cardiac)'),
        sided=False),
    'Edema': Grounded(('edema', 'congestion'), _named('edema', 'congesti'), sided=False),
    'Lung Lesion': Grounded(('nodule', 'mass'), _named('nodul', r'\bmass', 'lesion')),
    'Lung Opacity': Grounded(('opacity', 'consolidation'), _named(
        'opaci', 'airspace disease', 'air space disease', 'infiltrat', 'consolidat', 'pneumonia')),
    'Pleural Effusion': Grounded(('effusion', ), _named('effusion')),
    'Pneumothorax': Grounded(('pneumothorax', ), _named('pneumothora')),
    'Support Devices': Grounded(('catheter', 'pacemaker', 'tube'), _named(
        'catheter', 'pacemaker', r'\bpacer', 'defibrillator', r'\bports?\b', r'port-a-', r'\bpicc\b', r'\btubes?\b',
        'central (?:venous )?line', r'\bicd\b'), sided=False),
}
#: What else is drawn and could be meant.
_OTHERS = _named('granulom', 'scar', 'thicken', 'hernia', 'clips?', 'elevat', 'diaphragm', 'fractur')


class Phrase(NamedTuple):
    """A sentence of a report that names one thing that was drawn.

    Attributes:
        sentence: As the report has it.
        finding: One of :data:`GROUNDED`.
        mask: Where it is, bool (H, W).
        boxes: Around it, one a side where the sides count: x, y, width and height in pixels, (K, 4).
    """

    sentence: str
    finding: str
    mask: np.ndarray
    boxes: list[tuple[int, int, int, int]]


def find_phrases(sentences: Sequence[str], findings: Sequence[Finding], chest: Chest) -> list[Phrase]:
    """The sentences that say that a finding is there, and name no other; each sentence once.

    A sentence that names one side means what lies on it.

    Args:
        sentences: Of the report.
        findings: What the chest was drawn with.
        chest: As drawn, of the report's findings.
    """
    drawn = {name: [place for finding, place in zip(findings, chest.places, strict=True)
                    if finding.kind in grounded.kinds] for name, grounded in GROUNDED.items()}
    found = []
    for sentence in dict.fromkeys(sentences):
        named = [name for name, grounded in GROUNDED.items() if grounded.words.search(sentence)]
        if len(named) != 1 or not drawn[named[0]] or _NOT_THERE.search(sentence) or _OTHERS.search(sentence):
            continue
        mask, sides = np.any(drawn[named[0]], axis=0), dict(right=chest.x < 0, left=chest.x >= 0)
        said = [side for side in sides if re.search(rf'\b{side}\b', sentence, re.I)]
        if GROUNDED[named[0]].sided and len(said) == 1:
            mask = mask & sides[said[0]]
        parts = [mask & side for side in sides.values()] if GROUNDED[named[0]].sided else [mask]
        boxes = [_box(part) for part in parts if part.any()]
        if boxes:
            found.append(Phrase(sentence, named[0], mask, boxes))
    return found


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1))
