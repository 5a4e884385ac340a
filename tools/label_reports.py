"""CheXpert's 14 labels from the text of reports, offline (docs/report_labels.md).

    python tools/label_reports.py data/mimic-cxr/annotations/test.json --out data/mimic-cxr/annotations/labelled.json
    python tools/label_reports.py data/mimic-cxr/files --out data/mimic-cxr/mimic-cxr-own-chexpert.csv.gz
    python tools/label_reports.py data/mine/films.csv --report notes --out data/mine/labelled.csv

The source is an annotation file of studies, a folder of text files, or a table (its columns are guessed from common
names, and said). Written is the same with labels: 1.0 positive, 0.0 negative, -1.0 uncertain, nothing where a finding
is not mentioned. What could not be read stands in ``<out>_left_out.csv``.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rich.console import Console

from prior_mm.converters.report_labels.label import label_reports
from prior_mm.converters.report_labels.sources import ROLES
from prior_mm.converters.table.columns import OPTIONS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='annotation file (.json), folder of *.txt, or table')
    parser.add_argument('--out', type=Path, required=True, help='.csv, .csv.gz, or of an annotation file .json')
    columns = parser.add_argument_group('columns of a table (guessed from common names where not given)')
    for role in ROLES:
        columns.add_argument(f'--{role}', metavar='COLUMN', help=OPTIONS[role])
    arguments, console = parser.parse_args(), Console()
    try:
        found = label_reports(arguments.source, arguments.out, console, {role: getattr(arguments, role)
                                                                         for role in ROLES})
    except (ValueError, OSError, ImportError) as error:
        print(f'{arguments.source}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped. Nothing was written.', file=sys.stderr)
        return 130
    found.print(console)
    total = len(found.left_out) + len(found.labels)
    console.print(f'Written: {arguments.out}. Without labels: {len(found.left_out):,} of {total:,} reports.',
                  markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
