"""CheXpert's findings in the MeSH codes of Open-i's reports: what labels of the text are held against.

Annotators gave them; they say what is there, and nothing of what is not or may be. Which code stands for which finding
follows CheXpert's phrases: congestion and heart failure are edema, scars of the lung and interstitial markings are
opacities, granulomas are no lesions, a wedged vertebra is no fracture.
"""
import hashlib
import re
from collections.abc import Sequence

from ..downstream.chexpert_labels import FINDINGS
from ..openi import OpenIReport

#: By finding, beginnings of codes, as a regular expression.
CODES = {
    'Enlarged Cardiomediastinum': 'Mediastinum/.*(?:prominent|enlarged|mass)',
    'Cardiomegaly': 'Cardiomegaly|Cardiac Shadow/.*enlarged',
    'Lung Opacity': 'Opacity/(?!.*(?:pleura|bone))|Airspace Disease|Infiltrate|Density/.*lung|Cicatrix/lung|'
                    'Markings/.*interstitial|Thickening/bronchovascular|Lung Diseases, Interstitial|'
                    'Lung/.*interstitial',
    'Lung Lesion': 'Nodule|Mass/|Cavitation',
    'Edema': 'Pulmonary Edema|Pulmonary Congestion|Heart Failure',
    'Consolidation': 'Consolidation',
    'Pneumonia': 'Pneumonia(?:/|$)',
    'Atelectasis': 'Pulmonary Atelectasis',
    'Pneumothorax': 'Pneumothorax|Hydropneumothorax|Hemopneumothorax',
    'Pleural Effusion': 'Pleural Effusion|Hydropneumothorax|Hemopneumothorax|Hemothorax',
    'Pleural Other': 'Thickening/.*pleura|Pleura/',
    'Fracture': 'Fractures, Bone',
    'Support Devices': 'Catheters, Indwelling|Implanted Medical Device|Medical Device|Tube, Inserted|Stents',
}
_COMPILED = {name: re.compile(pattern) for name, pattern in CODES.items()}
_NOTHING = re.compile(rf'normal|Technical Quality|{CODES["Support Devices"]}')
_NOT_CODED = 'No Indexing'


def coded_findings(mesh: Sequence[str]) -> frozenset[str] | None:
    """The findings that codes name; ``No Finding`` where they name nothing but devices; None of a report without codes.

    Args:
        mesh: Codes such as ``Pleural Effusion/left/small``, or ``normal``.
    """
    if not mesh or _NOT_CODED in mesh:
        return None
    found = {name for name, pattern in _COMPILED.items() if any(map(pattern.match, mesh))}
    if all(map(_NOTHING.match, mesh)):
        found.add(FINDINGS[0])
    return frozenset(found)


def half(report: OpenIReport) -> str:
    """``read`` or ``held out``: the phrases were written with the reports of the first half; equal texts are in one."""
    text = ' '.join(f'{report.impression} {report.findings}'.lower().split())
    return ('read', 'held out')[int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % 2]
