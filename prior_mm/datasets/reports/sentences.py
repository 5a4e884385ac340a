"""Sentences of a report: sentencex splits, here the text is made fit for it (docs/sentence_splitting.md)."""
import html
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib.metadata import version

import sentencex

from .remarks import points_elsewhere
from .sections import ReportSections, find_sections

#: What annotation files say of how their sentences came about.
SENTENCE_SPLITTER = f'sentencex {version("sentencex")}'

#: Cuts one line of text at the ends of its sentences.
Splitter = Callable[[str], Iterable[str]]
_SENTENCEX: Splitter = partial(sentencex.segment, 'en')

_PARAGRAPH = re.compile(r'\n[ ]*\n\s*')
_BLANKS = re.compile(r'\s+')
_MARKER = re.compile(r'(?:^|(?<=\s)|(?<=[^\d\s]\.))[(]?(\d{1,2})(?:[.)],?(?=\s*[A-Za-z_(\[])|[.)][ ]+(?=\d))')
# Also "[1] Clear", "#1 Clear", "1 - Clear"; but "2 - 3 mm" is an extent.
_BULLET = re.compile(r'^[ ]*(?:[-*\u2022\u00b7\u25cf\u2013]|[a-h][.)]|\[\d{1,2}\]|#\d{1,2}[.):]?|'
                     r'\d{1,2}[ ]+[-\u2013](?=[ ]+[A-Za-z]))[ ]+', re.M)
_RUN_ON = re.compile(r'(?<=[A-Za-z)]{2})\.(?=[A-Z][a-z]|XXXX|___)')
_MARKUP = re.compile(r'<(?:br|p)\s*/?>', re.I)
_TEMPLATE = re.compile(r'\[<|>\]')  # left over where a text was filled in
_STOPS = re.compile(r'(?:(?<=[.!?])[ ]+[.]+|(?<=\w\.)\.)+(?=\s|$)')  # "clear. ." and "clear..", but not "..."
_ABBREVIATED = re.compile(r'\b((?i:approx|approximately|max|min|incl)|cm(?=\.[ ]+[a-z]))\.(?=[ ]+[\da-z])')
# Ends that the library does not see: it takes these words for abbreviations, before a capital too ("... a chest CT.
# Lungs are clear."), and a bracket for a part of the next sentence.
_UNSEEN_END = re.compile(r'(\b(?:CT|MR|PA|LA|mm|min|hr)\.|(?<=: )no\.|[A-Za-z]{2}\.\))[ ]+(?=[A-Z][a-z]|A[ ]|XXXX|___)')
_DANGLING = frozenset('a an and are as at be been between by for from has have in into is its no of on or over than '
                      'that the there this to upper lower versus was were which with within without mild small large '
                      'dr mr mrs ms'.split())
# A number after one of these belongs to it, and begins no item of a list: "the left rib 2. No effusion"
_COUNTED = frozenset('and or to of than through rib ribs level levels type grade stage day zone segment lead number '
                     'no'.split())
_MEANING = re.compile(r'[A-Za-z]{2,}')
_HYPHEN = re.compile(r'[A-Za-z0-9]-$')
_TYPICAL_WIDTH = 60  # characters; reports are wrapped at 70 to 80
_LONG_LINE = 200  # characters; beyond it a text was not wrapped


def report_sentences(text: str) -> list[str]:
    """Sentences of a whole report: those of the impression, then those of the findings."""
    return section_sentences(find_sections(text))


def section_sentences(sections: ReportSections) -> list[str]:
    """Sentences of the impression, then of the findings, without those that only say where else to look."""
    return [sentence for section in sections for sentence in split_sentences(section)
            if not points_elsewhere(sentence)]


def split_sentences(text: str, splitter: Splitter = _SENTENCEX) -> list[str]:
    """Split a section into sentences.

    Lines that were wrapped are joined again. A blank line, an item of a list, and a line that was ended early on
    purpose end a sentence even without a full stop. Numbers and bullets of lists are left out, and so are sentences
    that hold no word but removed ones (``XXXX``, ``___``).

    Args:
        text: A section, with its line breaks.
        splitter: Another one to compare with (``tools/benchmarks/sentence_splitters.py``).

    Returns:
        Sentences in order, without line breaks or double blanks.
    """
    return [sentence for block in normalised_blocks(text) for piece in splitter(block)
            if has_meaning(sentence := piece.strip())]


def normalised_blocks(text: str) -> Iterator[str]:
    """Pieces of text that no sentence crosses, on one line each; what any sentence splitter is given."""
    text = _TEMPLATE.sub('', _MARKUP.sub(' ', html.unescape(text) if '&' in text else text))
    for paragraph in _PARAGRAPH.split(text.strip()):
        for item in _items(paragraph):
            for line in _deliberate_lines(item):
                line = _BLANKS.sub(' ', line).strip(' ;')
                line = _ABBREVIATED.sub(r'\1', _STOPS.sub('', _RUN_ON.sub('. ', line)))
                for block in _UNSEEN_END.sub(r'\1\n', line).split('\n'):
                    if block:
                        yield block


def _items(paragraph: str) -> Iterator[str]:
    """The paragraph cut at the marks of its lists, which are dropped; each item is left in its column."""
    start, column, expected = 0, 0, 1
    marks = list(_MARKER.finditer(paragraph))
    for index, mark in enumerate(marks):
        number = int(mark.group(1))
        before = paragraph[start:mark.start()].rstrip()
        line = paragraph.rfind('\n', 0, mark.start()) + 1
        sentence_begins = not before or before[-1] in '.:;' or not paragraph[line:mark.start()].strip()
        goes_on = index + 1 < len(marks) and int(marks[index + 1].group(1)) == 2
        counted = not sentence_begins and before.rsplit(None, 1)[-1].lower() in _COUNTED
        if not counted and (number == expected > 1 or (number == 1 and (sentence_begins or goes_on))
                            or (not before and not start)):
            yield from _BULLET.split(' ' * column + paragraph[start:mark.start()])
            start, column, expected = mark.end(), min(mark.end() - line, _LONG_LINE), number + 1
    yield from _BULLET.split(' ' * column + paragraph[start:])


def _deliberate_lines(text: str) -> Iterator[str]:
    """The text cut where a line ended although the next word would have fitted in, and a sentence can begin."""
    lines = [line.rstrip() for line in text.split('\n')]
    width = max(_TYPICAL_WIDTH, *map(len, lines))
    block = lines[0]
    for line, following in zip(lines, map(str.lstrip, lines[1:]), strict=False):
        first = following.split(' ', 1)[0]
        last = line.rsplit(' ', 1)[-1]
        if (first[:1].isupper() and last[-1:] not in ',-/(&' and last.lower().strip('.') not in _DANGLING
                and len(line) + 1 + len(first) <= 0.75 * width):
            yield block
            block = following
        elif _HYPHEN.search(line) and first not in ('and', 'or', 'to'):  # not "pre-" before "and post-operative"
            block += following
        else:
            block = f'{block} {following}'
    yield block


def has_meaning(sentence: str) -> bool:
    """Whether it holds a word of two letters or more that is not the ``XXXX`` of a removed one."""
    return any(word.strip('X') for word in _MEANING.findall(sentence))
