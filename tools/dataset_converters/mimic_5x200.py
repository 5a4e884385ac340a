"""Studies of MIMIC-CXR with exactly one of five findings, for retrieval (docs/protocols.md, docs/data.md).

    python tools/dataset_converters/mimic_5x200.py data/mimic-cxr --protocol prior/1
    python tools/dataset_converters/mimic_5x200.py data/mimic-cxr --seeds 0 1 --per-class 50
    python tools/dataset_converters/mimic_5x200.py data/mimic-cxr --list mimic_5x200_ids.csv

Reads annotation files that mimic_cxr.py wrote, ``<folder>/annotations/test.json`` by default. Writes
``<folder>/annotations/mimic_5x200_seed<N>.json`` for each seed, or ``mimic_5x200.json`` for a published list, and the
ids to ``annotations/splits/``.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.converters.downstream.chexpert_labels import COMPETITION
from prior_mm.converters.downstream.options import add_list_options, chosen_lists
from prior_mm.converters.mimic_5x200 import Mimic5x200Options, convert_mimic_5x200

TASK = ('mimic_cxr', 'retrieval')


def parse_arguments() -> tuple[argparse.Namespace, dict[str, Path | int], int]:
    """The command line, the lists that it asks for, and studies a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of the data set')
    parser.add_argument('--ann-file', type=Path, action='append', metavar='FILE',
                        help='annotation file to draw from; may be repeated (default: annotations/test.json)')
    parser.add_argument('--out', type=Path, help='where annotations/ is written (default: root)')
    add_list_options(parser, *TASK, 'published ids: a table with study_id, or an id a line', 'studies')
    parser.add_argument('--classes', nargs='+', default=list(COMPETITION), metavar='NAME',
                        help='findings (default: the five of CheXpert 5x200)')
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument('--labels', type=Path, metavar='CSV',
                        help='mimic-cxr-*-chexpert.csv.gz, for annotation files without labels')
    labels.add_argument('--label-reports', action='store_true',
                        help='take the labels from the text of the reports (docs/report_labels.md): with annotation '
                             'files of any data set')
    parser.add_argument('--examples', type=int, default=0, metavar='N', help='name N studies left out for each reason')
    arguments = parser.parse_args()
    if arguments.protocol and arguments.classes != list(COMPETITION):
        parser.error('--classes: not allowed with --protocol, which says that itself')
    chosen, per_class = chosen_lists(parser, arguments, *TASK)
    lists = {'mimic_5x200' if name == 'published' else f'mimic_5x200_{name}': source for name, source in chosen.items()}
    return arguments, lists, per_class


def main() -> int:
    arguments, lists, per_class = parse_arguments()
    console, output = Console(), arguments.out or arguments.root
    files = arguments.ann_file or [arguments.root / 'annotations' / 'test.json']
    options = Mimic5x200Options(tuple(files), output, tuple(arguments.classes), per_class, arguments.labels,
                                arguments.protocol, arguments.label_reports)
    try:
        with console.status('reading the annotation files'):
            tally = convert_mimic_5x200(lists, options)
    except (ValueError, OSError) as error:
        print(f'{arguments.root}: {error}', file=sys.stderr)
        return 1
    tally.print(tuple(lists), console, arguments.examples)
    console.print(f'Written: {output}/annotations/mimic_5x200*.json', markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
