"""RSNA pneumonia (Kaggle, stage 2) to COCO files, class lists and masks (docs/downstream_data.md).

    python tools/dataset_converters/rsna.py data/rsna [--split-dir LISTS] [--positives-only]
    python tools/dataset_converters/rsna.py data/rsna --protocol prior/1 --protocol mgca/1

The folder holds ``stage_2_train_labels.csv`` and ``stage_2_train_images/<patientId>.dcm``.
Writes ``<folder>/annotations/{classification,detection,segmentation,splits}/`` and ``<folder>/masks/``; with
--protocol, ``<folder>/annotations/<protocol>/<repeat>/...`` for each repeat (docs/protocols.md).
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.downstream.binary_command_line import run_binary
from prior_mm.converters.downstream.rsna import DATASET, convert_rsna, convert_rsna_by_protocols

if __name__ == '__main__':
    sys.exit(run_binary(__doc__, DATASET, 'boxes', convert_rsna, convert_rsna_by_protocols))
