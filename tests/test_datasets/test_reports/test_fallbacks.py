"""Golden cases of reports that leave out a heading, or hold more than the report: every sentence wanted, no other."""
from pathlib import Path

import pytest

from prior_mm.datasets.reports import ReportSections, find_sections, report_sentences, section_sentences
from prior_mm.datasets.reports.remarks import has_finding, has_medical_word, is_note, points_elsewhere, without_remarks

CASES = Path(__file__).parents[2] / 'data' / 'reports'
BODY = ['The lungs are clear.', 'There is no effusion.', 'The heart is normal.', 'The bones are intact.']
TEXT = ' The lungs are clear.  There is no effusion.  The heart is normal.  The bones\n are intact.'
NORMAL = 'No pneumonia.'
NOTES = [
    'These findings were phoned to the ward at 3:15 p.m. on ___.', 'Findings were discussed with Dr. ___ at 8:20 am.',
    'Dr. ___ was notified by telephone at 10:05 on ___, 5 minutes after discovery.',
    'The above results were communicated to the referring physician by ___.', 'Dr. ___ was paged at 3:15 p.m.',
    'At 9:10 a.m., this was relayed by Dr. Smith to nurse ___ over the phone.',
    'The pneumothorax was discussed with Dr. ___ in person.',
    'Findings entered into the critical results dashboard at 4:05 pm.', 'I discussed these findings with Dr. ___.',
    'Dictated by Dr. ___.', 'This report was dictated but not read.', 'Dictated but not read.',
    'Electronically signed by ___ on ___ at 8:12.', 'Signed by: ___, M.D.', 'Reviewed and approved by Dr. Smith',
    'The study and the report were reviewed by the staff radiologist.', 'Wet read by Dr. ___ at 8:21 PM.',
    'I have personally reviewed the images and agree with the above.', 'Transcribed by ___ on ___.',
    'DR. ___ ___', '___, M.D.', 'As the attending radiologist, I certify that I reviewed this.',
    'This is a preliminary report.', 'Please see the full report of the CT.', 'END OF IMPRESSION']
NO_NOTES = [
    'The NG tube has been placed in the stomach.', 'The catheter enters at the right neck.',
    'Compared to the prior study the effusion has grown.', 'No pneumothorax is called.', 'A PICC ends in the SVC.',
    'There is a large left pneumothorax, which was phoned to Dr. ___ at 3 pm.', 'The chest is clear.',
    'Patient is status post sternotomy.', 'Tracheostomy tube in place.', 'Lines are in standard position.',
    'After further review there is a right upper lobe opacity.']


def sentences(*parts, joint='\n\n'):
    return report_sentences(joint.join(parts))


def test_given_reports():
    """The four reports that went wrong; the last is no report and refused when it is read (test_report_file.py)."""
    one, two, three = (report_sentences(path.read_text()) for path in sorted(CASES.glob('[123]-*.txt')))
    assert one == ['The lungs are clear.', 'There is no effusion.', 'The heart is normal in size.',
                   'A right port ends in the SVC.', 'The bones are intact.']
    assert two == BODY
    assert three == [NORMAL, 'The lungs are clear.', 'No effusion is seen.', 'Heart size is normal.']


@pytest.mark.parametrize('note', NOTES)
def test_a_closing_note_is_no_finding(note):
    """Under no heading, under both, as a paragraph of its own; without one, also at the end of a paragraph."""
    assert is_note(note)
    assert sentences(' INDICATION:  Cough.', TEXT, f' {note}') == BODY
    assert sentences(' INDICATION:  Cough.', f'{TEXT}  {note}') == BODY
    assert sentences(' INDICATION:  Cough.', f' FINDINGS: {TEXT}', f' {note}') == BODY
    assert sentences(f' FINDINGS: {TEXT}', f' IMPRESSION: {NORMAL}', f' {note}') == [NORMAL, *BODY]
    assert sentences(TEXT, f' {note}', f' IMPRESSION: {NORMAL}') == [NORMAL, *BODY]


