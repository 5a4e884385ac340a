"""CheXpert's 14 labels of a report, from phrases and the words around them."""
import re
import textwrap
from collections.abc import Iterable, Mapping
from functools import lru_cache

import spacy
from negspacy.negation import Negex

from ..downstream.chexpert_labels import FINDINGS
from .cues import NEGATION, UNCERTAINTY
from .phrases import NOT_MEANT, PHRASES
from .silhouettes import silhouette_states

POSITIVE, NEGATIVE, UNCERTAIN = 1, 0, -1
#: Of what several sentences say, the first of these counts, as in CheXpert.
_PRECEDENCE = (POSITIVE, UNCERTAIN, NEGATIVE)
_DEVICES, _NOTHING = 'Support Devices', 'No Finding'
_REMEMBERED = 2**16  # sentences; radiologists repeat themselves: of Open-i's 22,000 every second one is there twice
_LONGEST = 2000  # characters; what has no end is read piece by piece: time grows with the square of mentions and cues
_PHRASES = tuple((name, re.compile(rf'\b(?:{"|".join(phrases)})\b'))
                 for name, phrases in (('', NOT_MEANT), *PHRASES.items()))
_SPANS = 'found'


class ReportLabeller:
    """Gives reports CheXpert's labels (Irvin et al., AAAI 2019), see docs/report_labels.md.

    A finding is positive where a phrase names it, negative where words deny it, uncertain where they leave it open;
    what is not mentioned has no label. ``No Finding`` is positive where no other finding but ``Support Devices`` is
    positive or uncertain, nor an abnormality that has no column.
    """

    def __init__(self) -> None:
        self._tokenizer = spacy.blank('en')
        self._rules = tuple((_words(cues), Negex(self._tokenizer, name, cues, extension_name=name, span_keys=[_SPANS]))
                            for name, cues in (('denied', NEGATION), ('open', UNCERTAINTY)))
        self.sentence_labels = lru_cache(maxsize=_REMEMBERED)(self._sentence_labels)

    def labels(self, sentences: Iterable[str]) -> dict[str, int]:
        """Labels of a report.

        Args:
            sentences: Those of its impression and findings, in any order.

        Returns:
            By finding, in CheXpert's order, 1, 0 or -1 (uncertain); what is not mentioned is left out.
        """
        values: dict[str, set[int]] = {}
        for sentence in sentences:
            for name, value in self.sentence_labels(sentence):
                values.setdefault(name, set()).add(value)
        found = {name: next(value for value in _PRECEDENCE if value in said) for name, said in values.items()}
        if not any(value != NEGATIVE for name, value in found.items() if name != _DEVICES):
            found[_NOTHING] = POSITIVE
        return {name: found[name] for name in FINDINGS if name in found}

    def _sentence_labels(self, sentence: str) -> tuple[tuple[str, int], ...]:
        """Each mention of a finding in a sentence, or of :data:`.phrases.OTHER`, with its value."""
        found: list[tuple[str, int]] = []
        for text in textwrap.wrap(' '.join(sentence.lower().split()), _LONGEST):
            states = silhouette_states(text)
            found += [(state.finding, state.value) for state in states if state.value != POSITIVE]
            found += self._values(text, [*((state.finding, state.start, state.end) for state in states
                                           if state.value == POSITIVE), *find_mentions(text)])
        return tuple(found)

    def _values(self, text: str, mentions: list[tuple[str, int, int]]) -> Iterable[tuple[str, int]]:
        if not mentions:
            return
        doc = self._tokenizer.make_doc(text)
        if len(doc) > 1:
            doc[1].is_sent_start = False  # which says that all of it is one sentence
        spans = (doc.char_span(start, end, name, alignment_mode='expand') for name, start, end in mentions)
        doc.spans[_SPANS] = [span for span in spans if span is not None]
        for words, rule in self._rules:
            if words.search(text):
                rule(doc)
        for span in doc.spans[_SPANS]:
            value = NEGATIVE if span._.denied else UNCERTAIN if span._.open else POSITIVE
            for name in span.label_.split('+'):
                yield name.rstrip('?'), UNCERTAIN if name.endswith('?') and value == POSITIVE else value


def _words(cues: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    """Without one of these in a sentence, the rule changes nothing."""
    return re.compile('|'.join(sorted({*map(re.escape, cues['preceding_negations']),
                                       *map(re.escape, cues['following_negations'])})))


def find_mentions(text: str) -> list[tuple[str, int, int]]:
    """Phrases in a sentence in lower case: key in :data:`phrases.PHRASES`, begin, end; of two that meet the longer."""
    found = [(match.start() - match.end(), match.start(), match.end(), name)
             for name, pattern in _PHRASES for match in pattern.finditer(text)]
    kept: list[tuple[str, int, int]] = []
    for _, start, end, name in sorted(found):
        if all(end <= begin or start >= stop for _, begin, stop in kept):
            kept.append((name, start, end))
    return [mention for mention in kept if mention[0]]
