"""What headings announce, in the spellings that MIMIC-CXR's reports are known to have."""
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prior_mm.datasets.reports.headings import Heading, classify_heading, is_title

FINDINGS = ['FINDINGS', 'FINDING', 'Findings', 'findings', 'FINDINGS AND IMPRESSION', 'FINDINGS/IMPRESSION',
            'FINDINGS/ IMPRESSION', 'IMPRESSION AND FINDINGS', 'REFERENCE FINDINGS', 'COMPARISON/FINDINGS',
            'RADIOGRAPHIC FINDINGS', 'CHEST FINDINGS', 'OBSERVATIONS', 'FINDINS', 'FINDINDGS', 'FINDGINGS', 'FINDNGS',
            'FINDNINGS', 'FINIDNGS']
IMPRESSIONS = ['IMPRESSION', 'IMPRESSIONS', 'Impression', 'CONCLUSION', 'CONCLUSIONS', 'OPINION', 'SUMMARY',
               'INTERPRETATION', 'FINAL IMPRESSION', 'IMPRESSION #1', 'IMPRESSON', 'IMPRRESSION', 'IMOPRESSION',
               'IMPRESSOIN', 'IMPRSSION', 'IMPRESION', 'IMPERSSION', 'MPRESSION', 'IMPESSION', 'CONLUSION',
               'ASSESSMENT']
VIEWS = ['CHEST', 'CHEST, TWO VIEWS', 'CHEST (PA AND LAT)', 'CHEST, PA LATERAL', 'PA AND LATERAL CHEST RADIOGRAPHS',
         'SINGLE AP PORTABLE VIEW OF THE CHEST', 'UPRIGHT AP VIEW OF THE CHEST', 'CHEST X-RAY', 'CXR', 'TWO VIEWS',
         'FRONTAL VIEW', 'PA AND LATERAL', 'FRONTAL UPRIGHT', 'PORTABLE SEMI-ERECT CHEST RADIOGRAPH',
         'CHEST, 2 VIEWS, PA & LATERAL', 'CHEST AND RIBS', 'Chest, two views', 'REPORT', 'RESULTS', 'Result']
OTHERS = ['COMPARISON', 'COMPARISONS', 'COMPARISION', 'COMPARRISON', 'COMPARISON FILM', 'REFERENCE EXAM', 'INDICATION',
          'IDICATION', 'NDICATION', 'CLINICAL INDICATION', 'EXAMINATION', 'TYPE OF EXAMINATION', 'TECHNIQUE',
          'TECHNIUQE', 'HISTORY', 'PATIENT HISTORY', 'CLINICAL INFORMATION', 'CLINICAL HISTORY/INDICATION',
          'REASON FOR EXAM', 'NOTIFICATION', 'RECOMMENDATION(S)', 'ADDENDUM', 'WET READ', 'WETREAD', 'DATE', 'STUDY',
          'PRELIMINARY IMPRESSION', 'PROVISIONAL FINDINGS IMPRESSION (PFI)', 'FINAL REPORT']
#: Spanish, Portuguese, French and German; the accents of the first as one letter and as two.
TRANSLATED = {Heading.FINDINGS: ['HALLAZGOS', 'Hallazgos', 'DESCRIPCIÓN', 'ACHADOS', 'RÉSULTATS', 'BEFUND'],
              Heading.IMPRESSION: ['IMPRESIÓN', 'IMPRESIO\u0301N', 'IMPRESION', 'IMPRESIÓN DIAGNÓSTICA', 'CONCLUSIÓN',
                                   'Conclusiones', 'IMPRESSÃO', 'CONCLUSÃO', 'OPINIÓN', 'BEURTEILUNG'],
              Heading.OTHER: ['INDICACIÓN', 'Técnica', 'COMPARACIÓN', 'ANTECEDENTES', 'DATOS CLÍNICOS',
                              'FRAGESTELLUNG'],
              Heading.VIEW: ['RADIOGRAFÍA DE TÓRAX', 'INFORME', 'COMENTARIO']}
#: Labels and sentences within the text; they must not end a section.
NO_HEADINGS = ['LUNGS', 'LUNGS AND PLEURA', 'HEART', 'BONES', 'LINES AND TUBES', 'Support devices', 'LATERAL', 'AP',
               'PORTABLE', 'RIBS', 'Findings are discussed below', 'Findings were discussed with Dr',
               'The impression is', 'Comparison is made with the prior study', 'COMPRESSION FRACTURE', 'CONTUSION',
               'Contusion', 'BRONCHIAL OCCLUSION', 'Medial', 'CORTICAL BREAK', 'OSSIFICATION', '', '___', '1', 'é']


@pytest.mark.parametrize('names, kind', [(FINDINGS, Heading.FINDINGS), (IMPRESSIONS, Heading.IMPRESSION),
                                         (VIEWS, Heading.VIEW), (OTHERS, Heading.OTHER), (NO_HEADINGS, None)])
def test_spellings(names, kind):
    """Each variant announces what it means; labels, and words that resemble a heading, announce nothing."""
    assert {name: classify_heading(name) for name in names} == dict.fromkeys(names, kind)


@pytest.mark.parametrize('kind', TRANSLATED)
def test_other_languages(kind):
    """Headings in other languages announce what they mean, with and without accents."""
    names = TRANSLATED[kind]
    assert {name: classify_heading(name) for name in names} == dict.fromkeys(names, kind)


@pytest.mark.parametrize('name, kind', [
    ('FINDINGS', Heading.FINDINGS), ('Impression', Heading.IMPRESSION), ('COMPARISON', Heading.OTHER),
    ('FINDINGS UNCHANGED', None), ('Pulmonary findings', None), ('NO ACUTE FINDINGS', None), ('LUNGS', None)])
def test_without_a_colon(name, kind):
    """A line without a colon is a heading only if all of its words are: ``NO ACUTE FINDINGS`` is a finding."""
    assert classify_heading(name, alone=True) is kind


@settings(deadline=None)
@given(st.sampled_from([('FINDINGS', Heading.FINDINGS), ('IMPRESSION', Heading.IMPRESSION),
                        ('CONCLUSION', Heading.IMPRESSION), ('COMPARISON', Heading.OTHER),
                        ('INDICATION', Heading.OTHER), ('TECHNIQUE', Heading.OTHER)]), st.data())
def test_one_typing_error(heading, data):
    """A letter left out, typed twice, or two letters in the wrong order do not hide a heading, wherever they are."""
    name, kind = heading
    at = data.draw(st.integers(0, len(name) - 2))
    mistake = data.draw(st.sampled_from([name[:at] + name[at + 1:], name[:at] + name[at] + name[at:],
                                         name[:at] + name[at + 1] + name[at] + name[at + 2:]]))
    assert classify_heading(mistake) is kind


@settings(deadline=None)
@given(st.text(max_size=60), st.booleans())
def test_any_text(name, alone):
    """Whatever stands before a colon is judged, the same for all writings of its blanks and stops."""
    kind = classify_heading(name, alone)
    assert kind is None or isinstance(kind, Heading)
    assert classify_heading(f' {name} .', alone) is kind


@pytest.mark.parametrize('text, title', [
    ('PORTABLE CHEST, ___ AT 8:20', True), ('AP CHEST, 8:20 A.M., ___', True), ('CHEST TWO VIEWS ___', True),
    ('', True), ('___', True), ('PA and lateral.', True), ('Chest is clear', False), ('No change', False),
    ('Portable chest shows edema', False)])
def test_titles(text, title):
    """A paragraph that only names the examination is not taken for the findings."""
    assert is_title(text) is title
