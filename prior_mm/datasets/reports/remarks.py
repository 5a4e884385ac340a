"""Sentences of a report that say nothing of the image: who was told, who signed, how it was taken, and why."""
import re
from collections.abc import Iterator

_SEEN = (
    'abdom abnormal acute air airspace alveol aneurysm aort apex apic arthr asymmetr atelecta atrial azyg basal base '
    'basilar bibasilar bone bony bowel bronch bulla calcif cardi carina cathet cavit cephaliz clavic clear clip coil '
    'collapse congest consolidat contour coronary costophrenic cyst deform degenerat densit device diaphragm dilat '
    'disease drain edema effusion elevat emboli emphysem endotracheal enlarg eventrat fibro flatten fluid focal '
    'fracture gastr granulom ground heart hemi hernia hila hilum humer hyperexpan hyperinfl hypoinfl icd implant '
    'infect infiltrat inflat interstiti intubat jugular kyph lesion lobar lobe loculat lung lymph malign markings '
    'mass mastectomy mediast metast mild moderate nasogastric nodul normal oedema opac osseous osteo pacemaker '
    'parenchym patch pectus perihilar picc pleur pneumo process prosthe pulmon radiodens rotat sarcoid scar sclero '
    'scoli septal shadow shoulder silhouette sinus skelet soft spinal spine spondyl stent sternal sternot stomach '
    'subclav subcutan subdiaphragm subsegment swan thicken thoracic tip tissue tortuo trach tube tubercul unchanged '
    'unremarkable valve vascul vena ventric vertebr volume widen wire')
_FINDING = re.compile(rf'\b(?:{"|".join(_SEEN.split())}|change[sd]?\b|leads?\b|lines?\b|ports?\b|ribs?\b|stable\b|'
                      r'superior\b|(?-i:COPD|ETT?|IVC|NGT?|PTX|SVC)\b)', re.I)
_MEDICAL = re.compile(r'\b(?:chest|cxr|findings?\b|impression|lateral|patient|portable|radiogra|views?\b|'
                      r'x-?rays?\b)', re.I)

_WORDS = re.compile(r'[^\W\d_]+')
# A full stop before a capital, unless it is that of a title or an initial.
_SENTENCE_END = re.compile(r'(?<!\bDr)(?<!\bDrs)(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bNo)(?<!\b[A-Z])[.!?]\s+(?=[A-Z])')
# What happens to reports and not to lungs: these words are said of nothing else ...
_TOLD = (r'tele?phoned|phoned|paged|notified|e-?mailed|faxed|texted|dictated|dictation|transcribed|signed|read back|'
         r'(?:by|via|over|through) (?:the )?(?:tele)?phone|(?:by|via) (?:text |secure )?(?:pager?|e-?mail|message)|'
         r'dashboard|critical (?:results?|values?|findings?)|verbal(?:ly)?|interpreted by|preliminar\w*|wet ?reads?|'
         r'in person|voice ?mail|made aware|informed|acknowledg\w*')
# ... and these only with a person.
_TO_A_PERSON = (r'(?:discuss|communicat|convey|relay|report|call|reviewed|contact|mention|sent|submitt|flagg|confirm|'
                r'told|given)\w*(?: [\w:]+){0,5}? (?:to|with|by)(?: [\w.\'-]+){0,4}? (?:Drs?\b|doctor|physician|'
                r'clinician|resident|fellow|team\b|nurse|house ?staff|ward\b|surgeon|radiologist|provider|RN\b|MD\b|'
                r'NP\b|him\b|her\b|_{2,})')
