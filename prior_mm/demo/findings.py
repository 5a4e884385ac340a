"""What an Open-i report's codes say: findings with side, place and size, and CheXpert's labels."""
from dataclasses import dataclass

#: CheXpert's columns, in its order.
CHEXPERT = ('No Finding', 'Enlarged Cardiomediastinum', 'Cardiomegaly', 'Lung Opacity', 'Lung Lesion', 'Edema',
            'Consolidation', 'Pneumonia', 'Atelectasis', 'Pneumothorax', 'Pleural Effusion', 'Pleural Other',
            'Fracture', 'Support Devices')
#: The findings that zero-shot classification on the demo is about: those with enough studies that show just one.
ZERO_SHOT = ('Atelectasis', 'Cardiomegaly', 'Lung Lesion', 'Lung Opacity', 'Support Devices')

#: First part of a code: the kind of finding that is drawn, and its CheXpert label.
_KINDS = {
    'Cardiomegaly': ('cardiomegaly', 'Cardiomegaly'),
    'Pleural Effusion': ('effusion', 'Pleural Effusion'),
    'Pulmonary Atelectasis': ('atelectasis', 'Atelectasis'),
    'Opacity': ('opacity', 'Lung Opacity'),
    'Airspace Disease': ('opacity', 'Lung Opacity'),
    'Infiltrate': ('opacity', 'Lung Opacity'),
    'Consolidation': ('consolidation', 'Consolidation'),
    'Pneumonia': ('consolidation', 'Pneumonia'),
    'Nodule': ('nodule', 'Lung Lesion'),
    'Mass': ('mass', 'Lung Lesion'),
    'Calcified Granuloma': ('granuloma', None),
    'Granuloma': ('granuloma', None),
    'Pulmonary Edema': ('edema', 'Edema'),
    'Pulmonary Congestion': ('congestion', None),
    'Pneumothorax': ('pneumothorax', 'Pneumothorax'),
    'Emphysema': ('hyperinflation', None),
    'Pulmonary Emphysema': ('hyperinflation', None),
    'Pulmonary Disease, Chronic Obstructive': ('hyperinflation', None),
    'Catheters, Indwelling': ('catheter', 'Support Devices'),
    'Implanted Medical Device': ('pacemaker', 'Support Devices'),
    'Medical Device': ('tube', 'Support Devices'),
    'Tube, Inserted': ('tube', 'Support Devices'),
    'Fractures, Bone': ('fracture', 'Fracture'),
    'Scoliosis': ('scoliosis', None),
    'Surgical Instruments': ('clips', None),
    'Hernia, Hiatal': ('hernia', None),
    'Cicatrix': ('scar', None),
    'Thickening': ('thickening', None),
}
_SIDES = {'right': ('right', ), 'left': ('left', ), 'bilateral': ('right', 'left')}
#: Height in the lung, 0 at its apex and 1 at its base.
_HEIGHTS = {'apex': 0.12, 'upper lobe': 0.28, 'hilum': 0.45, 'middle lobe': 0.6, 'lingula': 0.62, 'lower lobe': 0.76,
            'base': 0.84}
_SIZES = {'small': 0.25, 'mild': 0.25, 'borderline': 0.15, 'moderate': 0.6, 'large': 1., 'severe': 1.}


@dataclass(frozen=True)
class Finding:
    """Something to be seen on a radiograph.

    Attributes:
        kind: What it is, a name that :mod:`prior_mm.demo.lesions` draws.
        sides: Of the patient: ``'right'``, ``'left'``, both, or none where the report does not say.
        height: Place in the lung, from 0 (apex) to 1 (base); None where the report does not say.
        size: Extent or severity, from 0 to 1; None where the report does not say.
        label: CheXpert's column, None if it has none.
    """

    kind: str
    sides: tuple[str, ...] = ()
    height: float | None = None
    size: float | None = None
    label: str | None = None


def read_findings(mesh: 'tuple[str, ...]') -> list[Finding]:
    """Findings of an Open-i report's MeSH codes, such as ``Pleural Effusion/left/small``; unknown codes are left out.

    Args:
        mesh: The codes.
    """
    findings = []
    for code in mesh:
        head, *rest = (part.strip() for part in code.split('/'))
        kind, label = _KINDS.get(head, (None, None))
        if head == 'Lung' and 'hyperdistention' in rest:
            kind = 'hyperinflation'
        elif head == 'Lung' and 'hypoinflation' in rest:
            kind = 'hypoinflation'
        elif head == 'Diaphragm' and 'elevated' in rest:
            kind = 'elevated diaphragm'
        elif head == 'Aorta' and 'tortuous' in rest:
            kind = 'tortuous aorta'
        elif head == 'Cardiac Shadow' and 'enlarged' in rest:
            kind, label = 'cardiomegaly', 'Cardiomegaly'
        if kind is None:
            continue
        sides = next((sides for word in rest if (sides := _SIDES.get(word))), ())
        height = next((height for word in rest if (height := _HEIGHTS.get(word))), None)
        size = next((size for word in rest if (size := _SIZES.get(word))), None)
        findings.append(Finding(kind, sides, height, size, label))
    return findings


def chexpert_labels(mesh: 'tuple[str, ...]') -> dict[str, int]:
    """CheXpert's labels of a report: 1 for what its codes name; nothing is said of the others.

    ``No Finding`` is 1 for the code ``normal``.
    """
    positive = {finding.label for finding in read_findings(mesh)}
    if 'normal' in mesh:
        positive.add('No Finding')
    return {name: 1 for name in CHEXPERT if name in positive}
