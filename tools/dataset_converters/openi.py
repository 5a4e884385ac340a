"""The Open-i (Indiana University) reports and images to annotation files (docs/data.md).

    python tools/dataset_converters/openi.py data/openi [--views nlmcxr_dicom_metadata.csv.gz] [--resize 256]

The folder holds the reports, ``ecgen-radiology/*.xml`` or ``NLMCXR_reports.tgz``, and the images
``CXR1_1_IM-0001-3001.png`` in the folder itself, ``NLMCXR_png/`` or ``images/``. Or it is a copy: Kaggle's, with
``indiana_reports.csv`` and ``indiana_projections.csv``, or R2Gen's, with ``annotation.json``.
Writes ``<folder>/annotations/{train,validate,test}.json``. May be stopped: the same command goes on from there.
"""
import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.command_line import conversion_parser, run_conversion
from prior_mm.converters.conversion_run import PartSummary
from prior_mm.converters.convert import DatasetSource
from prior_mm.converters.openi_handed_out import read_handed_out
from prior_mm.converters.openi_layout import find_openi_layout
from prior_mm.converters.openi_studies import read_openi_studies
from prior_mm.converters.splits import SHARES


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = conversion_parser(__doc__)
    parser.add_argument('--reports', type=Path, help='folder of *.xml files, or the archive (default: found in root)')
    parser.add_argument('--views', type=Path,
                        help='.csv or .csv.gz with imageid and View Position, such as nlmcxr_dicom_metadata.csv.gz of '
                             "the package torchxrayvision (without: each study's first image is taken for frontal)")
    parser.add_argument('--known-views-only', action='store_true',
                        help='leave out studies of which --views calls no image AP or PA')
    parser.add_argument('--split', type=Path,
                        help='.csv or .csv.gz with study_id (CXR1 or 1) and split (default: drawn by the report)')
    parser.add_argument('--seed', type=int, default=0, help='of the split that is drawn (default: 0)')
    arguments = parser.parse_args()
    if arguments.known_views_only and arguments.views is None:
        parser.error('--known-views-only needs --views')
    return arguments


def find_source(arguments: argparse.Namespace) -> DatasetSource:
    """Look whether everything is there, and read reports and tables."""
    images = arguments.image_root or arguments.root
    copy = None if arguments.reports else read_handed_out(arguments.root, images, arguments.split, arguments.seed,
                                                          look_for_images=not arguments.no_images)
    if copy is not None:
        return DatasetSource(
            name='open-i', synthetic=False, splits=copy.splits(), total=len(copy), studies=copy.studies,
            image_root=images, tables=copy.files,
            fingerprint=(*copy.files, arguments.seed), remarks=lambda summary: [
                f'This is a copy as others hand it out, by {copy.files[0].name}: its texts, views and splits are '
                'theirs (docs/data.md).'])
    layout = find_openi_layout(arguments.root, arguments.image_root, arguments.reports, arguments.views,
                               arguments.split, check_images=not arguments.no_images)
    studies = read_openi_studies(layout, arguments.seed, arguments.known_views_only,
                                 look_for_images=not arguments.no_images)

    def remarks(summary: PartSummary) -> Iterator[str]:
        if layout.views is None:
            yield 'No --views were given: the first image of each study was taken for frontal, which some are not.'
        if layout.split is None:
            shares = ', '.join(f'{name} {share:.0%}' for name, share in SHARES.items())
            yield f'Open-i has no split of its own: one was drawn by the reports, seed {arguments.seed} ({shares}).'

    return DatasetSource(
        name='open-i', synthetic=False, splits=studies.splits(), total=len(studies), studies=studies.studies,
        image_root=layout.image_root, remarks=remarks,
        tables=tuple(table for table in (layout.views, layout.split) if table),
        fingerprint=(layout, *(sorted(layout.reports.rglob('*.xml')) if layout.reports.is_dir() else [layout.reports]),
                     layout.views, layout.split, arguments.seed, arguments.known_views_only))


if __name__ == '__main__':
    sys.exit(run_conversion(parse_arguments(), find_source))
