"""SIIM-ACR pneumothorax to class lists and masks (docs/downstream_data.md).

    python tools/dataset_converters/siim.py data/siim [--split-dir LISTS] [--positives-only]

The folder holds ``train-rle.csv`` and ``dicom-images-train/``, at any depth of which ``<ImageId>.dcm`` lie.
Writes ``<folder>/annotations/{classification,segmentation,splits}/`` and ``<folder>/masks/``.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console

from prior_mm.datasets.converters.downstream.options import (
    Converted,
    add_binary_options,
    downstream_parser,
    run_downstream,
)
from prior_mm.datasets.converters.downstream.settings import DownstreamSettings
from prior_mm.datasets.converters.downstream.siim import RunLengthOptions, convert_siim


def main() -> int:
    parser = downstream_parser(__doc__)
    add_binary_options(parser, 'run lengths')
    arguments: argparse.Namespace = parser.parse_args()
    options = RunLengthOptions(arguments.labels, arguments.patients, arguments.pixels, arguments.positives_only,
                               not arguments.no_masks)

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, splits = convert_siim(settings, options, console)
        return tally, splits.names, [splits.describe()]

    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
