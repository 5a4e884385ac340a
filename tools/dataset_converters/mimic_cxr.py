"""MIMIC-CXR(-JPG), or the demo data in its layout, to annotation files (docs/data.md).

    python tools/dataset_converters/mimic_cxr.py data/mimic-cxr [--resize 256]

The folder holds ``files/`` with images, the tables ``mimic-cxr-*-metadata.csv.gz``, ``-split.csv.gz`` and
``-chexpert.csv.gz`` (the latter two as you like), and the reports in ``files/`` or ``mimic-cxr-reports/files/``.
Writes ``<folder>/annotations/{train,validate,test}.json``. May be stopped: the same command goes on from there.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.datasets.converters.convert import DatasetSource, convert_dataset, print_summary
from prior_mm.datasets.converters.csv_tables import TableError
from prior_mm.datasets.converters.mimic_cxr import read_mimic_tables
from prior_mm.datasets.converters.mimic_layout import LayoutError, find_mimic_layout, is_said_to_be_synthetic
from prior_mm.datasets.converters.published_counts import compare_with_published
from prior_mm.datasets.converters.study_conversion import ConversionOptions


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('--image-root', type=Path, help='folder that holds files/ with the images (default: root)')
    parser.add_argument('--report-root', type=Path, help='folder that holds files/ with the reports (default: found)')
    parser.add_argument('--metadata', type=Path, help='metadata .csv or .csv.gz (default: found in root)')
    parser.add_argument('--split', type=Path, help='split .csv or .csv.gz (default: found; without, all is train)')
    parser.add_argument('--labels', type=Path, help='CheXpert labels .csv or .csv.gz (default: found, if there)')
    parser.add_argument('--out', type=Path, help='where annotations/ and resized copies are written (default: root)')
    parser.add_argument('--min-sentences', type=int, default=4, help='fewer: the study is dropped (default: 4)')
    parser.add_argument('--resize', type=int, metavar='PIXELS',
                        help='write copies of the images whose short side has so many pixels, 256 say; the '
                             'annotations then name the copies')
    parser.add_argument('--workers', type=int, help='processes (default: one for each core)')
    parser.add_argument('--examples', type=int, default=0, metavar='N', help='name N dropped studies for each reason')
    parser.add_argument('--fresh', action='store_true', help='use nothing that a stopped run left')
    parser.add_argument('--name', help='name of the data set (default: mimic-cxr, or demo if README says synthetic)')
    arguments = parser.parse_args()
    for name in ('min_sentences', 'resize', 'workers'):
        if getattr(arguments, name) is not None and getattr(arguments, name) < 1:
            parser.error(f'--{name.replace("_", "-")} must be at least 1')
    return arguments


def main() -> int:
    """Convert; the exit status is 0, 1 for faults of the data, 130 if it was stopped."""
    arguments, console = parse_arguments(), Console()
    try:
        layout = find_mimic_layout(arguments.root, arguments.image_root, arguments.report_root, arguments.metadata,
                                   arguments.split, arguments.labels)
        with console.status('reading the tables'):
            studies = read_mimic_tables(layout)
        synthetic = is_said_to_be_synthetic(arguments.root)
        source = DatasetSource(arguments.name or ('demo' if synthetic else 'mimic-cxr'), synthetic, studies.splits(),
                               len(studies), studies.studies,
                               tuple(path for path in (layout.metadata, layout.split, layout.labels) if path))
        output = arguments.out or arguments.root
        options = ConversionOptions(layout.image_root, arguments.min_sentences, arguments.resize, output)
        summary = convert_dataset(source, output, options, arguments.workers, arguments.fresh)
    except (LayoutError, TableError, ValueError, RuntimeError, OSError) as error:
        print(f'{arguments.root}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped. What is done is kept: the same command goes on from there.', file=sys.stderr)
        return 130
    print_summary(summary, source.splits, console, arguments.examples)
    if not synthetic:
        console.print(compare_with_published(studies, summary, arguments.min_sentences))
    if layout.split is None:
        console.print('No split file was found: all studies are in train.json.')
    console.print(f'Written: {output}/annotations. Images are named relative to '
                  f'{layout.image_root if arguments.resize is None else output} (data_root).', soft_wrap=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
