"""The CheXpert 5x200 list, published or drawn by its rule, to an annotation file (docs/downstream_data.md).

    python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --list chexpert_5x200.json
    python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --seeds 0 1 2

Writes ``<folder>/annotations/chexpert_5x200.json``, or ``chexpert_5x200_seed0.json`` for each seed. A published list is
compared with ``train.csv`` if that is there; lists are drawn from it.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.datasets.converters.downstream.chexpert_5x200 import convert_5x200
from prior_mm.datasets.converters.downstream.options import Converted, downstream_parser, run_downstream
from prior_mm.datasets.converters.downstream.settings import DownstreamSettings


def main() -> int:
    parser = downstream_parser(__doc__, splits=False)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument('--list', type=Path, metavar='JSON', help='the published list')
    which.add_argument('--seeds', type=int, nargs='+', metavar='SEED', help='draw a list with each of these')
    parser.add_argument('--train-csv', type=Path, help='.csv or .csv.gz (default: train.csv of root)')
    parser.add_argument('--per-class', type=int, default=200, metavar='N', help='images a class (default: 200)')
    arguments: argparse.Namespace = parser.parse_args()
    if arguments.per_class < 1:
        parser.error('--per-class must be at least 1')
    lists: dict[str, Path | int] = {f'chexpert_5x200_seed{seed}': seed for seed in arguments.seeds or ()}
    if arguments.list:
        lists['chexpert_5x200'] = arguments.list

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, compared = convert_5x200(settings, lists, console, arguments.train_csv, arguments.per_class)
        return tally, tuple(lists), [] if compared else ['There is no train.csv: the list was taken as it is.']

    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
