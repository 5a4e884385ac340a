"""SIIM-ACR pneumothorax to class lists and masks (docs/downstream_data.md).

    python tools/dataset_converters/siim.py data/siim [--split-dir LISTS] [--positives-only]
    python tools/dataset_converters/siim.py data/siim --protocol prior/1 --protocol mgca/1

The folder holds ``train-rle.csv`` and ``dicom-images-train/``, at any depth of which ``<ImageId>.dcm`` lie.
Writes ``<folder>/annotations/{classification,segmentation,splits}/`` and ``<folder>/masks/``; with
--protocol, ``<folder>/annotations/<protocol>/<repeat>/...`` for each repeat (docs/protocols.md).
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.downstream.binary_command_line import run_binary
from prior_mm.converters.downstream.siim import DATASET, convert_siim, convert_siim_by_protocols

if __name__ == '__main__':
    sys.exit(run_binary(__doc__, DATASET, 'run lengths', convert_siim, convert_siim_by_protocols))
