"""VinDr-CXR to annotation files: 14 findings and their boxes (docs/downstream_data.md).

    python tools/dataset_converters/vindr.py data/vindr-cxr [--agree 2]

The folder holds PhysioNet's ``annotations/annotations_{train,test}.csv`` and ``image_labels_{train,test}.csv`` with
``train/*.dicom`` and ``test/*.dicom``, or Kaggle's ``train.csv`` and its films. Writes
``<out>/annotations/own/given/{classification,detection}/``, of Kaggle's ``own/seed0/``. Options of columns are set, see
``table.py``.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.named.run import run_named
from prior_mm.converters.named.vindr import read_vindr
from prior_mm.converters.table.command_line import table_parser


def main() -> int:
    parser = table_parser(__doc__)
    parser.add_argument('--agree', type=int, choices=(1, 2, 3), default=2, metavar='N',
                        help='a finding or box counts if so many of the three radiologists marked it (default: 2)')
    return run_named('vindr', parser, lambda given: read_vindr(given.root, given.agree))


if __name__ == '__main__':
    sys.exit(main())
