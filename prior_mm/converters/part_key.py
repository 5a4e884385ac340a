"""What a part of a conversion was made of: one is used again only while all of it is as it was."""
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from prior_mm.datasets import images, reports

from . import raw_study
from .raw_study import RawStudy
from .study_conversion import ConversionOptions


def code_of_parts() -> list[str]:
    """What decides which sentences a report gives, and which pixels a copy: the libraries' versions and our code."""
    folders = (Path(module.__file__ or '').parent for module in (reports, images, raw_study))
    sources = sorted(path for folder in folders for path in folder.glob('*.py'))
    return [reports.SENTENCE_SPLITTER, *(hashlib.sha256(source.read_bytes()).hexdigest() for source in sources)]


def key_of_inputs(studies: Iterable[RawStudy], options: ConversionOptions) -> str:
    """A hash of what the studies say, and of size and time of the reports and images that are looked at."""
    said = [[repr(study), *map(_state, _files(study, options))] for study in studies]
    return hashlib.sha256(json.dumps(said).encode(errors='surrogateescape')).hexdigest()


def _files(study: RawStudy, options: ConversionOptions) -> Iterator[Path]:
    if isinstance(study.report, Path):
        yield study.report
    if options.check_images:
        yield from (options.image_root / image for image in study.images)


def _state(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]
