"""What a heading of a radiology report announces, with all its spellings."""
import difflib
import re
import unicodedata
from enum import Enum
from functools import lru_cache


class Heading(Enum):
    """The part of a report that a heading opens."""
    FINDINGS = 'findings'
    IMPRESSION = 'impression'
    VIEW = 'view'
    OTHER = 'other'


_FINDINGS = frozenset('finding findings observation observations'.split())
_IMPRESSION = frozenset('impression impressions conclusion conclusions opinion summary interpretation '
                        'assessment'.split())
_COMMENT = frozenset('comment comments narrative'.split())
#: Whatever stands beside them: preliminary texts and letters, not the report's own findings.
_NOT_FINAL = frozenset('wet wetread preliminary provisional prelim pfi notification communication critical addendum '
                       'addenda end discussion'.split())
#: What these announce is not of the report, however many paragraphs follow.
_APART = _NOT_FINAL | frozenset('notifications recommendation recommendations dictated signed transcribed '
                                'approved'.split())
_OTHER = _APART | frozenset(
    'indication indications history comparison comparisons technique techniques exam examination examinations study '
    'reason procedure procedures type date attending contrast dose medical symptoms information operator operators '
    'protocol diagnosis question attention patient physician resident radiologist'.split())
_VIEW = frozenset('chest cxr radiograph radiographs radiography radiographic film films view views image images ap pa '
                  'lateral lat frontal portable upright supine erect semi semierect semiupright bedside decubitus '
                  'lordotic xray xrays x ray rays port rib ribs two one single three four 1 2 3 4'.split())
_VIEW_NEEDED = frozenset('chest cxr radiograph radiographs radiography film films view views image images'.split())
_FILLERS = frozenset('a an and at by clinical data details final for from in of on or s same the this to with for '
                     'performed obtained additional report prior previous current following read reading by number '
                     'requested ordered day'.split())
_KNOWN = _FINDINGS | _IMPRESSION | _COMMENT | _OTHER | _VIEW | _FILLERS | {'result', 'results'}
_FUZZY = sorted(word for word in _FINDINGS | _IMPRESSION | _OTHER if len(word) >= 7)
#: Words of findings that are no misspelt heading, close as they are to one.
_NO_TYPING_ERRORS = frozenset(
    'attenuation compression compressions concussion confusion contusion contusions cortical flattening formation '
    'formations identification inclusion inclusions medial modification occlusion occlusions ossification '
    'ossifications'.split())
#: Headings in Spanish, Portuguese, French and German, without their accents, by what they mean.
_MEANT = {word: english for english, words in {
    'findings': 'hallazgo hallazgos descripcion achados descricao resultats constatations befund befunde',
    'impression': 'impresion impresiones impressao conclusiones conclusao conclusoes beurteilung zusammenfassung',
    'comment': 'comentario comentarios commentaire kommentar', 'report': 'informe laudo', 'addendum': 'adenda',
    'indication': 'indicacion indicaciones indicacao motivo renseignements klinik indikation fragestellung',
    'history': 'antecedentes anamnese', 'comparison': 'comparacion comparacao comparaison vergleich',
    'technique': 'tecnica technik', 'study': 'estudio', 'diagnosis': 'diagnostico', 'signed': 'firma firmado',
    'recommendations': 'recomendacion recomendaciones recomendacao recommandations empfehlung',
    'clinical': 'clinica clinico clinicos diagnostica radiologica', 'data': 'datos', 'chest': 'torax thorax',
    'radiograph': 'radiografia radiographie rontgen', 'preliminary': 'preliminar', 'of': 'de del', 'and': 'y et und',
    'the': 'la el'}.items() for word in words.split()}
_WORD = re.compile(r'[A-Za-z0-9]+')
_LONGEST = 8  # words


@lru_cache(maxsize=16384)
def classify_heading(name: str, alone: bool = False) -> Heading | None:
    """Say what a heading announces.

    Typing errors of a letter or two are seen through (``IMPRSSION``, ``FINIDNGS``), if the heading is in capitals or
    begins with one.

    Args:
        name: The text before the colon, or a line that stands alone.
        alone: There is no colon, so that the words themselves must show that it is a heading: no other words then.

    Returns:
        The part, or ``None`` if it is no heading that ends a section: a label within the text, such as
        ``LUNGS``, or the beginning of a sentence.
    """
    words = tuple(map(_spelling, _words(name)))
    if not words or len(words) > _LONGEST:
        return None
    known = set(words)
    capitals = name.upper() == name
    if (alone or not capitals) and not known <= _KNOWN:
        return None  # a sentence: "Findings are discussed below:"
    if known & _NOT_FINAL:
        return Heading.OTHER
    if known & _FINDINGS:  # also "FINDINGS AND IMPRESSION", "COMPARISON/FINDINGS"
        return Heading.FINDINGS
    if known & _IMPRESSION:
        return Heading.IMPRESSION
    if known <= {'report', 'result', 'results'} or known & _COMMENT or (
            known <= _VIEW | _FILLERS and (known & _VIEW_NEEDED or (capitals and len(known & _VIEW) > 1))):
        return Heading.VIEW  # also "PA AND LATERAL", but neither "LATERAL" nor "PORTABLE": they may be labels
    if known & _OTHER or known <= {'clinical', 'final', 'report', 'data', 'details'}:
        return Heading.OTHER
    return None


@lru_cache(maxsize=16384)
def stands_apart(name: str) -> bool:
    """Whether a heading announces what is not of the report: an addendum, a preliminary reading, a letter."""
    return any(_spelling(word) in _APART for word in _words(name))


def _words(name: str) -> list[str]:
    """Its words, without accents."""
    return _WORD.findall(name if name.isascii() else
                         ''.join(letter for letter in unicodedata.normalize('NFKD', name)
                                 if not unicodedata.combining(letter)))


@lru_cache(maxsize=16384)
def _spelling(word: str) -> str:
    """The known word that is meant, lower-case and in English; or the word itself."""
    lower = word.lower()
    if lower in _MEANT:
        return _MEANT[lower]
    if lower in _KNOWN | _NO_TYPING_ERRORS or len(word) < 6 or word[0].islower():
        return lower
    close = difflib.get_close_matches(lower, _FUZZY, n=1, cutoff=0.82)
    return close[0] if close else lower


def is_title(text: str) -> bool:
    """Whether a paragraph only names the examination, as ``PORTABLE CHEST, ___ AT 8:20`` does, or says nothing."""
    words = [_MEANT.get(word.lower(), word.lower()) for word in _words(text) if not word.isdigit()]
    return all(word in _VIEW or word in _FILLERS or word in _OTHER or word in _IMPRESSION or word in _FINDINGS
               or len(word) == 1 or word in ('am', 'pm', 'hours', 'compared') for word in words)
