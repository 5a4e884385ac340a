"""Findings and impression out of a report's free text (PRIOR, section 4.1: impression then findings)."""
import re
from collections.abc import Iterator
from typing import NamedTuple

from .headings import Heading, classify_heading, is_title


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
    r'^[ ]*(?:[*#]{1,3}[ ]*)?([A-Za-z](?:[^\n:.;]|(?<=\b[A-Z])\.){0,79}?)[*]{0,2}[ ]*:[*]{0,2}', re.M)
# In capitals before a sentence, or a line of its own: "FINDINGS - The lungs", "IMPRESSION No effusion", "IMPRESSION"
_WITHOUT_COLON = re.compile(
    r'^[ ]*(?:([A-Z]{5,12})(?:[ ]*[.;\-\u2013]+[ ]*(?=[A-Z0-9_])|[ ]+(?=[A-Z][a-z]))'
    r'|([A-Za-z][A-Za-z/& ]{3,39}?[A-Za-z])[ .;\-]*$)', re.M)
_WITHIN_LINE = re.compile(
    r'(?<=\s)((?:FINDINGS?(?:[ ]*(?:AND|/|&)[ ]*IMPRESSION)?|IMPRESSION|CONCLUSIONS?|COMPARISONS?|TECHNIQUE|INDICATION|'
    r'(?:CLINICAL )?HISTORY|RECOMMENDATIONS?(?:\(S\))?|NOTIFICATION|EXAMINATION|ADDENDUM|WET READ)'
    r'|(?<=[.]\s)(?:Findings|Impression|Conclusion))[ ]*:')
_PARAGRAPH = re.compile(r'\n[ ]*\n\s*')


def find_sections(text: str, whole: bool = False) -> ReportSections:
    """Find what a report says of the image, whatever its headings look like.

    Headings stand in capitals and with a colon as a rule; also read are headings without a colon, in other case, on a
    line of their own, in the middle of a line, and with typing errors. Text under a heading that names the view
    (``CHEST, TWO VIEWS:``) counts as findings if there is no other; so does the last paragraph before an impression
    that has no heading of its own; without any heading, the last paragraph of the report. Preliminary readings,
    addenda and letters are left out.

    Args:
        text: The whole report.
        whole: Whether, without any heading, all of it counts as findings, and not the last paragraph alone.

    Returns:
        The sections, both '' if there is none.
    """
    text = _BLANKS.sub(' ', _LINE_ENDS.sub('\n', text.removeprefix('\ufeff')))
    text = _RULE.sub('\n', text)
    finals = list(_FINAL.finditer(text))
    if finals and any(letter.isalpha() for letter in text[finals[-1].end():]):
        text = text[finals[-1].end():]
    if whole and not _headings(text):
        return ReportSections('', text.strip())

    parts: dict[Heading | None, list[str]] = {kind: [] for kind in [None, *Heading]}
    before_impression: list[tuple[Heading | None, str]] = []
    rest: list[tuple[Heading | None, str]] = []
    for kind, part in _parts(text):
        parts[kind].append(part)
        if kind is Heading.IMPRESSION and len(parts[kind]) == 1:
            before_impression = list(rest)
        rest.append((kind, part))
    findings, impression = _joined(parts[Heading.FINDINGS]), _joined(parts[Heading.IMPRESSION])
    if not findings:
        findings = _joined([part for part in parts[Heading.VIEW] if not is_title(_first_paragraph(part))])
    if not findings:
        findings = _last_paragraph(before_impression if impression else rest)
    return ReportSections(impression, findings)


def _parts(text: str) -> Iterator[tuple[Heading | None, str]]:
    """The text cut at its headings; what stands before the first has the kind ``None``."""
    kind, start = None, 0
    for next_kind, begin, end in _headings(text):
        if next_kind is Heading.VIEW and kind in (Heading.FINDINGS, Heading.IMPRESSION):
            continue  # "AP chest:" within the impression
        yield kind, text[start:begin]
        kind, start = next_kind, end
    yield kind, text[start:]


def _headings(text: str) -> list[tuple[Heading, int, int]]:
    """Kind, beginning and end of each heading, in order."""
    found: dict[int, tuple[Heading, int]] = {}
    for match in _WITH_COLON.finditer(text):
        kind = classify_heading(match.group(1).strip())
        if kind and _can_begin(text, match.start(1)):
            found[match.start()] = kind, match.end()
    for match in _WITHIN_LINE.finditer(text):
        kind = classify_heading(match.group(1))
        if kind:
            found.setdefault(match.start(1), (kind, match.end()))
    for match in _WITHOUT_COLON.finditer(text):
        group = 1 if match.group(1) else 2
        kind = classify_heading(match.group(group), alone=True)
        if ((kind in (Heading.FINDINGS, Heading.IMPRESSION) or (kind is Heading.OTHER and match.group(group).isupper()))
                and _can_begin(text, match.start(group))):
            found.setdefault(match.start(group), (kind, match.end()))
    headings: list[tuple[Heading, int, int]] = []
    for begin in sorted(found):
        kind, end = found[begin]
        if not headings or begin >= headings[-1][2]:
            headings.append((kind, begin, end))
    return headings


def _can_begin(text: str, start: int) -> bool:
    """Not if a sentence was wrapped before its last word: "no acute bony", and "findings." on the next line."""
    line = text.rfind('\n', 0, start)
    return not text[start].islower() or line < 0 or not text[text.rfind('\n', 0, line) + 1:line].strip()


def _joined(parts: list[str]) -> str:
    return '\n\n'.join(stripped for part in parts if (stripped := part.strip()))


def _first_paragraph(part: str) -> str:
    return _PARAGRAPH.split(part.strip(), maxsplit=1)[0]


def _last_paragraph(parts: list[tuple[Heading | None, str]]) -> str:
    """The last paragraph that stands under no heading: the one right after a heading is the heading's own."""
    for kind, part in reversed(parts):
        paragraphs = _PARAGRAPH.split(part.strip())
        for paragraph in reversed(paragraphs if kind is None else paragraphs[1:]):
            if not is_title(paragraph):
                return paragraph.strip()
    return ''
