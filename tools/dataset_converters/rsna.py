"""RSNA pneumonia (Kaggle, stage 2) to COCO files, class lists and masks (docs/downstream_data.md).

    python tools/dataset_converters/rsna.py data/rsna [--split-dir LISTS] [--positives-only]

The folder holds ``stage_2_train_labels.csv`` and ``stage_2_train_images/<patientId>.dcm``.
Writes ``<folder>/annotations/{classification,detection,segmentation,splits}/`` and ``<folder>/masks/``.
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
from prior_mm.datasets.converters.downstream.rsna import BoxOptions, convert_rsna
from prior_mm.datasets.converters.downstream.settings import DownstreamSettings


def main() -> int:
    parser = downstream_parser(__doc__)
    add_binary_options(parser, 'boxes')
    arguments: argparse.Namespace = parser.parse_args()
    options = BoxOptions(arguments.labels, arguments.patients, arguments.pixels, arguments.positives_only,
                         not arguments.no_masks)

    def convert(settings: DownstreamSettings, console: Console) -> Converted:
        tally, splits = convert_rsna(settings, options, console)
        return tally, splits.names, [splits.describe()]

    return run_downstream(arguments, convert)


if __name__ == '__main__':
    sys.exit(main())
