"""One study: report to sentences, images looked at or resized, and an entry of the annotation file made of it."""
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.reports import ReportSections, find_sections, section_sentences

from .raw_study import Dropped, RawStudy
from .resized_copies import resized_path, write_resized

_LONGEST_REPORT = 2**20  # bytes; the longest of MIMIC-CXR has some 6,000
_PRINTED = bytes(byte for byte in range(256) if byte >= 32 or byte in b'\t\n\r\f\v')


@dataclass(frozen=True)
class ConversionOptions:
    """What is done with every study.

    Attributes:
        image_root: What the studies' image paths are relative to.
        min_sentences: Studies with fewer sentences are left out.
        short_side: Pixels of the resized copies' short side; ``None`` writes none.
        copies_root: Where the folder of the resized copies is written.
        check_images: Whether images are looked for; they are read only to be resized.
    """
    image_root: Path
    min_sentences: int = 4
    short_side: int | None = None
    copies_root: Path | None = None
    check_images: bool = True


class Outcome(NamedTuple):
    """``entry`` for the annotation file, or the reason why there is none and what exactly was found."""
    entry: dict[str, Any] | None
    reason: Dropped | None = None
    detail: str = ''


def convert_study(study: RawStudy, options: ConversionOptions) -> Outcome:
    """Make an entry (schema ``prior_mm.studies/1``) of a study, or say why not.

    Raises:
        OSError: If a resized copy cannot be written.
    """
    if not study.split:
        return Outcome(None, Dropped.NOT_IN_SPLIT)
    if study.fault:
        return Outcome(None, Dropped.UNREADABLE, study.fault)
    if not study.images:
        return Outcome(None, Dropped.NO_FRONTAL_VIEW)
    sections = study.report
    if sections is None:
        return Outcome(None, Dropped.NO_REPORT)
    if isinstance(sections, Path):
        try:
            sections = find_sections(read_report(sections))
        except FileNotFoundError:
            return Outcome(None, Dropped.NO_REPORT, f'there is no {study.report}')
        except OSError as error:
            return Outcome(None, Dropped.UNREADABLE, f'{study.report}: cannot be opened ({error.strerror or error}). '
                                                     'Check its rights')
        except ValueError as error:
            return Outcome(None, Dropped.UNREADABLE, f'{study.report}: {error}')
    if not any(sections):
        return Outcome(None, Dropped.NO_SECTION)
    sentences = section_sentences(ReportSections(*sections))
    if len(sentences) < options.min_sentences:
        return Outcome(None, Dropped.TOO_FEW_SENTENCES, f'{len(sentences)}')
    images, views, faults = [], [], []
    for image, view in zip(study.images, study.views, strict=True):
        try:
            images.append(_usable_image(image, options))
            views.append(view)
        except ImageError as error:
            faults.append(str(error))
    if not images:
        return Outcome(None, Dropped.UNREADABLE, '; '.join(faults))
    entry: dict[str, Any] = dict(study_id=study.study_id, subject_id=study.subject_id, images=images, views=views,
                                 sentences=sentences)
    if study.labels:
        entry['labels'] = study.labels
    return Outcome(entry, detail='; '.join(faults))


def read_report(path: Path) -> str:
    """Text of a report: UTF-8 with or without a byte order mark, else Latin (Windows).

    Raises:
        OSError: If it cannot be opened.
        ValueError: If it holds no text.
    """
    with path.open('rb') as file:
        content = file.read(_LONGEST_REPORT + 1)
    if len(content) > _LONGEST_REPORT:
        raise ValueError('more than a million bytes are no report. Fetch it again')
    if len(content.translate(None, _PRINTED)) > len(content) // 20:
        raise ValueError('it holds control characters and is no text, or none in UTF-8. Fetch it again')
    try:
        return content.decode('utf-8-sig')
    except UnicodeDecodeError:
        return content.decode('cp1252', errors='replace')


def _usable_image(image: str, options: ConversionOptions) -> str:
    """The path for the entry."""
    source = options.image_root / image
    if options.short_side is not None and options.copies_root is not None:
        copy = resized_path(image, options.short_side)
        write_resized(source, options.copies_root / copy, options.short_side)
        return copy
    if options.check_images:
        try:
            empty = not source.stat().st_size
        except OSError as error:
            raise ImageError(f'{source}: cannot be opened ({error.strerror or error}). Fetch it again, or check the '
                             'rights of the folders') from None
        if empty or not source.is_file():
            raise ImageError(f'{source}: the file is empty, or is no file. Fetch it again')
        if not os.access(source, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            raise ImageError(f'{source}: cannot be opened (Permission denied). Check the rights of the file')
    return image
