"""Sections are split into sentences; some of the texts are quoted from reports of Open-i, the others are made up."""
import re
import textwrap
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.datasets.reports import ReportSections, report_sentences, section_sentences, split_sentences
from prior_mm.datasets.reports.sentences import normalised_blocks


@pytest.mark.parametrize('text, sentences', [
    # Open-i
    ('Clear right lung XXXX.In the left superior lower lobe there is a 1.9 x 1.8 cm round area of density.',
     ['Clear right lung XXXX.',
      'In the left superior lower lobe there is a 1.9 x 1.8 cm round area of density.']),
    ('KUB. There is a lingular nodule measuring 2.2 x 1.6 cm. Recommend XXXX to further evaluate.',
     ['KUB.', 'There is a lingular nodule measuring 2.2 x 1.6 cm.', 'Recommend XXXX to further evaluate.']),
    ('Lungs are clear. 5 mm right apical granuloma unchanged',
     ['Lungs are clear.', '5 mm right apical granuloma unchanged']),
    ('No pleural effusions or pneumothoraces. heart size is upper limits of normal.',
     ['No pleural effusions or pneumothoraces.', 'heart size is upper limits of normal.']),
    ('The cardiac silhouette is enlarged with a cardiothoracic ratio of 16.2/24.7. Diffuse coarse interstitial opacity',
     ['The cardiac silhouette is enlarged with a cardiothoracic ratio of 16.2/24.7.',
      'Diffuse coarse interstitial opacity']),
    ('Further evaluation will require a chest CT. Remainder of the lungs are clear.',
     ['Further evaluation will require a chest CT.', 'Remainder of the lungs are clear.']),
    ('Otherwise clear lungs. Dr. XXXX XXXX notified of the critical results at XXXX on XXXX, XXXX by telephone.',
     ['Otherwise clear lungs.',
      'Dr. XXXX XXXX notified of the critical results at XXXX on XXXX, XXXX by telephone.']),
    ('The above findings were discussed with XXXX XXXX at XXXX p.m. XXXX, XXXX XXXX telephone.',
     ['The above findings were discussed with XXXX XXXX at XXXX p.m. XXXX, XXXX XXXX telephone.']),
    ('No acute cardiopulmonary abnormality.. Lungs are clear bilaterally.There is no focal consolidation. .',
     ['No acute cardiopulmonary abnormality.', 'Lungs are clear bilaterally.', 'There is no focal consolidation.']),
    ('The cardiomediastinal contours are within normal limits. [<Pulmonary vascularity is within normal limits>].',
     ['The cardiomediastinal contours are within normal limits.', 'Pulmonary vascularity is within normal limits.']),
    ('Pulmonary nodules concerning for<BR>metastatic disease &gt; 1 cm.',
     ['Pulmonary nodules concerning for metastatic disease > 1 cm.']),
    # made up
    ('ET tube ends 2.5 cm. above the carina, approx. 4 cm below the cords. No effusion.',
     ['ET tube ends 2.5 cm above the carina, approx 4 cm below the cords.', 'No effusion.']),
    ('Findings were called to Dr. ___ at 10:20 a.m. on ___. ___ was told by Ms. ___ (PCP).',
     ['Findings were called to Dr. ___ at 10:20 a.m. on ___.', '___ was told by Ms. ___ (PCP).']),
    ('Scar vs. atelectasis, i.e. no mass. SUV max. The St. Jude device is intact.',
     ['Scar vs. atelectasis, i.e. no mass.', 'SUV max.', 'The St. Jude device is intact.']),
    ('Is there an effusion? Yes. (See the CT.) Heart is big... Lungs are clear!',
     ['Is there an effusion?', 'Yes.', '(See the CT.)', 'Heart is big...', 'Lungs are clear!']),
    ('Compared to ___, no change in CT.Heart is big', ['Compared to ___, no change in CT.', 'Heart is big']),
    ('XXXX. ___. Lungs are clear. 19/33. . ___ XXXX.', ['Lungs are clear.']),
    ('\n \n', []), ('', []), ('1. ___ 2. XXXX', [])])