POINTERS = ['As above.', 'See above', 'SEE ABOVE.', 'As described above.', 'See findings.',
            'Please see findings above.', 'As per the report above.', 'Findings as above.', 'Same as above.',
            'See comment below', 'See body of report.', 'Please refer to the findings section for further details.',
            'See impression.', '1. As above.']
NO_POINTERS = ['As above, no pneumonia.', 'No change from above.', 'The tube ends above the carina.', 'Unchanged.',
               'As seen on the prior radiograph.', 'Findings are unchanged.', 'Above findings suggest edema.',
               'None.', '']


@pytest.mark.parametrize('pointer', POINTERS)
def test_a_section_that_only_points_elsewhere(pointer):
    """What it points to is taken, and the pointer is not; a report of nothing else is left out."""
    assert points_elsewhere(pointer)
    assert sentences(f' FINDINGS: {TEXT}', f' IMPRESSION: {pointer}') == BODY
    assert sentences(f' FINDINGS: {pointer}', f' IMPRESSION: {TEXT}') == BODY
    assert sentences(f' CHEST, TWO VIEWS: {TEXT}', f' IMPRESSION: {pointer}') == BODY
    assert sentences(' INDICATION: Cough.', TEXT, f' IMPRESSION: {pointer}') == BODY
    assert sentences(f' FINDINGS: {TEXT}', f' IMPRESSION: {NORMAL} {pointer}') == [NORMAL, *BODY]
    assert section_sentences(ReportSections(pointer, TEXT)) == BODY
    assert find_sections(f' INDICATION: Cough.\n\n FINDINGS: {pointer}\n\n IMPRESSION: {pointer}') == ('', '')


@pytest.mark.parametrize('sentence', NO_POINTERS)
def test_what_is_seen_is_no_pointer(sentence):
    """A sentence that says anything of the image stays."""
    assert not points_elsewhere(sentence)


def test_spanish_sections():
    """With and without accents, colons and lines of their own, each section is the one that it is."""
    body, normal = 'Los pulmones están claros. No hay derrame.', 'Sin neumonía.'
    for findings, impression in (('HALLAZGOS: ', 'IMPRESIÓN: '), ('Hallazgos:\n', 'Conclusión:\n'),
                                 ('HALLAZGOS\n', 'IMPRESIÓN DIAGNÓSTICA\n'), ('HALLAZGOS\n', 'IMPRESION\n')):
        text = f' TÉCNICA: Dos proyecciones.\n\n INDICACIÓN: Tos.\n\n {findings}{body}\n\n {impression}{normal}'
        assert find_sections(text) == (normal, body)
    assert find_sections(f' HALLAZGOS: {body} IMPRESIÓN: {normal}') == (normal, body)
    assert find_sections(f'Indicación: tos. Hallazgos: {body} Impresión: {normal}') == (normal, body)


@pytest.mark.parametrize('sentence', NO_NOTES)
def test_what_is_seen_is_no_note(sentence):
    """Words of notes in findings, and findings that were told."""
    assert not is_note(sentence) and without_remarks(sentence) == sentence
    assert sentence in sentences(' INDICATION:  Cough.', f' {sentence}', TEXT)


@pytest.mark.parametrize('parts', [
    (' COMPARISON:  ___.', ' Chest PA and lateral radiograph was obtained.', TEXT),
    (' TECHNIQUE:  PA and lateral views of the chest.', TEXT), (' COMMENT:', TEXT), (' COMMENTS: ' + TEXT.strip(), ),
    (' TECHNIQUE:  Single portable view of the chest was obtained.' + TEXT.replace('\n', ' '), ),
    (' EXAMINATION:  CHEST (PA AND LAT)', ' HISTORY:  ___-year-old man with pneumonia.', TEXT),
    (' CHEST TWO VIEWS', ' ___-year-old woman with pleural effusion, evaluate for pneumonia.', TEXT),
    (' HISTORY:  Cough.', ' Comparison is made with the study of ___.', TEXT),
    (TEXT.split('  The heart')[0], ' The heart is normal.', ' The bones are intact.'),
    (' PORTABLE CHEST:  A single AP view was obtained.', TEXT),
    (' CHEST:  PA and lateral views were obtained on ___.', f' FINDINGS: {TEXT}'),
    (TEXT, ' ADDENDUM:  There is a fracture.'), (TEXT, ' ADDENDUM:', ' There is a fracture.', ' A second one is seen.'),
    (TEXT, ' RECOMMENDATION(S):  CT.', ' Repeat the radiograph of the lungs in 6 weeks.'),
    (TEXT, ' Addendum by Dr. ___ on ___:', ' There is a fracture.'),
    (' WET READ: ___ 8:21 PM', '  Big heart.', '  Edema is seen.', '_' * 78, TEXT),
    (' FINAL ADDENDUM', ' ADDENDUM:  Read again.', '_' * 78, ' FINAL REPORT', TEXT)])
