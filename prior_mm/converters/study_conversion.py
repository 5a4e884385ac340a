"""One study: report to sentences, images looked at or resized, and an entry of the annotation file made of it."""
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from prior_mm.datasets.errors import ImageError
from prior_mm.datasets.images import PixelRange
from prior_mm.datasets.reports import ReportSections, find_sections, has_medical_word, section_sentences

from .raw_study import Dropped, RawStudy
from .report_file import ForeignContent, read_report
from .resized_copies import resized_path, write_resized


@dataclass(frozen=True)
class ConversionOptions:
    """What is done with every study.

    Attributes:
        image_root: What the studies' image paths are relative to.
        min_sentences: Studies with fewer sentences are left out.
        short_side: Pixels of the resized copies' short side; ``None`` writes none.
        copies_root: Where the folder of the resized copies is written.
        check_images: Whether images are looked for; they are read only to be resized.
        pixel_range: How they are scaled as they are read, here for copies, or in training.
    """
    image_root: Path
    min_sentences: int = 4
    short_side: int | None = None
    copies_root: Path | None = None
    check_images: bool = True
    pixel_range: PixelRange | None = None


class Outcome(NamedTuple):
    """``entry`` for the annotation file, or the reason why there is none and what exactly was found.

    ``doubtful`` is ``None``, or names the report of a study that is kept although it holds no medical word.
    """
    entry: dict[str, Any] | None
    reason: Dropped | None = None
    detail: str = ''
    doubtful: str | None = None


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
            reason = Dropped.FOREIGN if isinstance(error, ForeignContent) else Dropped.UNREADABLE
            return Outcome(None, reason, f'{study.report}: {error}')
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
    # sentences may be in other words than reports use, or another text may have been saved as the report
    named = str(study.report) if isinstance(study.report, Path) else ''
    return Outcome(entry, detail='; '.join(faults), doubtful=None if any(map(has_medical_word, sentences)) else named)


def _usable_image(image: str, options: ConversionOptions) -> str:
    """The path for the entry."""
    source = options.image_root / image
    if options.short_side is not None and options.copies_root is not None:
        copy = resized_path(image, options.short_side, options.pixel_range)
        write_resized(source, options.copies_root / copy, options.short_side, options.pixel_range)
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
