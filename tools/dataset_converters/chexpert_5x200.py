"""The CheXpert 5x200 list, published or drawn by its rule, to an annotation file (docs/downstream_data.md).

    python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --list chexpert_5x200.json
    python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --protocol prior/1
    python tools/dataset_converters/chexpert_5x200.py data/CheXpert-v1.0-small --seeds 0 1 2

Writes ``<folder>/annotations/chexpert_5x200.json``, or ``chexpert_5x200_seed0.json`` for each seed. A published list is
compared with ``train.csv`` if that is there; lists are drawn from it.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.converters.downstream.chexpert_5x200 import convert_5x200
from prior_mm.converters.downstream.options import (
    Converted,
    add_list_options,
    chosen_lists,
    downstream_parser,
    run_downstream,
)
from prior_mm.converters.downstream.settings import DownstreamSettings

TASK = ('chexpert', 'zero_shot')


def main() -> int:
    parser = downstream_parser(__doc__)
    add_list_options(parser, *TASK, 'the published list, a JSON file', 'images')
    parser.add_argument('--train-csv', type=Path, help='.csv or .csv.gz (default: train.csv of root)')
    arguments: argparse.Namespace = parser.parse_args()
    chosen, per_class = chosen_lists(parser, arguments, *TASK)
    lists = {'chexpert_5x200' if name == 'published' else f'chexpert_5x200_{name}': source
             for name, source in chosen.items()}

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, compared = convert_5x200(settings, lists, console, arguments.train_csv, per_class,
                                        arguments.protocol)
        return tally, tuple(lists), [] if compared else ['There is no train.csv: the list was taken as it is.']

    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
