"""Which words of a report name which of CheXpert's findings.

Phrases are regular expressions on text in lower case, bounded by words. Where two meet the longer one counts, so that
"nodular opacity" names a lesion and no opacity, as CheXpert has it.
"""
from collections.abc import Mapping

#: Of phrases that name an abnormality without a column in CheXpert: it only bars "No Finding", as there.
OTHER = 'Other'

_DENSITY = 'densit(?:y|ies)'
_PLACE = (r'(?:lungs?|pulmonary|lobes?|lobar|bas(?:e|es|al|ilar)|bibasilar|apex|apical|apices|lingula\w*|retrocardiac|'
          r'perihilar|parenchymal|air[- ]?space|alveolar|midlung|hemithorax)')
_LINE = r'(?:central|picc|venous|arterial|subclavian|jugular|ij|midline)'

#: By finding the phrases that name it; "+" joins findings, and "?" follows one that is uncertain unless it is denied.
PHRASES: Mapping[str, tuple[str, ...]] = {
    'Cardiomegaly': (
        'cardiomegaly', r'(?:cardiac|heart|ventric\w+|atrial|biventricular) (?:enlargement|prominence)',
        r'enlargement of the (?:heart|cardiac \w+|left ventricle|cardiopericardial silhouette)',
        'increase in (?:heart|cardiac) size'),
    'Enlarged Cardiomediastinum': (
        'mediastinal (?:widening|enlargement|prominence|fullness|mass|adenopathy|lymphadenopathy)',
        r'(?:widening|enlargement|prominence|fullness) of the (?:\w+ )?(?:mediastinum|(?:cardio)?mediastinal \w+)'),
    'Lung Opacity': (
        r'opaci\w+', rf'(?:\w+ )?{_PLACE}(?: \w+){{0,2}} {_DENSITY}',
        rf'{_DENSITY}(?: \w+)? (?:in|within|at|over|overlying)(?: \w+){{0,3}} {_PLACE}',
        rf'(?:increas\w+|patchy|hazy|streaky|ill[- ]defined|vague|linear|confluent) {_DENSITY}',
        r'(?:air[- ]?space|alveolar) (?:disease|process\w*|abnormalit\w+|changes?)', r'infiltrat\w+',
        r'interstitial (?:\w+ )?(?:markings?|patterns?|lung|disease|changes?|thickening|prominence|fibrosis|'
        r'infiltrat\w+|process|opaci\w+)', r'reticul\w+', r'ground[- ]glass(?: \w+)?',
        '(?:peribronchial|bronchial wall) (?:thickening|cuffing)', 'scar(?:s|ring)?'),
    'Lung Lesion': (
        'mass(?:es)?', 'nod(?:ule|ules|ularity)', r'nodular (?:\w+ )?(?:opaci\w+|densit\w+|lesions?|foc\w+)',
        '(?:pulmonary|lung|cavitary|parenchymal|spiculated|suspicious|mass) lesions?', 'lumps?', 'carcinomas?',
        'neoplasms?', 'tumou?rs?', r'cavit(?:y|ies|ation|ary \w+)'),
    'Edema': (
        '(?:pulmonary |interstitial |alveolar )*o?edema', '(?:congestive )?(?:heart|cardiac) failure', 'chf',
        '(?:fluid|volume) overload', 'cephalization', r'kerley(?: \w+){0,2}'),
    'Edema?': (
        '(?:pulmonary |central |venous )*(?:vascular |venous )?(?:congestion|engorgement)',
        '(?:pulmonary )?(?:vascular|vasculature|vascularity) prominence',
        r'(?:prominence|prominent|increased|engorged|engorgement|indistinctness)(?: \w+){0,3} '
        r'(?:pulmonary|central) (?:vasculature|vascularity|vessels|vascular \w+|interstitial \w+)'),
    'Consolidation': (r'consolidat\w+', ),
    'Pneumonia': ('(?:broncho)?pneumoni(?:a|as|tis)', r'infection\w*', r'infectious(?: \w+)?'),
    'Atelectasis': (r'atelecta\w+', r'(?:lobar |lung |lobe )?collapse(?! of the vertebr\w+)'),
    'Pneumothorax': (r'pneumothora\w+', ),
    'Pneumothorax+Pleural Effusion': (r'(?:hydro|hemo)pneumothora\w+', ),
    'Pleural Effusion': (
        '(?:pleural |parapneumonic |subpulmonic )*effusions?', 'pleural fluid', r'hemothora\w+',
        r'fluid in the (?:\w+ )?fissures?'),
    'Pleural Other': (
        r'pleural(?:[- /]\w+)? (?:thickening|scar\w*)(?: ?(?:/|or|and|versus) ?(?:scarring|thickening))?',
        r'pleural(?:[- ]based)? (?:plaques?|calcification\w*|abnormalit\w+|mass\w*|disease|reaction|parenchymal \w+)',
        r'thickening of the (?:\w+ )?pleura\w*', 'fibrothorax', r'pleuro-?parenchymal (?:\w+)',
        'apical (?:pleural )?(?:thickening|capping|caps?)'),
    'Fracture': (r'fractur\w+', ),
    'Support Devices': (
        'pacemakers?', 'pacers?', 'picc', r'port-? ?a-? ?cath\w*', 'mediport', 'infusaport', 'ports?', 'tubes?',
        'catheters?', rf'{_LINE} (?:\w+ )?lines?', 'lines? tips?', 'a?icd', r'defibrillat\w+',
        r'(?:\w+ )?valve (?:replacement|prosthesis)', r'prosthetic (?:\w+ ){0,3}valves?', r'prosthe\w+', 'stents?',
        'leads', 'electrodes?', 'generators?', 'hardware', r'arthroplast\w+', 'devices?', 'anchors?', 'plates?',
        r'stimulator\w*', 'screws?', 'drains?', 'tracheostomy', 'cannula', 'balloon pump', 'swan-ganz',
        r'tips? (?:\w+ ){0,6}(?:svc|cavoatrial|cavo-atrial|caval|atrium|carina)'),
    OTHER: (
        # lungs and pleura
        r'emphysema\w*', 'copd', 'chronic obstructive pulmonary disease', r'hyper(?:inflat|expan|aerat|luc)\w+',
        r'hypo(?:inflat|ventilat)\w+', '(?:low|decreased|diminished|shallow|small) (?:lung )?volumes?', 'volume loss',
        'lung volumes(?: are)? (?:low|decreased|diminished|small)', r'granulom\w+', r'bulla\w*', 'blebs?', 'cysts?',
        'bronchiectasis', r'fibro\w+', 'sarcoidosis', 'tuberculosis', 'contusion', 'markings', 'crowding', 'cuffing',
        '(?:costophrenic )?(?:angle )?blunting', 'blunted', 'thickening', 'plaques?', 'pneumomediastinum',
        r'(?:granulomatous|old|prior|remote|previous|healed|chronic)(?: \w+)? infection', r'malignan\w+', r'metasta\w+',
        # heart, vessels, mediastinum
        r'tortuo\w+', 'ectasia', 'ectatic', r'aneurysm\w*', r'atherosclero\w+', 'hypertension',
        'pericardial (?:effusions?|fluid)', '(?:lymph)?adenopathy', 'widening', 'shift', r'prominen\w+',
        # bones, diaphragm, abdomen, what surgery left
        r'calcif\w+', r'calcified (?:\w+ )?(?:granulom\w+|lymph \w+)', r'degenerat\w+', r'\w*scolio\w+',
        r'(?:dextro|levo)?(?:curvature|convex)\w*', 'kyphosis', r'\w*osteophyt\w+', r'spondyl\w+', r'osteopeni\w+',
        r'osteoporo\w+', r'deformit\w+', 'arthr(?:itis|itic|osis)', '(?:bony|osseous) lesions?', 'spurring', 'wedging',
        r'sclero\w+', 'fusion', 'pectus', r'hernia\w*', r'eventrat\w+', r'elevat\w+', 'flatten(?:ing|ed)',
        'pneumoperitoneum', 'free air', 'foreign bod(?:y|ies)', 'clips?', 'sutures?', 'sternotomy', 'cabg',
        'cholecystectomy', 'mastectomy'),
}
#: Phrases that hold a finding's word, and name no finding.
NOT_MEANT = (
    rf'soft tissue (?:\w+ )?{_DENSITY}', rf'bone {_DENSITY}', r'nipple shadow\w*', 'mass effect',
    '(?:body )?mass index', '(?:laryngeal|soft tissue) edema',
    r'(?:pulmonary |vascular )*(?:congestion|engorgement|prominence)(?: \w+){0,2} within (?:normal limits|limits of '
    'normal)')
