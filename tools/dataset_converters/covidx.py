"""COVIDx to annotation files, by the lists of its versions (docs/downstream_data.md).

    python tools/dataset_converters/covidx.py data/covidx [--version COVIDx9B]

The folder holds ``train.txt``, ``test.txt`` (and ``val.txt``), or ``train_COVIDx9B.txt`` and the like, and the films in
``train/``, ``test/`` and ``val/``. Writes ``<out>/annotations/own/given/classification/``. Without a list of val, 15 %
of the training patients are drawn for it. Options of columns are set, see ``table.py``.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from prior_mm.converters.named.covidx import read_covidx
from prior_mm.converters.named.run import run_named
from prior_mm.converters.table.command_line import table_parser


def main() -> int:
    parser = table_parser(__doc__)
    parser.add_argument('--version', default='', help='of the lists, where several lie there')
    return run_named('covidx', parser, lambda given: read_covidx(given.root, given.version))


if __name__ == '__main__':
    sys.exit(main())
