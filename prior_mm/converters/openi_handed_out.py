"""Open-i as others hand it out: Kaggle's two tables, and the annotation.json of R2Gen."""
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from prior_mm.datasets.reports import ReportSections

from .csv_tables import TableError, read_rows
from .layout_error import LayoutError
from .raw_study import RawStudy
from .splits import drawn_split, ordered_splits, read_splits

REPORTS, PROJECTIONS, ANNOTATION = 'indiana_reports.csv', 'indiana_projections.csv', 'annotation.json'
_FOLDERS = ('', 'images', 'images/images_normalized', 'images_normalized', 'iu_xray/images', 'NLMCXR_png')
_PATH = re.compile(r'(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127}/){0,3}[A-Za-z0-9][A-Za-z0-9._-]{0,127}')
_SPLITS = {'val': 'validate'}  # what configs read
_PROBES = 64


@dataclass
class HandedOutStudies:
    """Studies of such a copy.

    Attributes:
        files: Tables that were read.
        found: The studies, in the order of the files.
    """
    files: tuple[Path, ...]
    found: list[RawStudy]

    def __len__(self) -> int:
        return len(self.found)

    def splits(self) -> list[str]:
        """Names of the splits."""
        return ordered_splits({study.split for study in self.found} - {''})

    def studies(self) -> Iterator[RawStudy]:
        """All studies, split by split."""
        for split in [*self.splits(), '']:
            yield from (study for study in self.found if study.split == split)


def read_handed_out(root: Path, image_root: Path, split: Path | None = None, seed: int = 0,
                    look_for_images: bool = True) -> HandedOutStudies | None:
    """Read such a copy, if the folder holds one.

    Args:
        root: Folder of the tables, or of annotation.json.
        image_root: What image paths count from.
        split: Table with study_id (CXR1 or 1) and split, for Kaggle's; R2Gen's has its own.
        seed: Of the split that is drawn for Kaggle's without a table.
        look_for_images: Whether some of the images must be there.

    Raises:
        LayoutError: If both copies are there, one of Kaggle's tables is missing, or of the first images none is there.
        TableError: If a file is damaged or lacks what is needed.
    """
    tables = (root / REPORTS, root / PROJECTIONS)
    copies = [path for path in (root / ANNOTATION, root / REPORTS) if path.is_file()]
    if len(copies) > 1:
        raise LayoutError([f'{copies[0]} and {copies[1]} are two copies of one data set, with other texts and splits. '
                           'Take one of them away'])
    if (root / ANNOTATION).is_file():
        files: tuple[Path, ...] = (root / ANNOTATION, )
        made = list(_of_r2gen(root / ANNOTATION))
    elif any(table.is_file() for table in tables):
        missing = [f'{table.name}: there is no {table}. It comes with the other one: fetch both' for table in tables
                   if not table.is_file()]
        if missing:
            raise LayoutError(missing)
        files = (*tables, *([split] if split else []))
        splits = read_splits(split, lambda line, text: _study_id(text)) if split else None
        made = list(_of_kaggle(*tables, lambda study, text: drawn_split(text, seed) if splits is None
                               else splits.get(study, '')))
    else:
        return None
    folder = _folder(image_root, [image for study in made[:_PROBES] for image in study.images], look_for_images)
    return HandedOutStudies(files, [RawStudy(
        study.study_id, study.subject_id, study.split, study.report,
        tuple(str(PurePosixPath(folder) / image) for image in study.images), study.views, fault=study.fault)
        for study in made])


def _of_kaggle(reports: Path, projections: Path, split: Callable[[str, str], str]) -> Iterator[RawStudy]:
    frontal: dict[str, list[str]] = {}
    for line, row in read_rows(projections, ('uid', 'filename', 'projection')):
        if row['projection'].lower() not in ('frontal', 'lateral'):
            raise TableError(f'{projections}, line {line}: the projection is neither Frontal nor Lateral. Fetch the '
                             'table again')
        if row['projection'].lower() == 'frontal':
            frontal.setdefault(_study_id(row['uid']), []).append(row['filename'])
    for _, row in read_rows(reports, ('uid', 'findings', 'impression')):
        study = _study_id(row['uid'])
        yield _raw(study, split(study, f'{row["impression"]} {row["findings"]}'),
                   ReportSections(row['impression'], row['findings']), frontal.get(study, []))


def _of_r2gen(path: Path) -> Iterator[RawStudy]:
    """Its findings alone are in the file; the first image of a study is the frontal one, as its files are numbered."""
    try:
        content = json.loads(path.read_bytes())
        for split, entries in content.items():
            for entry in entries:
                images = entry['image_path'][:1]
                yield _raw(str(entry['id']), _SPLITS.get(split, split), ReportSections('', entry['report']), images)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TableError(f'{path}: wanted is an object of train, val and test, each a list of studies with id, report '
                         f'and image_path ({type(error).__name__}: {error}). Is it the right file?') from None


def _raw(study: str, split: str, sections: ReportSections, images: list[str]) -> RawStudy:
    odd = next((image for image in images if not _PATH.fullmatch(image)), None)
    return RawStudy(study, study, split, sections, tuple(images), ('frontal', ) * len(images),
                    fault='' if odd is None else f'the image {odd!r} cannot be the path of a file')


def _study_id(text: str) -> str:
    return f'CXR{text.removesuffix(".0")}' if text[:1].isdigit() else text


def _folder(image_root: Path, images: list[str], must_be_there: bool) -> str:
    """The folder, from the image root, that has some of the images."""
    folder = next((folder for folder in _FOLDERS for image in images
                   if _PATH.fullmatch(image) and (image_root / folder / image).is_file()), None)
    if folder is None and must_be_there:
        raise LayoutError([f'images: none of {len(images)} that are named is in {image_root} or its images/, such as '
                           f'{images[0] if images else "none at all"}. Give --image-root, or --no-images'])
    return folder or ''
