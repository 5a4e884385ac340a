"""CheXpert to multi-label annotation files (docs/downstream_data.md).

    python tools/dataset_converters/chexpert.py data/CheXpert-v1.0-small [--uncertain published|ignore|ones|zeros]
    python tools/dataset_converters/chexpert.py data/CheXpert-v1.0-small --protocol prior/1

The folder holds ``train.csv``, ``train/patient00001/study1/view1_frontal.jpg`` and, if you like, the same of ``valid``
and ``test`` (``test_labels.csv``); or the batches and folders that CheXpert is handed out in since 2022. Writes
``<folder>/annotations/{train,val,test}.json`` of train.csv, ``valid.json`` of valid.csv, and ``splits/``; with
--protocol, ``<folder>/annotations/<protocol>/<repeat>/classification/...`` for each repeat (docs/protocols.md).
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.converters.downstream.chexpert import (
    DATASET,
    ChexpertOptions,
    convert_chexpert,
    convert_chexpert_by_protocols,
)
from prior_mm.converters.downstream.chexpert_labels import (
    COMPETITION,
    FINDINGS,
    POLICIES,
    LabelPolicy,
    make_policy,
)
from prior_mm.converters.downstream.options import (
    Converted,
    check_protocols,
    downstream_parser,
    run_downstream,
    run_written,
)
from prior_mm.converters.downstream.settings import DownstreamSettings


def parse_arguments() -> tuple[argparse.Namespace, LabelPolicy]:
    """The command line, and the policy that it chooses."""
    parser = downstream_parser(__doc__, DATASET)
    parser.add_argument('--train-csv', type=Path, help='.csv or .csv.gz (default: train.csv of root)')
    parser.add_argument('--valid-csv', type=Path, help='.csv or .csv.gz (default: valid.csv of root, if there)')
    parser.add_argument('--test-csv', type=Path,
                        help='.csv or .csv.gz (default: test_labels.csv or test.csv of root, if there); it becomes the '
                             'split test, or official_test beside one of this name')
    parser.add_argument('--classes', nargs='+', default=list(COMPETITION), metavar='NAME',
                        help='findings, or "all" (default: the five of the competition)')
    parser.add_argument('--uncertain', choices=('published', *POLICIES), default='published',
                        help='what -1.0 becomes; published: 1 for Atelectasis, Edema and Pleural Effusion, 0 for '
                             'Cardiomegaly and Consolidation (default)')
    parser.add_argument('--uncertain-of', action='append', default=[], metavar='NAME=POLICY',
                        help='another policy for one class; may be given several times')
    parser.add_argument('--missing', choices=('zeros', 'ignore'), default='zeros',
                        help='what an empty cell becomes (default: zeros, as published)')
    parser.add_argument('--all-views', action='store_true', help='keep lateral views, too')
    arguments = parser.parse_args()
    check_protocols(parser, arguments, DATASET)
    classes = FINDINGS if arguments.classes == ['all'] else arguments.classes
    try:
        exceptions = dict(item.partition('=')[::2] for item in arguments.uncertain_of)
        return arguments, make_policy(classes, arguments.uncertain, exceptions, arguments.missing)
    except ValueError as error:
        parser.error(str(error))


def main() -> int:
    arguments, policy = parse_arguments()
    options = ChexpertOptions(arguments.train_csv, arguments.valid_csv, policy, not arguments.all_views,
                              arguments.test_csv)

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, splits, names = convert_chexpert(settings, options, console)
        return tally, names, [splits.describe()]

    if arguments.protocol:
        return run_written(arguments, lambda settings, console: convert_chexpert_by_protocols(
            settings, options, arguments.protocol, console))
    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
