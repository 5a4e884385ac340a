"""SIIM-ACR pneumothorax to class lists and masks (docs/downstream_data.md).

    python tools/dataset_converters/siim.py data/siim [--split-dir LISTS] [--positives-only]
    python tools/dataset_converters/siim.py data/siim --protocol prior/1 --protocol mgca/1

The folder holds ``train-rle.csv`` and ``dicom-images-train/``, at any depth of which ``<ImageId>.dcm`` lie.
Writes ``<folder>/annotations/{classification,segmentation,splits}/`` and ``<folder>/masks/``; with
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
from prior_mm.datasets.converters.downstream.settings import DownstreamSettings
from prior_mm.datasets.converters.downstream.siim import (
    DATASET,
    RunLengthOptions,
    convert_siim,
    convert_siim_by_protocols,
)


def main() -> int:
    parser = downstream_parser(__doc__, DATASET)
    add_binary_options(parser, 'run lengths')
    arguments: argparse.Namespace = parser.parse_args()
    check_protocols(parser, arguments, DATASET)
    options = RunLengthOptions(arguments.labels, arguments.patients, arguments.pixels, arguments.positives_only,
                               not arguments.no_masks)

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, splits = convert_siim(settings, options, console)
        return tally, splits.names, [splits.describe()]

    if arguments.protocol:
        return run_protocols(arguments, lambda settings, console: convert_siim_by_protocols(
            settings, options, arguments.protocol, console))
    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
