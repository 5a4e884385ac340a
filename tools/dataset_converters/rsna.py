"""RSNA pneumonia (Kaggle, stage 2) to COCO files, class lists and masks (docs/downstream_data.md).

    python tools/dataset_converters/rsna.py data/rsna [--split-dir LISTS] [--positives-only]
    python tools/dataset_converters/rsna.py data/rsna --protocol prior/1 --protocol mgca/1

The folder holds ``stage_2_train_labels.csv`` and ``stage_2_train_images/<patientId>.dcm``.
Writes ``<folder>/annotations/{classification,detection,segmentation,splits}/`` and ``<folder>/masks/``; with
--protocol, ``<folder>/annotations/<protocol>/<repeat>/...`` for each repeat (docs/protocols.md).
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.datasets.converters.downstream.options import (
    Converted,
    add_binary_options,
    check_protocols,
    downstream_parser,
    run_downstream,
    run_protocols,
)
from prior_mm.datasets.converters.downstream.rsna import DATASET, BoxOptions, convert_rsna, convert_rsna_by_protocols
from prior_mm.datasets.converters.downstream.settings import DownstreamSettings


def main() -> int:
    parser = downstream_parser(__doc__, DATASET)
    add_binary_options(parser, 'boxes')
    arguments: argparse.Namespace = parser.parse_args()
    check_protocols(parser, arguments, DATASET)
    options = BoxOptions(arguments.labels, arguments.patients, arguments.pixels, arguments.positives_only,
                         not arguments.no_masks)

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, splits = convert_rsna(settings, options, console)
        return tally, splits.names, [splits.describe()]

    if arguments.protocol:
        return run_protocols(arguments, lambda settings, console: convert_rsna_by_protocols(
            settings, options, arguments.protocol, console))
    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