_NOTE = re.compile(
    rf'^[^;]*?\b(?:{_TOLD}|{_TO_A_PERSON})'
    r'|^\W*(?:electronically|transcribed|interpreted|approved|reviewed|read|reported)\b.{0,20}\b(?:by|on)\b'
    r'|^\W*(?:attending|resident|radiologist|fellow)\b|^\W*end of (?:impression|report)'
    r'|^\W*as the (?:attending|teaching|staff)\b'
    r'|^\W*I\b.{0,60}\b(?:reviewed|agree|attest|certify|supervised)\b'
    r'|^\W*please see (?:the )?(?:full|final|complete|separate)\b'
    r'|^\W*(?:Drs?\. )?_+[\W_]*(?:M\.?D|D\.?O|R\.?N)?\W*$|^\W*(?:D|DD|T|DT|TD|JOB)\s*[:#]\s*[\d_]'
    r'|(?-i:^\W*(?:D[rR]s?\. (?:[A-Z][\w.]*\W*){1,3}|[A-Z][\w.]*(?: [A-Z][\w.]*){0,2}, M\.?D\.?\W*)$)', re.I)
_TECHNIQUE = re.compile(
    r'^(?=.*\b(?:views?|radiographs?|x-?rays?|films?|images?|exposures?|projections?|examination|study|studies|exam|'
    r'comparison|technique)\b).*\b(?:obtained|performed|acquired|provided|submitted|presented|reviewed|taken|available|'
    r'made|compared|used|done|dated|from)\b|^\W*(?:comparisons?|technique|compared)\b'
    r'|^\W*(?:(?:PA|AP|lateral|frontal|portable|single|two|upright|supine|semi-?\w+|chest|views?|radiographs?|films?|and|'
    r'of|the|on|at|a|in|same|day)\b[\W\d_]*)+$', re.I)
_ASKED = re.compile(
    r'\byears?[- ]old\b|\by/?o\b|^\W*(?:history of|evaluate\b|evaluation for|assess\b|please\b|rule out\b|r/o\b|'
    r'query\b|question of\b|reason for\b|clinical (?:history|information|indication)|indication\b)|\?\W*$', re.I)
# "As above.", "See impression below.", "Findings as described in the body of the report.": no word but these, one of
# which asks to look and one says where.
_LOOK = frozenset('above as below described detailed dictated discussed given listed mentioned noted outlined per '
                  'refer reported same see seen stated'.split())
_WHERE = frozenset('above below body comment comments conclusion conclusions dictation finding findings impression '
                   'impressions report reports section sections text'.split())
_BETWEEN = frozenset('and are chest complete ct day detail details final for formal from full further in is more mr of '
                     'on please previous prior radiograph radiology separate separately that the this to under'.split())


def has_medical_word(text: str) -> bool:
    """Whether a text holds any word that reports of radiographs use."""
    return has_finding(text) or _MEDICAL.search(text) is not None


def has_finding(text: str) -> bool:
    """Whether a text holds a word that tells what is seen."""
    return _FINDING.search(text) is not None


def is_note(text: str) -> bool:
    """Whether each sentence of a text tells whom the report was told, who signed it, or where else to look."""
    return any(map(str.isalpha, text)) and all(map(_is_note, _sentences(' '.join(text.split()))))


def points_elsewhere(sentence: str) -> bool:
    """Whether all that a sentence says is where else to look, as "See above." does."""
    words = set(_WORDS.findall(sentence.lower()))
    return words <= _LOOK | _WHERE | _BETWEEN and not words.isdisjoint(_LOOK) and not words.isdisjoint(_WHERE)


def without_remarks(paragraph: str) -> str:
    """The paragraph without sentences that are notes, or tell how the images were taken or why they were asked for."""
    return ''.join(sentence for sentence in _sentences(paragraph) if not _is_remark(' '.join(sentence.split()))).strip()


def _sentences(text: str) -> Iterator[str]:
    """The text, cut behind the blanks that follow a sentence; together they are the text."""
    start = 0
    for end in _SENTENCE_END.finditer(text):
        yield text[start:end.end()]
        start = end.end()
    yield text[start:]


def _is_note(line: str) -> bool:
    match = _NOTE.search(line)
    if match is None:
        return points_elsewhere(line) or not any(letter.isalpha() for letter in line)
    # "Left pneumothorax, phoned to Dr. ___" tells first what is seen.
    before, comma, _ = match.group().rpartition(',')
    return not (comma and has_finding(before))


def _is_remark(line: str) -> bool:
    return (_is_note(line) or _ASKED.search(line) is not None
            or (_TECHNIQUE.search(line) is not None and not has_finding(line)))