def test_findings_without_their_heading(parts):
    """All of their sentences, and none of the technique, the history, an addendum or an earlier reading."""
    assert sentences(' FINAL REPORT', *parts) == BODY


ADDENDA = [' ADDENDUM:  The above was discussed with Dr. X at 3 pm.', ' ADDENDUM:  A nodule is seen.\n\n It is small.',
           ' ADDENDUM:\n\n FINDINGS:  A nodule.\n\n IMPRESSION:  Nodule.', ' FINAL ADDENDUM\n\n A nodule is seen.']


@pytest.mark.parametrize('addendum', ADDENDA)
@pytest.mark.parametrize('joint', ['\n\n', f'\n {"_" * 78}\n', f'\n {"_" * 78}\n FINAL REPORT\n'])
def test_an_addendum_adds_nothing(addendum, joint):
    """Below the report, or above it, with a heading of its own or its sections."""
    report = f' FINAL REPORT\n FINDINGS: {TEXT}\n\n IMPRESSION:  {NORMAL}'
    assert report_sentences(report + joint + addendum) == [NORMAL, *BODY]
    if '_' in joint:
        assert report_sentences(f' FINAL REPORT\n{addendum}{joint}{report}') == [NORMAL, *BODY]


def test_two_impressions():
    """The same text twice is one; two texts are both of the report, in order; a corrected report takes the place."""
    assert sentences(f' FINDINGS: {TEXT}', f' IMPRESSION: {NORMAL}', f' IMPRESSION: {NORMAL}') == [NORMAL, *BODY]
    assert sentences(f' IMPRESSION: {NORMAL}', f' FINDINGS: {TEXT}', ' IMPRESSION: No edema.') == [
        NORMAL, 'No edema.', *BODY]
    again = f' FINAL REPORT\n FINDINGS: Edema.\n\n IMPRESSION: Edema.\n\n FINAL REPORT\n FINDINGS: {TEXT}'
    assert report_sentences(again) == BODY


@pytest.mark.parametrize('text', ['', ' FINAL REPORT', f' FINAL REPORT\n INDICATION: Cough.\n\n {NOTES[0]}',
                                  ' WET READ: Big heart.\n\n Edema is seen.', ' INDICATION: Pneumonia and effusion.'])
def test_reports_that_say_nothing(text):
    """A note, a preliminary reading or the indication does not become the report."""
    assert find_sections(text) == ReportSections('', '')


def test_a_prompt_report_in_capitals():
    """Findings given as "None", and an impression in capitals wrapped within its items, as CheXpert Plus has it."""
    text = 'Findings: None. Impression: 1. SINGLE VIEW OF CHEST DEMONSTRATES NO SIGNIFICANT INTERVAL\nCHANGE. SMALL ' \
           'EFFUSION.\n2. NO PNEUMOTHORAX.'
    assert report_sentences(text) == ['SINGLE VIEW OF CHEST DEMONSTRATES NO SIGNIFICANT INTERVAL CHANGE.',
                                      'SMALL EFFUSION.', 'NO PNEUMOTHORAX.', 'None.']


@pytest.mark.parametrize('text, medical, finding', [
    ('Access denied. Please sign in. Try again later.', False, False), ('The lungs are clear.', True, True),
    ('Chest radiograph.', True, False), ('OPACITY', True, True), ('Ein Bild.', False, False), ('', False, False)])
def test_medical_words(text, medical, finding):
    """What a text must hold to be taken for a report, and to be taken for findings."""
    assert (has_medical_word(text), has_finding(text)) == (medical, finding)
