"""MIMIC-CXR(-JPG), or the demo data in its layout, to annotation files (docs/data.md).

    python tools/dataset_converters/mimic_cxr.py data/mimic-cxr [--resize 256]

The folder holds ``files/`` with images, the tables ``mimic-cxr-*-metadata.csv.gz``, ``-split.csv.gz`` and
``-chexpert.csv.gz`` (the latter two as you like), and the reports in ``files/`` or ``mimic-cxr-reports/files/``.
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
from prior_mm.converters.mimic_cxr import read_mimic_tables
from prior_mm.converters.mimic_layout import find_mimic_layout, is_said_to_be_synthetic
from prior_mm.converters.published_counts import compare_with_published
from prior_mm.converters.raw_study import Dropped


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = conversion_parser(__doc__)
    parser.add_argument('--report-root', type=Path, help='folder that holds files/ with the reports (default: found)')
    parser.add_argument('--metadata', type=Path, help='metadata .csv or .csv.gz (default: found in root)')
    parser.add_argument('--split', type=Path, help='split .csv or .csv.gz (default: found; without, all is train)')
    parser.add_argument('--labels', type=Path, help='CheXpert labels .csv or .csv.gz (default: found, if there)')
    parser.add_argument('--name', help='name of the data set (default: mimic-cxr, or demo if it says synthetic)')
    return parser.parse_args()


def find_source(arguments: argparse.Namespace) -> DatasetSource:
    """Look whether everything is there, and read the tables."""
    layout = find_mimic_layout(arguments.root, arguments.image_root, arguments.report_root, arguments.metadata,
                               arguments.split, arguments.labels, check_images=not arguments.no_images)
    studies = read_mimic_tables(layout, check_images=not arguments.no_images)
    synthetic = is_said_to_be_synthetic(arguments.root)

    def remarks(summary: PartSummary) -> Iterator[str]:
        if not synthetic:
            yield compare_with_published(studies, summary, arguments.min_sentences)
        gone = summary.by_reason()[Dropped.NO_REPORT.value] + summary.by_reason()[Dropped.UNREADABLE.value]
        if gone:
            yield (f'The data are not complete: {gone:,} of {len(studies):,} studies that {layout.metadata.name} lists '
                   'lack their report or all of their images, or these cannot be read. The others were converted.')
        if layout.split is None:
            yield 'No split file was found: all studies are in train.json.'

    return DatasetSource(
        name=arguments.name or ('demo' if synthetic else 'mimic-cxr'), synthetic=synthetic, splits=studies.splits(),
        total=len(studies), studies=studies.studies, image_root=layout.image_root,
        fingerprint=(layout.metadata, layout.split, layout.labels, layout.report_root, studies.suffix),
        remarks=remarks, tables=tuple(table for table in (layout.metadata, layout.split, layout.labels) if table))


if __name__ == '__main__':
    sys.exit(run_conversion(parse_arguments(), find_source))