def test_sentences(text, sentences):
    """Decimals, units, abbreviations, removed names, doubled stops and left-over markup, in a line or wrapped."""
    assert split_sentences(text) == sentences
    for width in (60, 76):
        assert split_sentences(textwrap.fill(text, width, subsequent_indent=' ')) == sentences


@pytest.mark.parametrize('text, sentences', [
    ('1. No acute process. 2. Heart is big.', ['No acute process.', 'Heart is big.']),
    ('1. Cardiomegaly 2. XXXX opacity in the left base', ['Cardiomegaly', 'XXXX opacity in the left base']),  # Open-i
    ('1.No acute process.\n2.Heart is big.', ['No acute process.', 'Heart is big.']),
    ('1) No acute process\n (2) Heart is big', ['No acute process', 'Heart is big']),
    ('1. No acute process. 2., Mild, age-indeterminate wedge', ['No acute process.', 'Mild, age-indeterminate wedge']),
    ('As follows: 1. Heart is big. 2. 2.5 cm nodule.', ['As follows:', 'Heart is big.', '2.5 cm nodule.']),
    ('Hand 1. Fracture. 2. Lucency.', ['Hand', 'Fracture.', 'Lucency.']),
    ('- Heart is big\n - Lungs are clear', ['Heart is big', 'Lungs are clear']),
    ('a. Heart is big.\n b) Lungs are clear.', ['Heart is big.', 'Lungs are clear.']),
    ('1.  Heart is big, lungs\n     are clear.\n \n 2.  No change.', ['Heart is big, lungs are clear.', 'No change.']),
    ('1. Ratio is 16.2. No effusion. 2. No change.', ['Ratio is 16.2.', 'No effusion.', 'No change.']),
    ('1. Fracture of rib 2. No effusion. 2. No change.', ['Fracture of rib 2.', 'No effusion.', 'No change.']),
    ('1. Fractures of ribs 1 and 2. No effusion.', ['Fractures of ribs 1 and 2.', 'No effusion.']),
    ('A fracture is present on right rib 4. Pleural fluid.', ['A fracture is present on right rib 4.',
                                                               'Pleural fluid.']),
    ('[1] Heart is big\n[2] Lungs are clear', ['Heart is big', 'Lungs are clear']),
    ('#1 Heart is big\n #2. Lungs are clear', ['Heart is big', 'Lungs are clear']),
    ('1 - Heart is big\n2 - Lungs are clear', ['Heart is big', 'Lungs are clear']),
    ('The nodule measures\n2 - 3 mm, as before.', ['The nodule measures 2 - 3 mm, as before.']),
    ('Compression of L1. The spine is intact.', ['Compression of L1.', 'The spine is intact.'])])
def test_lists(text, sentences):
    """Marks of lists are dropped and end a sentence; a number that belongs to the text stays in it."""
    assert split_sentences(text) == sentences


@pytest.mark.parametrize('text, sentences', [
    ('The heart is enlarged and there\n is edema.  No\n pneumothorax.', ['The heart is enlarged and there is edema.',
                                                                     'No pneumothorax.']),
    ('The heart is big\n\n No effusion', ['The heart is big', 'No effusion']),
    ('Heart is big\n Lungs are clear\n No effusion', ['Heart is big', 'Lungs are clear', 'No effusion']),
    ('The patient was seen by Dr.\n Smith today.', ['The patient was seen by Dr. Smith today.']),
    ('Opacity in the\n Left lung,\n Right lung and\n XXXX.', ['Opacity in the Left lung, Right lung and XXXX.']),
    ('There is a left-\n sided effusion of 5-\n 6 cm.', ['There is a left-sided effusion of 5-6 cm.']),
    ('Images taken pre-\n and post-\n operatively.', ['Images taken pre- and post-operatively.']),
    ('1. The heart size is at the upper limits. 2. Further evaluation\n XXXX chest should be considered soon.',
     ['The heart size is at the upper limits.', 'Further evaluation XXXX chest should be considered soon.'])])
