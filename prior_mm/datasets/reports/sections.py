"""Findings and impression out of a report's free text (PRIOR, section 4.1: impression then findings)."""
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .headings import Heading, classify_heading, is_title, stands_apart
from .remarks import has_finding, is_note, without_remarks


class ReportSections(NamedTuple):
    """The two parts of a report that describe the image; '' where there is none. Line breaks are kept."""
    impression: str
    findings: str


_LINE_ENDS = re.compile(r'\r\n?|[\f\v\x85\u2028\u2029]')
_BLANKS = re.compile(r'[\t\xa0\u2000-\u200b\u202f\u3000\x00-\x08\x0e-\x1f]')
_RULE = re.compile(r'^[ ]*(?:_{8,}|-{4,}|={4,}|\*{4,})[ ]*$', re.M)
_FINAL = re.compile(r'^[ ]*FINAL REPORT[ .:]*$', re.M)
# No two runs of blanks may meet in a pattern: a report of blanks alone would take the square of its length in time.
_WITH_COLON = re.compile(
    r'^[ ]*(?:[*#]{1,3}[ ]*)?([^\W\d_](?:[^\n:.;]|(?<=\b[A-Z])\.){0,79}?)[*]{0,2}[ ]*:[*]{0,2}', re.M)
# In capitals before a sentence, or a line of its own: "FINDINGS - The lungs", "IMPRESSION No effusion", "IMPRESSION"
_WITHOUT_COLON = re.compile(
    r'^[ ]*(?:#{1,3}[ ]+)?(?:([A-ZÀ-Þ\u0300-\u036f]{5,12})(?:[ ]*[.;\-\u2013]+[ ]*(?=[A-Z0-9_])|[ ]+(?=[A-Z][a-z]))'
    r'|([A-Za-zÀ-ÿ][A-Za-zÀ-ÿ\u0300-\u036f/& ]{3,39}?[A-Za-zÀ-ÿ\u0300-\u036f])[ .;\-]*$)', re.M)
_WITHIN_LINE = re.compile(
    r'(?<=\s)((?:FINDINGS?(?:[ ]*(?:AND|/|&)[ ]*IMPRESSION)?|IMPRESSION|CONCLUSIONS?|HALLAZGOS|'
    r'IMPRESI[OÓ]N|CONCLUSI[OÓ]N|ACHADOS|IMPRESSÃO|BEFUND|BEURTEILUNG|COMPARISONS?|TECHNIQUE|INDICATION|'
    r'(?:CLINICAL )?HISTORY|RECOMMENDATIONS?(?:\(S\))?|NOTIFICATION|EXAMINATION|ADDENDUM|WET READ)'
    r'|(?<=[.]\s)(?:Findings|Impression|Conclusion|Hallazgos|Impresi[oó]n|Conclusi[oó]n))[ ]*:')
_ADDENDUM = re.compile(r'^[ ]*((?:FINAL )?(?:ADDENDUM|ADDENDA|Addendum)\b[^\n:]{0,79}:?)', re.M)
_RULE_MARK = '\x1e'
_PARAGRAPH = re.compile(r'\n[ ]*\n\s*')
_OF_THE_IMAGES = re.compile(r'techni|compar|exam|study', re.I)


class _Part(NamedTuple):
    """Text under a heading; ``kind`` is ``None`` and ``name`` is '' where there is none."""
    kind: Heading | None
    name: str
    text: str

    def paragraphs(self) -> list[str]:
        return [stripped for paragraph in _PARAGRAPH.split(self.text) if (stripped := paragraph.strip())]


def find_sections(text: str, whole: bool = False) -> ReportSections:
    """Find what a report says of the image, whatever its headings look like.

    Headings stand in capitals and with a colon as a rule; also read are headings without a colon, in other case, on a
    line of their own, in the middle of a line, and with typing errors. Text under a heading that names the view
    (``CHEST, TWO VIEWS:``) or a comment counts as findings if there are no others; so do the paragraphs before an
    impression that have no heading of their own; without any heading, those of the report; and what stands in one
    paragraph with the technique, if there is nothing else. Preliminary readings, addenda and letters are left out, and
    paragraphs that only say who was told or who signed; of paragraphs without a heading also the sentences that do, or
    that tell how the images were taken (docs/report_sections.md).

    Of several parts under ``FINAL REPORT`` it is the last one that says something and is no addendum.

    Args:
        text: The whole report.
        whole: Whether, without any heading, all of it counts as findings, and not the last paragraph alone.

    Returns:
        The sections, both '' if there is none.
    """
    text = _BLANKS.sub(' ', _LINE_ENDS.sub('\n', text.removeprefix('\ufeff')))
    text = _RULE.sub(f'\n{_RULE_MARK}\n', text)
    begins = [final.end() for final in _FINAL.finditer(text)]
    if not begins or not any(letter.isalpha() for letter in text[begins[-1]:]):
        begins = [0]
    reports = [text[begin:end] for begin, end in zip(begins, [*begins[1:], len(text)], strict=True)]
    if whole and not any(kind for kind, *_ in _headings(reports[-1])):
        return ReportSections('', reports[-1].replace(_RULE_MARK, '').strip())
    for addenda_end in (False, True):  # at a heading: some stand before the report, without a rule between
        for report in reversed(reports):
            if any(sections := _sections(list(_parts(report, addenda_end)))):
                return sections
    return ReportSections('', '')


