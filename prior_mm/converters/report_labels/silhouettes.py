"""What a sentence says of the size of heart and mediastinum: "heart size is normal", "enlarged cardiac silhouette"."""
import re
from typing import NamedTuple

#: By finding, what is enlarged if the finding is there.
_SUBJECTS = {
    'Cardiomegaly': r'heart(?: size)?(?! (?:failure|disease|valves?|block|rate|border))|cardiac (?:size|silhouettes?|'
                    r'shadow|contours?|outlines?)|cardiopericardial silhouette|cardiac and mediastinal \w+',
    'Enlarged Cardiomediastinum': r'mediastinum|mediastinal (?:silhouette|contours?|structures|configuration|width|'
                                  r'outlines?|borders?|shadow)|cardio ?-?mediastin\w+(?: \w+)?',
}
#: What follows a word that speaks of the silhouette itself: no other noun, as in "increased interstitial markings".
_ITSELF = (r'(?=\W*$|\W*[,;()]| (?:(?:and|or|in|for|with|without|but|since|compared|than|as|given|on|though|although|'
           r'at|despite|by|from|due|to|again|when|unchanged|stable|similar|this|size)\b|left ventric|heart|cardi|'
           r'mediastin))')
_STATES = {
    1: rf'(?:enlarged|enlargement|large|prominent|widened|wide|widening|increased|dilated|globular){_ITSELF}',
    0: r'normal\w*|unremarkable|within (?:\w+ )?limits|top[- ]normal|upper (?:limits? of )?normal|small',
    -1: r'borderline',
}
_VALUES = tuple(_STATES)
_WORDS = re.compile(r'\b(?:' + '|'.join(
    [f'(?P<{name.replace(" ", "_")}>{pattern})' for name, pattern in _SUBJECTS.items()]
    + [f'(?P<state{place}>{pattern})' for place, pattern in enumerate(_STATES.values())]) + r')\b')
_RIGHT_BEFORE = re.compile(r'[\s-]*(?:(?!and\b|with\b|but\b|the\b)\w+[\s-]+)?')
_ABOUT = re.compile(r'heart|cardi|mediastin')


class State(NamedTuple):
    """A finding and the word that says whether it is there.

    Attributes:
        finding: Its name.
        value: 1, 0, or -1 where that stays open; before any cue.
        start: Of the word, in characters.
        end: Of the word.
    """
    finding: str
    value: int
    start: int
    end: int


def silhouette_states(text: str) -> list[State]:
    """What is said of each silhouette that a sentence names; nothing where it says nothing of its size.

    The state is the word right before ("normal heart size"), else the first after, else the last before.

    Args:
        text: A sentence in lower case.
    """
    if not _ABOUT.search(text):
        return []
    subjects: list[tuple[int, int, str]] = []
    states: list[tuple[int, int, int]] = []
    for match in _WORDS.finditer(text):
        kind = str(match.lastgroup)
        if kind.startswith('state'):
            states.append((match.start(), match.end(), _VALUES[int(kind[5:])]))
        else:
            subjects.append((match.start(), match.end(), kind.replace('_', ' ')))
    found = []
    for begin, end, finding in subjects:
        before = [state for state in states if state[1] <= begin]
        after = [state for state in states if state[0] >= end]
        if before and (not after or _RIGHT_BEFORE.fullmatch(text, before[-1][1], begin)):
            after = [before[-1]]
        if after:
            start, stop, value = after[0]
            found.append(State(finding, value, start, stop))
    return found