def test_lines(text, sentences):
    """Wrapped lines are joined; blank lines, and lines that were ended early on purpose, end a sentence."""
    assert split_sentences(text) == sentences


def test_whole_report():
    """Sentences of the impression come before those of the findings (PRIOR, section 4.1)."""
    text = ' FINAL REPORT\n FINDINGS:  Heart is big.\n No effusion.\n\n IMPRESSION:\n 1. Big heart\n 2. No change'
    assert report_sentences(text) == ['Big heart', 'No change', 'Heart is big.', 'No effusion.']
    assert section_sentences(ReportSections('', 'Heart is big. No effusion.')) == ['Heart is big.', 'No effusion.']


def test_another_splitter():
    """A splitter to compare with is given one line at a time, the same text as the one in use."""
    text, given_blocks = '1. Heart\n is big. Yes it is.\n\n 2. No change.', []
    assert split_sentences(text, lambda block: given_blocks.append(block) or block.split(' is')) == [
        'Heart', 'big. Yes it', 'No change.']
    assert given_blocks == list(normalised_blocks(text)) == ['Heart is big. Yes it is.', 'No change.']


PIECES = st.sampled_from([' ', '\n', '\n \n', '\t', '1.', '2. ', '(3) ', '- ', '.', '. .', '..', '?', ':', '-\n', '[<',
                          'XXXX', '___', 'Dr. ', '2.5 cm', 'CT. ', 'The heart is big.', 'no effusion', 'Lungs', '&lt;',
                          '<BR>', '\x00', '\u2028', '\xa0'])
BROKEN = st.lists(PIECES | st.text(max_size=6), max_size=30).map(''.join)


@settings(deadline=None)
@given(BROKEN)
def test_broken_text(text):
    """Any text gives sentences on one line, each with a word, and none of their letters is new or in another order."""
    sentences = split_sentences(text)
    for sentence in sentences:
        assert sentence == ' '.join(sentence.split()) and re.search('[A-Za-z]{2}', sentence)
    letters = iter(text.replace('&lt;', '<'))
    assert all(character in letters for character in ''.join(''.join(sentences).split()) if character.isalnum())


WORDS = 'the heart lungs are clear big no No Heart Lungs XXXX ___ Dr. vs. 2.5 cm , and 7 left-sided 1. . ) ?'.split()
TEXTS = st.lists(st.sampled_from([*WORDS, '.\n', '\n']), max_size=40).map(' '.join)


@settings(deadline=None)
@given(TEXTS)
def test_no_word_is_lost_or_made(text):
    """Every word of two letters comes out as often as it went in, unless its piece holds removed words alone."""
    def words(string: str) -> Counter:
        return Counter(word for word in re.findall(r'[A-Za-z]{2,}', string) if word != 'XXXX')

    assert words(' '.join(split_sentences(text))) == words(text)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_paragraphs_do_not_touch_each_other(first, second):
    """Sentences of two paragraphs are those of the one and those of the other."""
    assert split_sentences(f'{first}\n \n{second}') == split_sentences(first) + split_sentences(second)


ITEMS = st.lists(st.sampled_from(['The heart is big.', 'There is no effusion', 'Lungs are clear.', 'No change.']),
                 min_size=1, max_size=12)


@settings(deadline=None)
@given(ITEMS, st.sampled_from(['{}. ', '{}.  ', '{}) ', '({}) ']), st.sampled_from(['\n', '\n \n', ' ']))
def test_numbered_lists(items, mark, gap):
    """Lists of any length, on lines of their own or run on, with full stops or without."""
    text = gap.join(mark.format(number) + item for number, item in enumerate(items, 1))
    assert split_sentences(text) == items


@pytest.mark.parametrize('unit', [' ', '\n', '. ', '1. a ', '5. a ', '1. a\n', 'Ab cd.\n\n', '- a\n', '(', '" a. '])
def test_time_for_damaged_files(unit):
    """No text makes splitting hang: 50,000 characters within a second or so."""
    start = time.process_time()
    split_sentences('A' + unit * (50_000 // len(unit)) + 'x')
    assert time.process_time() - start < 5
