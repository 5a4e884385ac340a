"""Where the parts of MIMIC-CXR(-JPG) lie, and what is missing, before any work is done."""
import json
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .csv_tables import one_table
from .layout_error import LayoutError

_JPG_PAGE = 'physionet.org/content/mimic-cxr-jpg'
_REPORT_PAGE = 'physionet.org/content/mimic-cxr'
_REPORT_FOLDERS = ('mimic-cxr-reports', 'reports', 'mimic-cxr', '')
_PATIENTS = 64  # in whose folders reports are looked for; all 65,379 take minutes on a network drive
_VERSION = re.compile(r'mimic-cxr-(\d+\.\d+\.\d+)-')
_SUFFIXES = ('.jpg', '.png', '.dcm')


@dataclass(frozen=True)
class MimicLayout:
    """Files and folders of MIMIC-CXR.

    Attributes:
        image_root: Folder with ``files/p10/p10000032/s50414267/<dicom_id>.jpg``.
        report_root: Folder with ``files/p10/p10000032/s50414267.txt``.
        metadata: Table with dicom_id, subject_id, study_id and ViewPosition.
        split: Table with study_id and split, or ``None``.
        labels: Table with study_id and a column for each finding, or ``None``.
    """
    image_root: Path
    report_root: Path
    metadata: Path
    split: Path | None = None
    labels: Path | None = None

    def report(self, subject_id: str, study_id: str) -> Path:
        """File of a study's report; the ids with their letters."""
        return self.report_root / 'files' / subject_id[:3] / subject_id / f'{study_id}.txt'


def find_mimic_layout(root: Path, image_root: Path | None = None, report_root: Path | None = None,
                      metadata: Path | None = None, split: Path | None = None, labels: Path | None = None,
                      check_images: bool = True) -> MimicLayout:
    """Find the parts of MIMIC-CXR below a folder.

    Args:
        root: Where everything is looked for that is not given: ``files/``, ``mimic-cxr-*-metadata.csv(.gz)``,
            ``...-split.csv(.gz)``, ``...-chexpert.csv(.gz)``, and the reports in ``files/`` or in
            ``mimic-cxr-reports/files/``.
        image_root: See :class:`MimicLayout`.
        report_root: See :class:`MimicLayout`.
        metadata: See :class:`MimicLayout`.
        split: See :class:`MimicLayout`.
        labels: See :class:`MimicLayout`.
        check_images: Whether the folder of the images must be there.

    Raises:
        LayoutError: If something is missing that is needed, or was given.
    """
    problems = []
    for name, given in dict(image_root=image_root, report_root=report_root, metadata=metadata, split=split,
                            labels=labels).items():
        if given is not None and not given.exists():
            problems.append(f'{name}: there is no {given}. Check the path')
    images = image_root or root
    if not root.is_dir():
        raise LayoutError([*problems, f'the folder {root} does not exist. Give the folder that holds files/ and the '
                                      'tables'])
    if check_images and images.is_dir() and not (images / 'files').is_dir():
        inner = next(iter(sorted(images.glob('*/files'))), None)
        hint = f'; there is one in {inner.parent}, give that' if inner else ''
        problems.append(f'images: {images} holds no folder files/ (with p10/p10000032/s50414267/*.jpg in it){hint}. '
                        f'They come from {_JPG_PAGE}')
    metadata = metadata or _table(root, 'metadata')
    if metadata is None:
        problems.append(f'metadata: {root} holds no mimic-cxr-*-metadata.csv or .csv.gz. It comes from {_JPG_PAGE}; '
                        'give it with --metadata if it lies elsewhere')
    reports = report_root or _report_root(root)
    if reports is None:
        archive = next(iter(sorted(root.glob('*reports*.zip'))), None)
        mend = f'unpack {archive}' if archive else f'mimic-cxr-reports.zip comes from {_REPORT_PAGE}: unpack it there'
        problems.append(f'reports: there is no files/p10/p10000032/s50414267.txt or the like below {root}, nor below '
                        f'its mimic-cxr-reports/: {mend}, or give --report-root')
    if problems or metadata is None or reports is None:
        raise LayoutError(problems)
    return MimicLayout(images, reports, metadata, split or _table(root, 'split'), labels or _table(root, 'chexpert'))


def find_image_suffix(layout: MimicLayout, stems: list[str]) -> str:
    """Ending of the image files, from the first of them that is there.

    Args:
        layout: Where to look.
        stems: Paths of some images relative to the image root, without their ending.

    Raises:
        LayoutError: If none of them is there in any format.
    """
    for stem in stems:
        for suffix in _SUFFIXES:
            if (layout.image_root / f'{stem}{suffix}').is_file():
                return suffix
    raise LayoutError([f'images: none of {len(stems)} that {layout.metadata} names is there, such as '
                       f'{layout.image_root / stems[0]}{_SUFFIXES[0]}. Is --image-root the folder that holds files/, '
                       'and is the metadata of this data set?'])


def check_reports(layout: MimicLayout, reports: list[Path]) -> None:
    """Make sure that at least one of some reports is there.

    Raises:
        LayoutError: If none is.
    """
    if not any(report.is_file() for report in reports):
        raise LayoutError([f'reports: none of {len(reports)} that {layout.metadata} names is there, such as '
                           f'{reports[0]}. Is --report-root the folder that holds files/?'])


def is_said_to_be_synthetic(root: Path) -> bool:
    """Whether dataset.json beside the data says so, as the demo's does, or a README, in capitals."""
    try:
        if json.loads((root / 'dataset.json').read_text(encoding='utf-8'))['synthetic'] is True:
            return True
    except (OSError, ValueError, KeyError, TypeError):
        pass
    texts = (path.read_text(encoding='utf-8', errors='replace') for path in sorted(root.glob('README*'))
             if path.is_file())
    return any(re.search(r'\bSYNTHETIC\b', text) for text in texts)


def _table(root: Path, kind: str) -> Path | None:
    """The newest version by name, mimic-cxr-2.1.0-... before 2.0.0; other files of the kind must be the same table."""
    found = [*root.glob(f'*{kind}.csv'), *root.glob(f'*{kind}.csv.gz')]
    versions = {path: match.group(1) for path in found if (match := _VERSION.match(path.name))}
    newest = max(versions.values(), default='')
    return one_table([path for path in found if versions.get(path, newest) == newest],
                     '--labels' if kind == 'chexpert' else f'--{kind}')


def _report_root(root: Path) -> Path | None:
    for folder in _REPORT_FOLDERS:
        for group in (root / folder / 'files').glob('p[0-9]*'):
            if any(next(patient.glob('s*.txt'), None) for patient in islice(group.glob('p*'), _PATIENTS)):
                return root / folder
    return None
