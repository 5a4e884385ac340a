"""Open-i's codes as findings and as CheXpert's labels."""
import pytest

from prior_mm.demo import CHEXPERT, Finding, chexpert_labels, read_findings


@pytest.mark.parametrize(('code', 'finding'), [
    ('Cardiomegaly', Finding('cardiomegaly', label='Cardiomegaly')),
    ('Cardiomegaly/borderline', Finding('cardiomegaly', size=0.15, label='Cardiomegaly')),
    ('Cardiac Shadow/enlarged', Finding('cardiomegaly', label='Cardiomegaly')),
    ('Pleural Effusion/left/small', Finding('effusion', ('left', ), None, 0.25, 'Pleural Effusion')),
    ('Pleural Effusion/bilateral/large', Finding('effusion', ('right', 'left'), None, 1., 'Pleural Effusion')),
    ('Opacity/lung/base/left', Finding('opacity', ('left', ), 0.84, None, 'Lung Opacity')),
    ('Nodule/lung/upper lobe/right', Finding('nodule', ('right', ), 0.28, None, 'Lung Lesion')),
    ('Calcified Granuloma/lung/hilum/right', Finding('granuloma', ('right', ), 0.45)),
    ('Lung/hyperdistention', Finding('hyperinflation')),
    ('Diaphragm/right/elevated', Finding('elevated diaphragm', ('right', ))),
    ('Aorta/tortuous', Finding('tortuous aorta')),
    ('Catheters, Indwelling', Finding('catheter', label='Support Devices')),
])
def test_codes(code, finding):
    """Kind, side, place and size of a code as the annotators wrote it: what is drawn, and where."""
    assert read_findings((code, )) == [finding]


def test_codes_without_a_picture_are_left_out():
    """A code that is not known, or names a normal organ, draws nothing and is no error."""
    assert read_findings(('normal', 'Markings/lung/interstitial', 'Lung', 'Aorta', '', '/')) == []


def test_labels():
    """Labels follow CheXpert's columns; nothing is said of what the codes do not name."""
    labels = chexpert_labels(('Pneumonia', 'Opacity/lung/base', 'Medical Device', 'Scoliosis'))
    assert labels == {'Lung Opacity': 1, 'Pneumonia': 1, 'Support Devices': 1}
    assert chexpert_labels(('normal', )) == {'No Finding': 1}
    assert list(labels) == [name for name in CHEXPERT if name in labels] and len(CHEXPERT) == 14
