"""Labels of reports: named, denied and left open as a reader would say; the same however sentences are written."""
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.converters.downstream.chexpert_labels import FINDINGS
from prior_mm.converters.report_labels.cues import NEGATION, UNCERTAINTY
from prior_mm.converters.report_labels.labeller import ReportLabeller, find_mentions
from prior_mm.converters.report_labels.phrases import PHRASES
from prior_mm.converters.report_labels.silhouettes import silhouette_states


@pytest.fixture(scope='module')
def labeller():
    return ReportLabeller()


@pytest.mark.parametrize('sentence, expected', [
    ('There is a small left pleural effusion.', {'Pleural Effusion': 1}),
    ('No pleural effusion or pneumothorax.', {'Pleural Effusion': 0, 'Pneumothorax': 0}),
    ('No pneumothorax, but a small effusion is seen.', {'Pneumothorax': 0, 'Pleural Effusion': 1}),
    ('The effusion has resolved.', {'Pleural Effusion': 0}),
    ('Pneumonia cannot be excluded.', {'Pneumonia': -1}),
    ('This may represent atelectasis versus pneumonia.', {'Atelectasis': -1, 'Pneumonia': -1}),
    ('No change in the right lower lobe consolidation.', {'Consolidation': 1}),
    ('Hydropneumothorax on the right.', {'Pneumothorax': 1, 'Pleural Effusion': 1}),
    ('Nodular opacity in the left lung.', {'Lung Lesion': 1}),
    ('Patchy opacities at both bases.', {'Lung Opacity': 1}),
    ('Pulmonary vascular congestion.', {'Edema': -1}),
    ('No pulmonary vascular congestion.', {'Edema': 0}),
    ('A PICC line ends in the SVC.', {'Support Devices': 1}),
    ('The chest tube has been removed.', {'Support Devices': 0}),
    ('Old fracture of the left clavicle.', {'Fracture': 1}),
    ('Heart size is normal.', {'Cardiomegaly': 0}),
    ('Normal heart size and mediastinal contours.', {'Cardiomegaly': 0, 'Enlarged Cardiomediastinum': 0}),
    ('The heart is not enlarged.', {'Cardiomegaly': 0}),
    ('The heart is mildly enlarged, the mediastinum is normal.',
     {'Cardiomegaly': 1, 'Enlarged Cardiomediastinum': 0}),
    ('The cardiomediastinal silhouette is enlarged.', {'Enlarged Cardiomediastinum': 1}),
    ('Borderline heart size.', {'Cardiomegaly': -1}),
    ('The heart size is stable with increased interstitial markings.', {'Lung Opacity': 1}),
    ('Pleural thickening or scarring.', {'Pleural Other': 1}),
    ('Body mass index is high.', {}),
    ('The lungs are clear.', {})])
def test_sentences(labeller, sentence, expected):
    """One sentence, read as a radiologist means it."""
    found = labeller.labels([sentence])
    assert {name: value for name, value in found.items() if name != 'No Finding'} == expected
    assert ('No Finding' in found) == (not {1, -1} & {v for n, v in expected.items() if n != 'Support Devices'})


def test_several_sentences(labeller):
    """Of what sentences say of one finding, positive counts before uncertain, and uncertain before negative."""
    denied, open_, named = 'No pneumonia.', 'Possible pneumonia.', 'Pneumonia on the left.'
    assert labeller.labels([denied, open_])['Pneumonia'] == -1
    assert labeller.labels([open_, named, denied])['Pneumonia'] == 1
    assert list(labeller.labels(['Edema and atelectasis.', denied])) == ['Edema', 'Pneumonia', 'Atelectasis']


@pytest.mark.parametrize('sentence', ['Calcified granuloma.', 'Emphysema.', 'Scoliosis of the spine.'])
def test_other_abnormalities(labeller, sentence):
    """An abnormality without a column has no label, and there is a finding all the same."""
    assert labeller.labels([sentence, 'No effusion.']) == {'Pleural Effusion': 0}
    assert labeller.labels(['No ' + sentence.lower()]) == {'No Finding': 1}


_words = st.sampled_from(['effusion', 'no', 'may represent', 'pneumonia', 'heart', 'enlarged', 'normal', ',', 'but',
                          'pulmonary edema', 'tube', 'is not seen', 'and', 'nodular opacity', 'vascular congestion'])


@pytest.fixture(scope='module')
def slow_labeller():
    """One that remembers nothing, and runs each rule on each sentence."""
    labeller = ReportLabeller()
    everything = re.compile('')
    labeller._rules = tuple((everything, rule) for _, rule in labeller._rules)
    labeller.sentence_labels = labeller._sentence_labels
    return labeller


@settings(deadline=None)
@given(st.lists(_words, max_size=12).map(' '.join))
def test_fast_and_slow(labeller, slow_labeller, sentence):
    """Sentences are remembered, and a rule is run only where a cue is: the same is found without both."""
    assert labeller.labels([sentence]) == slow_labeller.labels([sentence])


@settings(max_examples=40)
@given(st.text(max_size=60), st.lists(_words, max_size=6).map(' '.join))
def test_any_text(labeller, noise, words):
    """Any text has labels of the known kind; capitals and blanks do not matter."""
    found = labeller.labels([f'{words} {noise}'])
    assert set(found) <= set(FINDINGS) and set(found.values()) <= {0, 1, -1}
    assert labeller.labels([words.upper().replace(' ', '  ')]) == labeller.labels([words])


def test_a_text_without_end(labeller):
    """A sentence that never ends is read in pieces, all of it."""
    found = labeller.labels(['opacity of the lung ' * 2000 + 'with a fracture'])
    assert found == {'Lung Opacity': 1, 'Fracture': 1}


def test_mentions_do_not_meet():
    """Of two phrases that meet the longer one counts, and what is not meant is none."""
    assert find_mentions('nodular opacity and opacity') == [('Lung Lesion', 0, 15), ('Lung Opacity', 20, 27)]
    assert find_mentions('soft tissue density') == []
    assert silhouette_states('the lungs are large') == []


def test_cues_and_phrases_are_named_once():
    """No cue stands twice in a list, none both denies and is none; all findings but "No Finding" have phrases."""
    for cues in (NEGATION, UNCERTAINTY):
        for words in cues.values():
            assert len(set(words)) == len(words)
        assert not set(cues['pseudo_negations']) & {*cues['preceding_negations'], *cues['following_negations']}
    named = {part.rstrip('?') for name in PHRASES for part in name.split('+')} - {'Other'}
    assert named == set(FINDINGS) - {'No Finding'}