def _sections(parts: list[_Part]) -> ReportSections:
    findings, impression = (
        _joined(dict.fromkeys(_without_notes(part) for part in parts if part.kind is kind))  # one stands there twice
        for kind in (Heading.FINDINGS, Heading.IMPRESSION))
    if not findings:
        findings = _joined(paragraph for part in parts if part.kind is Heading.VIEW for paragraph in _seen(part))
    if not findings:
        first = next((place for place, part in enumerate(parts) if part.kind is Heading.IMPRESSION), len(parts))
        findings = _without_heading(parts[:first] if impression else parts)
    return ReportSections(impression, findings)


def _parts(text: str, addenda_end: bool) -> Iterator[_Part]:
    """The text cut at its headings.

    Args:
        text: A report.
        addenda_end: Whether a heading ends an addendum; else only a rule does.
    """
    kind, name, start = None, '', 0
    for next_kind, next_name, begin, end in _headings(text):
        if next_kind is Heading.VIEW and kind in (Heading.FINDINGS, Heading.IMPRESSION):
            continue  # "AP chest:" within the impression
        if next_kind is None and not stands_apart(name):
            continue  # a rule within a section
        if next_kind and not addenda_end and 'addend' in name.lower():
            continue
        yield _Part(kind, name, text[start:begin].replace(_RULE_MARK, ''))
        kind, name, start = next_kind, next_name, end
    yield _Part(kind, name, text[start:].replace(_RULE_MARK, ''))


def _headings(text: str) -> list[tuple[Heading | None, str, int, int]]:
    """Kind, name, beginning and end of each heading, in order; a rule is one without a kind."""
    found: dict[int, tuple[Heading | None, str, int]] = {}
    for match in _WITH_COLON.finditer(text):
        kind = classify_heading(match.group(1).strip())
        if kind and _can_begin(text, match.start(1)):
            found[match.start()] = kind, match.group(1), match.end()
    for match in _WITHIN_LINE.finditer(text):
        kind = classify_heading(match.group(1))
        if kind:
            found.setdefault(match.start(1), (kind, match.group(1), match.end()))
    for match in _WITHOUT_COLON.finditer(text):
        group = 1 if match.group(1) else 2
        kind = classify_heading(match.group(group), alone=True)
        if ((kind in (Heading.FINDINGS, Heading.IMPRESSION) or (kind is Heading.OTHER and match.group(group).isupper()))
                and _can_begin(text, match.start(group))):
            found.setdefault(match.start(), (kind, match.group(group), match.end()))
    for match in _ADDENDUM.finditer(text):
        found.setdefault(match.start(), (Heading.OTHER, 'ADDENDUM', match.end()))
    for place in (place for place, letter in enumerate(text) if letter == _RULE_MARK):
        found[place] = None, '', place + 1
    headings: list[tuple[Heading | None, str, int, int]] = []
    for begin in sorted(found):
        kind, name, end = found[begin]
        if not headings or begin >= headings[-1][3]:
            headings.append((kind, name, begin, end))
    return headings


def _can_begin(text: str, start: int) -> bool:
    """Not if a sentence was wrapped before its last word: "no acute bony", and "findings." on the next line."""
    line = text.rfind('\n', 0, start)
    before = text[text.rfind('\n', 0, max(line, 0)) + 1:max(line, 0)].strip()
    return not text[start].islower() or not before or before[-1] in '.:'


def _joined(texts: Iterable[str]) -> str:
    return '\n\n'.join(stripped for text in texts if (stripped := text.strip()))


def _without_notes(part: _Part) -> str:
    return _joined(paragraph for paragraph in part.paragraphs() if not is_note(paragraph))


def _seen(part: _Part) -> list[str]:
    """The paragraphs under the name of a view that say something, unless the first is but another name."""
    paragraphs = part.paragraphs()
    return [] if not paragraphs or is_title(paragraphs[0]) else list(filter(without_remarks, paragraphs))


def _without_heading(parts: list[_Part]) -> str:
    """The paragraphs that stand under no heading and tell what is seen: that right after one is the heading's own.

    If none does, the last that says anything; or what else stands where the technique is told.
    """
    own = [part for part in parts if not stands_apart(part.name)]
    free = [paragraph for part in own for paragraph in part.paragraphs()[0 if part.kind is None else 1:]]
    said = [kept for paragraph in free if not is_title(paragraph) and (kept := without_remarks(paragraph))]
    if not said:
        said = [kept for part in own if _OF_THE_IMAGES.search(part.name) for paragraph in part.paragraphs()[:1]
                if has_finding(kept := without_remarks(paragraph))]
    return _joined([paragraph for paragraph in said if has_finding(paragraph)] or said[-1:])
