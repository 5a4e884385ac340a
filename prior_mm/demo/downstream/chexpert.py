"""CheXpert: films for made-up labels."""
from dataclasses import dataclass

import numpy as np

from prior_mm.converters.downstream.chexpert_labels import COMPETITION, FINDINGS

from ..findings import Finding
from .films import Film
from .planned import PlannedDataset

_FOLDER = 'CheXpert-v1.0-small'
_HEADER = ('Path', 'Sex', 'Age', 'Frontal/Lateral', 'AP/PA', *FINDINGS)
#: Images of valid.csv, in percent.
_VALID = 10
_KINDS = {'Atelectasis': 'atelectasis', 'Cardiomegaly': 'cardiomegaly', 'Consolidation': 'consolidation',
          'Edema': 'edema', 'Pleural Effusion': 'effusion', 'Lung Lesion': 'nodule', 'Fracture': 'fracture',
          'Pneumothorax': 'pneumothorax'}
#: Drawn small where "uncertain" is read as positive; the others are not drawn, as they are read as negative.
_DRAWN_IF_UNCERTAIN = ('Atelectasis', 'Edema', 'Pleural Effusion')
_DEVICES = ('catheter', 'pacemaker', 'tube', 'clips')
README = f"""CheXpert, demo. Images and labels are SYNTHETIC: labels are made up, and images show what they say.
Of train.csv about half of the images have exactly one of {', '.join(COMPETITION)}.
Uncertain labels (-1.0) are drawn as small findings for {', '.join(_DRAWN_IF_UNCERTAIN)},
and not drawn for the others, as the published reading of "uncertain" has it.
valid.csv has a label in each cell, and none that is uncertain.
"""


@dataclass(frozen=True)
class _Study:
    labels: dict[str, str]
    findings: tuple[Finding, ...]


def plan_chexpert(images: int, seed: int) -> PlannedDataset:
    """Films and tables, patient by patient.

    Args:
        images: Number of images, a tenth of them in valid.csv.
        seed: The seed.
    """
    films: list[Film] = []
    rows: dict[str, list[tuple]] = dict(train=[], valid=[])
    wanted = dict(train=images - images * _VALID // 100, valid=images * _VALID // 100)
    patient = 0
    for split, table in rows.items():
        while len(table) < wanted[split]:
            patient += 1
            rng = np.random.default_rng((seed, 5, patient))
            sex, age = ('Male', 'Female')[int(rng.integers(2))], 18 + int(rng.integers(73))
            for study in range(1, 2 + int(rng.integers(4) == 0)):
                shown = _draw_study(rng, COMPETITION[(patient + study) % len(COMPETITION)], split == 'valid')
                views = [('frontal', 'AP' if rng.integers(5) < 3 else 'PA')]
                if rng.integers(10) == 0:
                    views.append(('lateral', 'LATERAL'))
                for number, (name, view) in enumerate(views[:wanted[split] - len(table)], start=1):
                    path = f'{split}/patient{patient:05d}/study{study}/view{number}_{name}.jpg'
                    films.append(Film(f'chexpert/{path}', (seed, 6, patient, study, number), shown.findings, view))
                    table.append((f'{_FOLDER}/{path}', sex, age, name.capitalize(), view if name == 'frontal' else '',
                                  *(shown.labels.get(finding, '') for finding in FINDINGS)))
    tables = {f'{split}.csv': (_HEADER, table) for split, table in rows.items()}
    return PlannedDataset('chexpert', films, tables, README)


def _draw_study(rng: np.random.Generator, first: str, complete: bool) -> _Study:
    """Labels of a study as they stand in the table, and what is drawn.

    Args:
        rng: Decides.
        first: The finding of the five that is there if any is.
        complete: Whether there is a label in each cell, as where radiologists gave them.
    """
    kind = int(rng.integers(100))
    places = [int(rng.integers(10**6)) for _ in COMPETITION]
    order = sorted(COMPETITION, key=lambda name: (name != first, places[COMPETITION.index(name)]))
    positive = order[:1] if kind < 58 else order[:2] if kind < 72 else order[:3] if kind < 76 else []
    labels = dict.fromkeys(positive, '1.0')
    findings = [Finding(_KINDS[name], size=_thousandths(rng, 0.25, 1.) if rng.integers(2) else None)
                for name in positive]
    if kind >= 90:
        name = ('Lung Lesion', 'Fracture', 'Pneumothorax')[int(rng.integers(3))]
        labels[name] = '1.0'
        findings.append(Finding(_KINDS[name]))
    if not complete:
        for name in order[len(positive):]:
            chance = int(rng.integers(100))
            if chance < 6 and kind < 90:
                labels[name] = '-1.0'
                findings += [Finding(_KINDS[name], size=0.2)] if name in _DRAWN_IF_UNCERTAIN else []
            elif chance < 36:
                labels[name] = '0.0'
    if not any(value != '0.0' for value in labels.values()):
        labels['No Finding'] = '1.0'
    if rng.integers(100) < 30:
        labels['Support Devices'] = '1.0'
        findings.append(Finding(_DEVICES[int(rng.integers(len(_DEVICES)))]))
    if {'Consolidation', 'Edema', 'Atelectasis'} & set(positive) and (complete or rng.integers(2)):
        labels['Lung Opacity'] = '1.0'
    if 'Cardiomegaly' in positive and (complete or rng.integers(3) == 0):
        labels['Enlarged Cardiomediastinum'] = '1.0'
    if complete:
        labels = {name: labels.get(name, '0.0') for name in FINDINGS}
    return _Study(labels, tuple(findings))


def _thousandths(rng: np.random.Generator, low: float, high: float) -> float:
    return low + (high - low) * int(rng.integers(0, 1001)) / 1000
