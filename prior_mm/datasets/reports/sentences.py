"""Sentences of a report: sentencex splits, here the text is made fit for it (docs/sentence_splitting.md)."""
import html
import re
from collections.abc import Iterator
from importlib.metadata import version

import sentencex

from .sections import ReportSections, find_sections

#: What annotation files say of how their sentences came about.
SENTENCE_SPLITTER = f'sentencex {version("sentencex")}'

_PARAGRAPH = re.compile(r'\n[ ]*\n\s*')
_BLANKS = re.compile(r'\s+')
_MARKER = re.compile(r'(?:^|(?<=[\s.]))[(]?(\d{1,2})(?:[.)],?(?=\s*[A-Za-z_(\[])|[.)][ ]+(?=\d))')
_BULLET = re.compile(r'^[ ]*(?:[-*\u2022\u00b7\u25cf\u2013]|[a-h][.)])[ ]+', re.M)
_RUN_ON = re.compile(r'(?<=[a-z)]{2})\.(?=[A-Z][a-z]|XXXX|___)')
_MARKUP = re.compile(r'<(?:br|p|BR|P)\s*/?>|\[<|>\]')  # "[<" and ">]" are left over from templates
_STOPS = re.compile(r'(?:(?<=[.!?])[ ]+[.]+)+(?=\s|$)')
_ABBREVIATED = re.compile(r'\b(approx|approximately|max|min|incl)\.(?=[ ]+[\da-z])', re.I)
# At these the library sees an abbreviation, before a capital too: "... a chest CT. The heart ..."
_NO_ABBREVIATION = re.compile(r'\b((?:CT|MR|PA|LA|mm|min|hr)|(?<=: )no)\.[ ]+(?=[A-Z][a-z])')
_DANGLING = frozenset('a an and are as at be been between by for from has have in into is its no of on or over than '
                      'that the there this to upper lower versus was were which with within without mild small large '
                      'dr mr mrs ms'.split())
_MEANING = re.compile(r'[A-Za-z]{2,}')
_TYPICAL_WIDTH = 60  # characters; reports are wrapped at 70 to 80


def report_sentences(text: str) -> list[str]:
    """Sentences of a whole report: those of the impression, then those of the findings."""
    return section_sentences(find_sections(text))


def section_sentences(sections: ReportSections) -> list[str]:
    """Sentences of the impression, then of the findings."""
    return [*split_sentences(sections.impression), *split_sentences(sections.findings)]


def split_sentences(text: str) -> list[str]:
    """Split a section into sentences.

    Lines that were wrapped are joined again. A blank line, an item of a list, and a line that was ended early on
    purpose end a sentence even without a full stop. Numbers and bullets of lists are left out, and so are sentences
    that hold no word but removed ones (``XXXX``, ``___``).

    Args:
        text: A section, with its line breaks.

    Returns:
        Sentences in order, without line breaks or double blanks.
    """
    return [sentence for block in normalised_blocks(text) for piece in sentencex.segment('en', block)
            if _has_meaning(sentence := piece.strip())]


def normalised_blocks(text: str) -> Iterator[str]:
    """Pieces of text that no sentence crosses, on one line each; what any sentence splitter is given."""
    text = _MARKUP.sub(' ', html.unescape(text) if '&' in text else text)
    for paragraph in _PARAGRAPH.split(text.strip()):
        for item in _items(paragraph):
            for line in _deliberate_lines(item):
                line = _BLANKS.sub(' ', line).strip(' ;')
                line = _ABBREVIATED.sub(r'\1', _STOPS.sub('', _RUN_ON.sub('. ', line)))
                for block in _NO_ABBREVIATION.sub('\\1.\n', line).split('\n'):
                    if block:
                        yield block


def _items(paragraph: str) -> Iterator[str]:
    """The paragraph cut at the marks of its lists, which are dropped."""
    start, expected = 0, 1
    marks = list(_MARKER.finditer(paragraph))
    for index, mark in enumerate(marks):
        number = int(mark.group(1))
        before = paragraph[start:mark.start()].rstrip()
        sentence_begins = not before or before[-1] in '.:;' or _starts_line(paragraph, mark)
        goes_on = index + 1 < len(marks) and int(marks[index + 1].group(1)) == 2
        if (number == expected > 1 or (number == 1 and (sentence_begins or goes_on))
                or (not before and not start)):
            yield from _BULLET.split(paragraph[start:mark.start()])
            start, expected = mark.end(), number + 1
    yield from _BULLET.split(paragraph[start:])


def _starts_line(paragraph: str, mark: re.Match) -> bool:
    return not paragraph[paragraph.rfind('\n', 0, mark.start()) + 1:mark.start()].strip()


def _deliberate_lines(text: str) -> Iterator[str]:
    """The text cut where a line ended although the next word would have fitted in, and a sentence can begin."""
    lines = [line.strip() for line in text.split('\n')]
    width = max(_TYPICAL_WIDTH, *map(len, lines))
    block = lines[0]
    for line, following in zip(lines, lines[1:], strict=False):
        first = following.split(' ', 1)[0]
        last = line.rsplit(' ', 1)[-1]
        if (first[:1].isupper() and last[-1:] not in ',-/(&' and last.lower().strip('.') not in _DANGLING
                and len(line) + 1 + len(first) <= 0.75 * width):
            yield block
            block = following
        else:
            block = f'{block} {following}'
    yield block


def _has_meaning(sentence: str) -> bool:
    return any(word.strip('X') for word in _MEANING.findall(sentence))
