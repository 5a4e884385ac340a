"""The demo's grounding set: phrases of reports that no training sees, and where their findings were drawn."""
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from prior_mm.datasets.downstream_schemas import GROUNDING
from prior_mm.datasets.reports import report_sentences
from prior_mm.files.whole_files import write_whole

from .chest import Chest
from .findings import Finding
from .phrases import GROUNDED, find_phrases

_KINDS = {kind for grounded in GROUNDED.values() for kind in grounded.kinds}


def draw_phrases(root: Path, img_path: str, patient: str, report: str, findings: Sequence[Finding],
                 draw: Callable[[], Chest]) -> list[dict[str, Any]]:
    """The phrases of one study, as entries of an annotation file; their masks are written.

    Args:
        root: Folder of the demo data.
        img_path: The film that they are grounded on, from there.
        patient: Its patient.
        report: Text of the report.
        findings: What the film shows.
        draw: Draws its chest once more.
    """
    if not any(finding.kind in _KINDS for finding in findings):
        return []
    entries = []
    for number, phrase in enumerate(find_phrases(report_sentences(report), findings, draw())):
        phrase_id = f'{Path(img_path).stem}_{number}'
        mask_path = f'grounding/masks/{phrase_id}.png'
        buffer = io.BytesIO()
        Image.fromarray(phrase.mask.astype(np.uint8)).save(buffer, 'PNG')
        write_whole(root / mask_path, buffer.getvalue())
        height, width = phrase.mask.shape
        entries.append(dict(phrase_id=phrase_id, img_path=img_path, phrase=phrase.sentence, finding=phrase.finding,
                            boxes=phrase.boxes, mask_path=mask_path, width=width, height=height, patient_id=patient))
    return entries


def write_grounding(root: Path, split: str, entries: Sequence[dict[str, Any]]) -> None:
    """Write ``grounding/<split>.json``; without a phrase there is none.

    Args:
        root: Folder of the demo data.
        split: Of the reports.
        entries: What :func:`draw_phrases` gives.
    """
    if not entries:
        return
    counts = Counter(entry['finding'] for entry in entries)
    metainfo = dict(schema=GROUNDING, dataset='demo', split=split, synthetic=True,
                    classes=[name for name in GROUNDED if counts[name]],
                    summary=dict(phrases=len(entries), images=len({entry['img_path'] for entry in entries}),
                                 findings=dict(sorted(counts.items()))))
    lines = ',\n'.join(map(json.dumps, entries))
    write_whole(root / 'grounding' / f'{split}.json',
                f'{{"metainfo": {json.dumps(metainfo, indent=1)},\n"data_list": [\n{lines}\n]}}\n'.encode())
