"""The text of a report's file; what a download or an export may have put in its place is told apart."""
import json
import re
from pathlib import Path

from prior_mm.files.text_files import WIDE

_LONGEST = 2**20  # bytes; the longest of MIMIC-CXR has some 6,000
_PRINTED = bytes(byte for byte in range(256) if byte >= 32 or byte in b'\t\n\r\f\v')
_SIGNATURES = {
    b'%PDF': 'a PDF document', b'%!PS': 'a PostScript document', b'{\\rtf': 'a Rich Text document',
    b'PK\x03\x04': 'a zip archive or an Office document', b'\xd0\xcf\x11\xe0': 'an Office document',
    b'\x1f\x8b': 'a gzip archive', b'\xff\xd8\xff': 'an image', b'\x89PNG': 'an image', b'GIF8': 'an image',
    b'version https://git-lfs': 'a pointer of Git LFS, not what it points to',
    b'MSH|': 'an HL7 message'}
_MARKUP = re.compile(r'<(?:!doctype|\?xml|html|head|body|title|meta|script|style|svg|error|response|rss|soap|div|'
                     r'table)\b|<!--|</(?:\w*error|\w*response)>|<a\s[^>]*href|'
                     r'\A\s*<(?!/?(?:br|p)\b)[a-z][^<>]*>', re.I)
_JSON = re.compile(r'\s*(?:\{\s*"|\[\s*[\[{"])')


class ForeignContent(ValueError):
    """A file of another kind where a report belongs; the message names the kind and the mend."""


def read_report(path: Path) -> str:
    """Text of a report: UTF-8 with or without a byte order mark, UTF-16 or UTF-32 with one, else Latin (Windows).

    Raises:
        OSError: If it cannot be opened.
        ForeignContent: If it holds a web page, JSON, a document or an image.
        ValueError: If it holds no text.
    """
    with path.open('rb') as file:
        content = file.read(_LONGEST + 1)
    for signature, kind in _SIGNATURES.items():
        if content.lstrip(b'\xef\xbb\xbf \t\r\n').startswith(signature):
            raise ForeignContent(f'it is {kind}, no report. Fetch the text again')
    if content[128:132] == b'DICM':
        raise ForeignContent('it is a DICOM file, no report. Fetch the text again')
    if len(content) > _LONGEST:
        raise ValueError('more than a million bytes are no report. Fetch it again')
    content = _narrow(content)
    if len(content.translate(None, _PRINTED)) > len(content) // 20:
        raise ValueError('it holds control characters and is no text, or none in UTF-8. Fetch it again')
    try:
        text = content.decode('utf-8').lstrip('\ufeff')
    except UnicodeDecodeError:
        text = content.decode('cp1252', errors='replace')
    if _MARKUP.search(text):
        raise ForeignContent('it is a web page or XML (an error or sign-in page of the server, perhaps), no report. '
                             'Fetch the text again')
    if _JSON.match(text) and _is_json(text):
        raise ForeignContent('it is JSON (an answer of the server, perhaps), no report. Fetch the text again')
    return text


def _narrow(content: bytes) -> bytes:
    """UTF-16 and UTF-32 with a byte order mark as UTF-8, anything else as it is."""
    for mark, encoding in WIDE.items():
        if content.startswith(mark):
            try:
                return content.decode(encoding).encode()
            except UnicodeError:
                raise ValueError(f'it begins as {encoding.upper()} text, and goes on otherwise, or is cut short. Fetch '
                                 'it again') from None
    return content


def _is_json(text: str) -> bool:
    """Whether it is JSON, to its end or cut short."""
    try:
        json.JSONDecoder().raw_decode(text.strip())
    except json.JSONDecodeError as error:
        return error.pos >= len(text.strip()) - 1 or 'Unterminated' in error.msg
    except RecursionError:
        return True
    return True
